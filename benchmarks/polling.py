"""Compares rounds of checks over 10,000 integrations on 100 connections with one request per integration."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import DEFAULT_NAME, ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.history.store import HistoryStore
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.access import Access, AccessSubject
from bot.features.monitoring.poller import Poller
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.api_client import open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import MAX_SINGLE_READS, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.toolzz import ToolzzProvider, simulated_unit
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault

CONNECTIONS: Final = 100
EACH: Final = 100
"""The integrations of each connection."""
ALL: Final = CONNECTIONS * EACH
SAMPLE: Final = 1_000
"""The baseline reads so many integrations, and its time is scaled to all of them."""
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


class Bench:
    """The poller over all real parts below it. Each guild has one connection, with its own unit."""

    def __init__(self, simulator: ToolzzSimulator, provider: ToolzzProvider, database: Database) -> None:
        redactor, vault = Redactor(), Vault({"k1": bytes(32)})
        simulator.requests = deque()  # all of them are counted
        self.simulator = simulator
        self.provider = provider
        self.connections = ConnectionService(
            ConnectionStore(database),
            vault,
            {provider.slug: provider},
            redactor,
            time.time,
            KeyMarks(database, vault),
        )
        self.store = MonitoringStore(database)
        self.history = HistoryStore(database)
        integrations = IntegrationService(IntegrationStore(database), time.time)
        self.poller = Poller(
            self.connections,
            AuditService(AuditStore(database), vault, time.time),
            ResultBuilder(integrations, self.store, _NoDiscord(), time.time),
            Recorder(self.store, GuildChanges(), INTERVAL),
            self.store,
            ConnectionSchedule(INTERVAL, time.monotonic, random.random),
            time.time,
            history_days=90,
        )

    async def fill(self) -> None:
        """Create all integrations, and connect every guild."""
        self.simulator.integrations.clear()
        for guild_id in GUILDS:
            for number in range(EACH):
                uuid = str(UUID(int=guild_id * EACH + number))
                self.simulator.integrations[uuid] = simulated_unit.integration(
                    uuid, f"Agent {number}", unitId=unit_of(guild_id), guildId=str(guild_id)
                )
        for guild_id in GUILDS:
            values = {**self.simulator.credentials, "unit_id": unit_of(guild_id)}
            await self.connections.add(guild_id, self.provider.slug, DEFAULT_NAME, values, member_id=MEMBER)

    async def round(self, reads: int = 0) -> float:
        """Check every connection once; return the seconds until the last row is stored.

        reads: how many integrations of each connection are read by themselves, so that their bots are known.
        """
        self.simulator.requests.clear()
        before = time.time()
        began = time.perf_counter()
        await asyncio.gather(*(self.poller.check_guild(guild_id) for guild_id in GUILDS))
        seconds = time.perf_counter() - began
        require(
            len(self.simulator.requests) == CONNECTIONS * (1 + reads),
            "a round is one list per connection, and some single reads until all bots are known",
        )
        for guild_id in GUILDS:
            (check,) = await self.store.checks(guild_id)
            require(
                (check.answered_at or 0) >= int(before),
                "each connection was checked, and the result is stored",
            )
        return seconds

    async def one_by_one(self) -> float:
        """Read a sample with one request each, and store nothing; return the seconds for all integrations."""
        self.simulator.requests.clear()
        credentials = Credentials({"access_token": self.simulator.credentials["access_token"]})
        ids = list(self.simulator.integrations)[:SAMPLE]
        began = time.perf_counter()
        # Without a unit there is no list, so that each is read by itself.
        reports = await self.provider.reports(credentials, Wanted(ids), ResponseCache())
        seconds = time.perf_counter() - began
        require(len(self.simulator.requests) == len(reports.items) == SAMPLE, "one request each")
        return seconds * ALL / SAMPLE

    async def rows(self) -> Mapping[str, int]:
        """Return how many integrations are stored as connected, and how many transitions they have in all."""
        known = [
            row
            for guild_id in GUILDS
            for row in await self.store.watched(guild_id)
            if row.kind == "integration" and row.state == "connected"
        ]
        history = [await self.history.transitions(row.guild_id, row.provider, row.id, 0) for row in known]
        return {"integrations": len(known), "history": sum(map(len, history))}


GUILDS: Final = range(FIRST_GUILD, FIRST_GUILD + CONNECTIONS)


def unit_of(guild_id: int) -> str:
    """Return the unit of a guild's connection."""
    return f"unit-{guild_id}"


def require(fact: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion, and outlives -O
    """Raise SystemExit unless the fact holds."""
    if not fact:
        raise SystemExit(f"this does not hold: {what}")


@contextlib.asynccontextmanager
async def open_bench() -> AsyncIterator[Bench]:
    """Open all parts, on loopback and in a temporary folder."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = await stack.enter_async_context(Database.open(folder / "patchbay.db"))
        simulator = await stack.enter_async_context(ToolzzSimulator())
        http = await stack.enter_async_context(open_http(httpx.create_ssl_context()))
        yield Bench(simulator, ToolzzProvider(http, simulator.environment(), {}, Redactor()), database)


async def main() -> None:
    """Measure, check the results, and print the times."""
    async with open_bench() as bench:
        await bench.fill()
        alone = await bench.one_by_one()
        first = await bench.round(MAX_SINGLE_READS)
        known = await bench.rows()
        require(
            known == {"integrations": ALL, "history": ALL},
            "each integration is stored, with one row of history",
        )
        for _ in range(EACH // MAX_SINGLE_READS - 1):
            await bench.round(MAX_SINGLE_READS)
        second = await bench.round()
        require(await bench.rows() == known, "a round without changes adds nothing")
    print(
        f"{ALL} integrations on {CONNECTIONS} connections; bot and provider share a process, without latency"
    )
    print(f"one by one, nothing written   {ALL:>6} requests  {alone:7.2f} s  1  (scaled from {SAMPLE})")
    count = CONNECTIONS * (1 + MAX_SINGLE_READS)
    print(f"first round, all rows new     {count:>6} requests  {first:7.2f} s  {first / alone:.3f}")
    print(f"a round without any change    {CONNECTIONS:>6} requests  {second:7.2f} s  {second / alone:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
