"""Checks connections with Patchbay's poller, over all its real parts, whenever it is told to.

Its first line of input says what to check, as JSON: ``settings``, ``units`` and ``credentials``. Each server
has one connection, with a unit of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import DEFAULT_NAME, ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.access import Access, AccessSubject
from bot.features.monitoring.poller import Poller
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.api_client import open_http
from bot.providers.base.redaction import Redactor
from bot.providers.toolzz import ToolzzProvider
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault

INTERVAL: Final = 60
FIRST_GUILD: Final = 1_100_000_000_000_000_000
MEMBER: Final = 1


class _NoDiscord:
    """Knows no agent's bot, so that the checks of providers are measured alone."""

    async def read(self, guild_id: int, subjects: Sequence[AccessSubject]) -> Mapping[str, Access]:  # noqa: ARG002 - the same for any
        """Return nothing."""
        return {}

    def on_change(self, listener: Callable[[int], object]) -> None:
        """Never call the listener."""


class Checks:
    """The poller, with a clock that runs ahead, so that nobody waits for the next tick."""

    def __init__(self, database: Database, provider: ToolzzProvider, redactor: Redactor) -> None:
        self._ahead = 0.0
        self._jitter: float | None = None
        vault, store = Vault({"k1": bytes(32)}), MonitoringStore(database)
        self.connections = ConnectionService(
            ConnectionStore(database),
            vault,
            {provider.slug: provider},
            redactor,
            self._time,
            KeyMarks(database, vault),
        )
        self._schedule = ConnectionSchedule(INTERVAL, lambda: time.monotonic() + self._ahead, self._draw)
        self._recorder = Recorder(store, GuildChanges(), INTERVAL)
        self._poller = Poller(
            self.connections,
            AuditService(AuditStore(database), vault, self._time),
            ResultBuilder(store, _NoDiscord(), self._time),
            self._recorder,
            store,
            self._schedule,
            self._time,
            history_days=90,
        )

    def _draw(self) -> float:
        return random.random() if self._jitter is None else self._jitter

    def _time(self) -> float:
        return time.time() + self._ahead

    async def round(self) -> Mapping[str, int]:
        """Let an interval pass, in which each connection is checked once; return the outcomes."""
        before = self._recorder.outcomes.copy()
        for _ in range(round(INTERVAL / self._schedule.tick)):
            self._ahead += self._schedule.tick
            await self._poller.tick(lambda _: True)
            while running := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(running)
        # Without jitter each connection is checked once in each later round, which is once after each change.
        self._jitter = 0.5
        return {outcome.name: count for (_, outcome), count in (self._recorder.outcomes - before).items()}


@contextlib.asynccontextmanager
async def connected(work: Mapping[str, Any]) -> AsyncIterator[Checks]:
    """Open all parts in a temporary folder, and connect every server."""
    redactor = Redactor()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = await stack.enter_async_context(Database.open(folder / "patchbay.db"))
        http = await stack.enter_async_context(open_http(httpx.create_ssl_context()))
        checks = Checks(database, ToolzzProvider(http, work["settings"], {}, redactor), redactor)
        for number, unit in enumerate(work["units"]):
            values = {**work["credentials"], "unit_id": unit}
            await checks.connections.add(
                FIRST_GUILD + number, ToolzzProvider.slug, DEFAULT_NAME, values, member_id=MEMBER
            )
        yield checks


async def main() -> None:
    """For each further line, run one round, and print how many checks had which outcome."""
    async with connected(json.loads(sys.stdin.readline())) as checks:
        print(flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await checks.round()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
