"""Kills the bot at random moments while it hands a token over; the next start must account for it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from typing import Final

from bot.demo.stage import Stage, open_stage
from bot.providers.base.simulator import Slow
from bot.providers.sensay.simulator import SensaySimulator
from prove.processes.bots import connect, english, running_bot
from prove.runner import Figure, Scale
from tests.support.demo_steps import fill_in, simulator

KILLS: Final = 20
WITHIN: Final = 3.0
"""Seconds after the member's confirmation within which the process is killed."""
SLOW: Final = 0.6
"""Seconds that the provider takes for each of the requests of a handover."""
ENDED_WITHIN: Final = 15.0


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that each handover that may have reached the provider is in the log, and gets an end there."""
    kills = scale.of(KILLS, 2)
    sent = logged = ended = unknown = 0
    for number in range(kills):
        delay = random.Random(number).uniform(number, number + 1) / kills * WITHIN
        reached, results = await _kill(delay)
        sent += reached
        logged += "begun" in results
        ended += "begun" in results and len(results) > 1
        unknown += "unknown" in results
    yield Figure(
        "a handover leaves a trace",
        f"{kills} kills within {WITHIN} s of the confirmation: {logged} had an entry, {ended} of these an"
        f" end, {unknown} as unknown; the provider had taken {sent} tokens",
        holds=logged == ended and logged >= sent and unknown > 0,
    )


async def _kill(delay: float) -> tuple[bool, Sequence[str]]:
    """Kill the bot so many seconds after the confirmation, and start it again; return whether the provider
    had taken the token, and the results in the log.
    """
    async with open_stage("en-US") as stage:
        sensay = simulator(stage, SensaySimulator)
        async with running_bot(stage) as bot:
            await connect(stage, sensay)
            form = {"discord_token": sensay.discord_token}
            question = await fill_in(stage, "sensay connect", form, replica=sensay.UNCONNECTED)
            sensay.fail(Slow(SLOW), times=None)
            confirming = asyncio.create_task(stage.world.mira.click(question, label=english("token.yes")))
            await asyncio.sleep(delay)
            bot.kill()
            await bot.ended()
            await asyncio.gather(confirming, return_exceptions=True)
        sensay.heal()
        reached = bool(sensay.creations)
        async with running_bot(stage), asyncio.timeout(ENDED_WITHIN):
            while (results := _results(stage)) == ["begun"]:
                await asyncio.sleep(0.05)
    return reached, results


def _results(stage: Stage) -> list[str]:
    with closing(sqlite3.connect(stage.database)) as database:
        query = "SELECT result FROM audit WHERE action = 'sensay.connect' ORDER BY number"
        return [result for (result,) in database.execute(query)]
