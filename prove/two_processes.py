"""Starts a second bot on the database of a running one, which must end and say why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from bot.demo.stage import open_stage
from bot.setup_errors import TEMPORARY
from prove.processes.bots import WatchedBot, observable, running_bot
from prove.runner import Figure, Scale

RUNS: Final = 20
RACES: Final = 10
WITHIN: Final = 2.0
"""Seconds from its start that the second one has."""


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that the second one ends in time, names the first one, and leaves it alone."""
    runs, took, said = scale.of(RUNS, 1), [], 0
    async with open_stage("en-US") as stage, running_bot(stage) as first:
        for _ in range(runs):
            began = time.perf_counter()
            async with WatchedBot(observable(stage), stage.folder) as second:
                code = await second.ended()
            took.append(time.perf_counter() - began)
            said += code == TEMPORARY and any(str(first.pid) in line for line in second.lines)
        code = await first.stop()
    yield Figure(
        "a second process on the same database ends and says why",
        f"{runs} runs, the slowest ended after {max(took):.1f} s (at most {WITHIN:.0f}), {said} named the"
        f" process that runs; that one's exit code was {code} when it was stopped",
        holds=max(took) <= WITHIN and said == runs and code == 0,
    )
    races = scale.of(RACES, 1)
    alone = sum([await _race() for _ in range(races)])
    yield Figure(
        "of two processes that start at the same moment one runs", f"{alone} of {races}", holds=alone == races
    )


async def _race() -> bool:
    """Start two at the same moment; return whether one of them ended by itself, and the other one runs."""
    async with open_stage("en-US") as stage:
        environment = observable(stage)
        async with (
            WatchedBot(environment, stage.folder) as one,
            WatchedBot(environment, stage.folder) as other,
        ):
            ends = [asyncio.create_task(each.ended()) for each in (one, other)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await stage.discord.bot_ready()
            is_alone = one.is_running != other.is_running
        await asyncio.gather(*ends)
        return is_alone
