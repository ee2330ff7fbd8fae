"""Stops the bot with SIGTERM while members wait for its answers."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from simcord import InteractionResult

from bot.demo.stage import Stage, open_stage
from bot.providers.base.simulator import Slow
from bot.providers.toolzz.simulator import ToolzzSimulator
from prove.processes.bots import AGENT, ask_status, connect, running_bot
from prove.runner import Figure, Scale
from tests.support.demo_steps import simulator, text

RUNS: Final = 100
IN_FLIGHT: Final = 3
"""Commands that wait for the provider when the signal comes."""
SLOW: Final = (0.1, 0.8)
"""Seconds that the provider takes."""
SILENT: Final = 3600.0
"""Seconds that it takes in one of ``OF`` runs, which is longer than the bot waits."""
OF: Final = 20
WITHIN: Final = 10.0
"""Seconds that the bot has to end."""


@dataclass(slots=True)
class Outcome:
    """What became of the commands and the processes. told: answered that there was no answer in time."""

    took: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    answered: int = 0
    told: int = 0
    unanswered: int = 0
    left: int = 0


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that the bot ends in time, that nobody waits for an answer, and that no process stays."""
    runs, outcome = scale.of(RUNS, 2), Outcome()
    async with open_stage("en-US") as stage:
        for number in range(runs):
            chance = random.Random(number)
            await _stop(stage, chance, outcome, is_silent=number % OF == OF - 1, is_first=number == 0)
    yield Figure(
        "SIGTERM finishes what runs",
        f"{runs} runs with {IN_FLIGHT} commands each: {outcome.answered} answered, {outcome.told} told that"
        f" the provider was silent, {outcome.unanswered} left without an answer; the slowest ended after"
        f" {max(outcome.took):.1f} s (at most {WITHIN:.0f}), {outcome.codes.count(0)} with exit code 0,"
        f" {outcome.left} processes left",
        holds=not (outcome.unanswered or outcome.left or any(outcome.codes))
        and max(outcome.took) <= WITHIN
        and outcome.told == IN_FLIGHT * (runs // OF),
    )


async def _stop(
    stage: Stage, chance: random.Random, outcome: Outcome, *, is_silent: bool, is_first: bool
) -> None:
    toolzz = simulator(stage, ToolzzSimulator)
    async with running_bot(stage) as bot:
        if is_first:
            await connect(stage)
        for _ in range(IN_FLIGHT):
            toolzz.fail(Slow(SILENT if is_silent else chance.uniform(*SLOW)), path=toolzz.CONNECTED)
        asked = [await ask_status(stage) for _ in range(IN_FLIGHT)]
        began = time.perf_counter()
        outcome.codes.append(await bot.stop())
        outcome.took.append(time.perf_counter() - began)
        outcome.left += len(bot.session())
        toolzz.heal()
        for each in asked:
            answer = await _answer(stage, each)
            outcome.answered += AGENT in answer
            outcome.told += bool(answer) and AGENT not in answer
            outcome.unanswered += not answer


async def _answer(stage: Stage, asked: InteractionResult) -> str:
    """Return the answer that a member has got, "" for none."""
    try:
        return text(await stage.discord.answer(asked, 0))
    except (LookupError, TimeoutError):
        return ""
