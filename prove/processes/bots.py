"""The bot as a process that is watched, in the demo's surroundings: simulated Discord and providers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from simcord import InteractionResult

from bot.demo.bot_process import BotProcess
from bot.demo.stage import READY_WITHIN, Stage
from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.providers.base.simulator import Simulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support import demo_steps
from tests.support.demo_steps import simulator, text

AGENT = "Suporte da loja"
"""The name of the agent that every proof asks about, as its answers show it."""
english = load_catalog()[DEFAULT_LOCALE]


class WatchedBot(BotProcess):
    """A bot that logs JSON and answers probes."""

    @property
    def pid(self) -> int:
        """The id of the process, which is its session's too."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        code = await self._process.wait()
        await self._reader
        return code

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines about an event."""
        lines = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def kill(self) -> None:
        """End the process as if it had never been asked."""
        self._process.kill()

    async def probe(self, path: str) -> int:
        """Ask the health port; return the status."""
        (served,) = self.logged("health_served")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{served['port']}{path}") as answer,
        ):
            return answer.status

    def memory(self, name: str) -> int:
        """Return a figure of the process's memory in KiB, by its name in ``/proc``."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(status.partition(f"{name}:")[2].split()[0])

    def session(self) -> list[int]:
        """Return the processes of its session that are left: itself, and those that it has started."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[3]) == self.pid and fields[0] != "Z":
                found.append(int(status.parent.name))
        return found


def observable(stage: Stage, **settings: str) -> dict[str, str]:
    """Return the environment of a watched bot."""
    return stage.environment() | {"PATCHBAY_LOG_FORMAT": "json", "PATCHBAY_HTTP_PORT": "0"} | settings


@asynccontextmanager
async def running_bot(stage: Stage, **settings: str) -> AsyncIterator[WatchedBot]:
    """Run a bot that answers commands when the block begins; it is stopped at the end."""
    async with WatchedBot(observable(stage, **settings), stage.folder) as bot:
        await bot.alongside(stage.discord.bot_ready(READY_WITHIN))
        await bot.alongside(stage.discord.commands_synced(READY_WITHIN))
        yield bot


async def connect(stage: Stage, provider: Simulator | None = None) -> None:
    """Let the owner of the server connect it to a provider, by default to Toolzz."""
    answer = await demo_steps.connect(stage, provider or simulator(stage, ToolzzSimulator))
    if not text(answer).startswith("✅"):
        raise RuntimeError(f"the connection was not added: {text(answer)}")


async def ask_status(stage: Stage) -> InteractionResult:
    """Let the owner of the server ask for the status of the agent that every proof asks about."""
    world, toolzz = stage.world, simulator(stage, ToolzzSimulator)
    return await world.mira.slash(world.operations, "toolzz status", integration=toolzz.CONNECTED)
