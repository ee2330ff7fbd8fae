"""Rounds of checks over 10,000 integrations on 100 connections, against reading each one by itself."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx

from bot.kit.api_client import open_http
from bot.kit.credentials import Credentials
from bot.kit.memo import Memo
from bot.kit.redaction import Redactor
from bot.monitors.pace import Pace
from bot.monitors.poller import Poller
from bot.monitors.recorder import Recorder
from bot.providers.toolzz import ToolzzProvider, simulated_unit
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.services.audit import AuditService
from bot.services.connections import DEFAULT_NAME, ConnectionService
from bot.services.integrations import IntegrationService
from bot.store.audit import AuditStore
from bot.store.connections import ConnectionStore
from bot.store.database import Database
from bot.store.integrations import IntegrationStore
from bot.store.vault import Vault
from bot.store.watching import WatchStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CONNECTIONS: Final = 100
EACH: Final = 100
"""Integrations of a connection."""
ALL: Final = CONNECTIONS * EACH
SAMPLE: Final = 1_000
"""Of all integrations, those that the baseline reads; the rest is scaled."""
INTERVAL: Final = 60
FIRST_GUILD: Final = 1_100_000_000_000_000_000
MEMBER: Final = 1


class Bench:
    """The poller over everything below it. Each guild has one connection, with a unit of its own."""

    def __init__(self, simulator: ToolzzSimulator, provider: ToolzzProvider, database: Database) -> None:
        redactor, vault = Redactor(), Vault({"k1": bytes(32)})
        self.simulator = simulator
        self.provider = provider
        self.connections = ConnectionService(
            ConnectionStore(database), vault, {provider.slug: provider}, redactor, time.time
        )
        self.store = WatchStore(database)
        self.poller = Poller(
            self.connections,
            IntegrationService(IntegrationStore(database), time.time),
            AuditService(AuditStore(database), vault, time.time),
            Recorder(self.store, INTERVAL),
            self.store,
            Pace(INTERVAL, time.monotonic, random.random),
            time.time,
            history_days=90,
        )

    async def fill(self) -> None:
        """Make up all integrations, and connect every guild."""
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

    async def round(self) -> float:
        """Check every connection once; return the seconds that it took, to the last row written."""
        self.simulator.requests.clear()
        before = time.time()
        began = time.perf_counter()
        await asyncio.gather(*(self.poller.check_guild(guild_id) for guild_id in GUILDS))
        seconds = time.perf_counter() - began
        require(len(self.simulator.requests) == CONNECTIONS, "a round is one request per connection")
        for guild_id in GUILDS:
            (check,) = await self.store.checks(guild_id)
            require((check.answered_at or 0) >= int(before), "each connection was read, and that is written")
        return seconds

    async def one_by_one(self) -> float:
        """Read a sample with a request each, writing nothing; return the seconds that all would take."""
        self.simulator.requests.clear()
        credentials = Credentials({"access_token": self.simulator.credentials["access_token"]})
        ids = list(self.simulator.integrations)[:SAMPLE]
        began = time.perf_counter()
        reports = await self.provider.reports(credentials, ids, Memo())
        seconds = time.perf_counter() - began
        require(len(self.simulator.requests) == len(reports.items) == SAMPLE, "one request each")
        return seconds * ALL / SAMPLE

    async def rows(self) -> Mapping[str, int]:
        """Return how many integrations are known to be well, and how long their history is in all."""
        known = [
            row
            for guild_id in GUILDS
            for row in await self.store.watched(guild_id)
            if row.kind == "integration" and row.state == "connected"
        ]
        history = [await self.store.history(row.guild_id, row.provider, row.id, 0) for row in known]
        return {"integrations": len(known), "history": sum(map(len, history))}


GUILDS: Final = range(FIRST_GUILD, FIRST_GUILD + CONNECTIONS)


def unit_of(guild_id: int) -> str:
    """Return the unit of a guild's connection."""
    return f"unit-{guild_id}"


def require(fact: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion, and outlives -O
    """Raise SystemExit unless it is so."""
    if not fact:
        raise SystemExit(f"not so: {what}")


@contextlib.asynccontextmanager
async def open_bench() -> AsyncIterator[Bench]:
    """Open everything, on loopback and in a folder that goes away."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = await stack.enter_async_context(Database.open(folder / "patchbay.db"))
        simulator = await stack.enter_async_context(ToolzzSimulator())
        http = await stack.enter_async_context(open_http(httpx.create_ssl_context()))
        yield Bench(simulator, ToolzzProvider(http, simulator.environment(), {}, Redactor()), database)


async def main() -> None:
    """Measure, check and print."""
    async with open_bench() as bench:
        await bench.fill()
        alone = await bench.one_by_one()
        first = await bench.round()
        known = await bench.rows()
        require(known == {"integrations": ALL, "history": ALL}, "each is known, with one row of history")
        second = await bench.round()
        require(await bench.rows() == known, "where nothing has changed, nothing is added")
    print(
        f"{ALL} integrations on {CONNECTIONS} connections; bot and provider share a process, without latency"
    )
    print(f"one by one, nothing written   {ALL:>6} requests  {alone:7.2f} s  1  (scaled from {SAMPLE})")
    print(f"first round, all of it new    {CONNECTIONS:>6} requests  {first:7.2f} s  {first / alone:.3f}")
    print(f"a round without any change    {CONNECTIONS:>6} requests  {second:7.2f} s  {second / alone:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
