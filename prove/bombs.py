"""Sends gzip bombs to a running bot, whose memory must not follow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bot.demo.stage import Stage, open_stage
from bot.providers.base.simulator import GzipBomb
from bot.providers.toolzz.simulator import ToolzzSimulator
from prove.processes.bots import AGENT, ask_status, connect, english, running_bot
from prove.runner import Figure, Scale
from tests.support.demo_steps import simulator, text

BOMBS: Final = 10
DECODED: Final = 512
"""MiB that each of them decodes to, from half a MiB."""
SMALL: Final = 4
"""MiB of the bombs that come first, so that whatever the bot loads once is loaded."""
MOST: Final = 8.0
"""MiB by which the bot's memory may grow."""
_RESET_PEAK: Final = "5"
"""What makes the kernel measure the largest size anew (https://docs.kernel.org/filesystems/proc.html)."""


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Show that the member is told, and that the bot's largest size grows by a few MiB at most."""
    bombs, decoded = scale.of(BOMBS, 1), scale.of(DECODED, 64)
    async with open_stage("en-US") as stage, running_bot(stage, PATCHBAY_CHECK_INTERVAL="3600") as bot:
        await connect(stage)
        for _ in range(2):
            await _bomb(stage, SMALL)
            await _status(stage)
        Path(f"/proc/{bot.pid}/clear_refs").write_text(_RESET_PEAK, "ascii")
        before = bot.memory("VmRSS")
        told = sum([await _bomb(stage, decoded) for _ in range(bombs)])
        grown = (bot.memory("VmHWM") - before) / 1024
        answered = AGENT in await _status(stage)
    yield Figure(
        "a gzip bomb does not go off",
        f"{bombs} bombs of {decoded} MiB: the bot grew by {grown:.1f} MiB (at most {MOST:.0f}), {told} were"
        f" told to the member, and the next answer was {'read' if answered else 'NOT read'}",
        holds=grown <= MOST and told == bombs and answered,
    )


async def _bomb(stage: Stage, decoded: int) -> bool:
    """Let a member read an answer that is a bomb; return whether they are told."""
    toolzz = simulator(stage, ToolzzSimulator)
    toolzz.fail(GzipBomb(decoded << 20), path=toolzz.CONNECTED)
    answer = await _status(stage)
    toolzz.heal()
    return english("problem.too_large.title", provider="Toolzz") in answer


async def _status(stage: Stage) -> str:
    return text(await stage.discord.answer(await ask_status(stage), 30))
