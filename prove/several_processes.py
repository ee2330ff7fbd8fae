"""Runs three bots on one database, and kills, halts and cuts them off under load."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bot as package
from benchmarks.acting import meanwhile
from bot.providers.sensay.simulator import SensaySimulator
from bot.setup_errors import TEMPORARY
from bot.store.postgres.migrations import migrate
from prove.runner import Figure, Scale
from prove.shards.bots import Supervised
from prove.shards.database import WatchedDatabase
from prove.shards.discord import SHARDS, ShardedDiscord
from prove.shards.provider import WatchedToolzz
from prove.shards.record import Record
from prove.shards.relay import Relay
from prove.shards.servers import Servers
from prove.shards.verdict import verdict
from tests.support.postgres import PostgresServer, postgres

BOTS: Final = 3
SERVERS: Final = 1000
WATCHED: Final = 300
INTERVAL: Final = 10
"""Seconds between two checks of a connection."""
SHARED_WITHIN: Final = 120.0
"""Seconds until each bot serves its part of the shards."""
HALTED: Final = 40.0
"""Seconds for which a bot stands still, or is cut off: longer than its lease."""
STOPPED: Final = 5.0
"""Seconds for which the database's server does not run."""
QUIET: Final = 10.0
"""Seconds of load before and after a disturbance."""
TOLD_WITHIN: Final = 90.0
"""Seconds until the last servers were told of their agents."""
SYNCHRONOUS: Final = {"synchronous_commit": "on"}
"""What was committed outlives a crash of the server, though not one of the machine."""


async def prove(scale: Scale) -> AsyncIterator[Figure]:
    """Disturb the bots in five ways; show that each server has one bot, and no other one acts for it."""
    async with _running(scale) as proof:
        await proof.carry_out()
        for figure in await asyncio.to_thread(verdict, proof.record, proof.database, proof.servers, INTERVAL):
            yield figure


@dataclass(slots=True)
class Proof:
    """Everything that runs."""

    record: Record
    server: PostgresServer
    database: WatchedDatabase
    discord: ShardedDiscord
    servers: Servers
    bots: list[Supervised]
    relays: list[Relay]
    is_quick: bool

    async def carry_out(self) -> None:
        """Go through all phases, under load from the moment on at which each bot has its shards."""
        await self._shared("all bots have begun")
        self.record.loaded_at = time.time()
        async with meanwhile(self.servers.ask(), self.servers.break_and_heal(), self.servers.look()):
            await asyncio.sleep(QUIET)
            phases: list[Callable[[], Awaitable[None]]] = [
                self._kill, self._halt, self._restart_server, self._cut, self._roll,
            ]  # fmt: skip
            for phase in phases[: 1 if self.is_quick else None]:
                await phase()
                await asyncio.sleep(QUIET)
        async with meanwhile(self.servers.look()):
            await self._settle()

    async def _kill(self) -> None:
        run = self.bots[0].runs[-1]
        self.record.begin("kill -9", f"kill -9: bot 0 (process {run.pid})")
        self.bots[0].send(signal.SIGKILL)
        await self._without(run.pid)
        await self._shared("each bot has its part again")

    async def _halt(self) -> None:
        run = self.bots[1].runs[-1]
        self.record.begin("SIGSTOP", f"SIGSTOP: bot 1 (process {run.pid})")
        began = time.time()
        self.bots[1].send(signal.SIGSTOP)
        await self._without(run.pid)
        await asyncio.sleep(max(0.0, began + HALTED - time.time()))
        self.record.say("SIGCONT: bot 1")
        self.record.halted.append((1, began, time.time()))
        self.bots[1].send(signal.SIGCONT)
        self._require(await self.bots[1].ended(run, 15) == TEMPORARY, "a halted bot goes on")
        await self._shared("each bot has its part again")

    async def _restart_server(self) -> None:
        self.record.begin("crash of the server", "the database's server crashes")
        before = [bot.runs[-1] for bot in self.bots]
        await asyncio.to_thread(self.server.stop)
        await asyncio.sleep(STOPPED)
        await asyncio.to_thread(self.server.start)
        self.record.say("it runs again")
        await self._shared("each bot has its part")
        self._require(all(run.code is None for run in before), "a bot ended meanwhile")

    async def _cut(self) -> None:
        run = self.bots[2].runs[-1]
        self.record.begin("cut off", f"bot 2 (process {run.pid}) is cut off from the database")
        began = time.time()
        self.relays[2].cut()
        self._require(await self.bots[2].ended(run, HALTED) == TEMPORARY, "a bot without a lease goes on")
        await self._without(run.pid)
        await asyncio.sleep(max(0.0, began + HALTED - time.time()))
        self.relays[2].mend()
        self.record.halted.append((2, began, time.time()))
        self.record.say("bot 2 reaches the database again")
        await self._shared("each bot has its part again")

    async def _roll(self) -> None:
        for bot in self.bots:
            run = bot.runs[-1]
            self.record.begin("SIGTERM", f"SIGTERM: bot {bot.number} (process {run.pid})")
            bot.send(signal.SIGTERM)
            self._require(await bot.ended(run, 15) == 0, "a bot ends with an error")
            await self._shared("each bot has its part again")

    async def _without(self, pid: int) -> None:
        """Return when other bots serve all shards of a process."""
        began = time.time()

        async def is_over() -> bool:
            holders = await asyncio.to_thread(self.database.holders)
            return len(holders) == SHARDS and pid not in holders.values()

        await self._until(is_over, 60)
        self.record.say(f"others hold its shards, {time.time() - began:.1f} s later")

    async def _shared(self, what: str) -> None:
        """Return when each bot holds its part of the shards, and has a session for each of them."""
        began = time.time()

        async def is_over() -> bool:
            holders = await asyncio.to_thread(self.database.holders)
            bots = {bot.pid: bot.number for bot in self.bots}
            if sorted(Counter(holders.values()).values()) != [SHARDS // BOTS] * BOTS:
                return False
            served = self.discord.served()
            return all(bots.get(pid) in served.get(shard, ()) for shard, pid in holders.items())

        await self._until(is_over, SHARED_WITHIN)
        self.record.say(f"{what}, {time.time() - began:.1f} s later")

    async def _settle(self) -> None:
        """Return when all servers were told, or could not be in time."""
        until = time.time() + TOLD_WITHIN

        async def all_were_told() -> bool:
            return all(server.told_at for server in self.servers.broken)

        async def all_recoveries_were_told() -> bool:
            incidents = await asyncio.to_thread(self.database.incidents)
            return not any(open_ for _, open_ in incidents.values())

        with contextlib.suppress(TimeoutError):
            await self._until(all_were_told, until - time.time())
            for server in self.servers.broken:
                if server.healed_at is None:
                    self.servers.heal(server)
            await self._until(all_recoveries_were_told, TOLD_WITHIN)
        await asyncio.sleep(QUIET)
        self.record.say("the load is over, and all agents work")

    @staticmethod
    async def _until(condition: Callable[[], Awaitable[bool]], within: float) -> None:
        async with asyncio.timeout(within):
            while not await condition():
                await asyncio.sleep(0.2)

    def _require(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise RuntimeError(otherwise)


@contextlib.asynccontextmanager
async def _running(scale: Scale) -> AsyncIterator[Proof]:
    """Start everything; nothing of it is left after the block."""
    record = Record()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="patchbay-")))
        server = await asyncio.to_thread(stack.enter_context, postgres(SYNCHRONOUS))
        name = await asyncio.to_thread(stack.enter_context, server.database())
        url = server.url(name)
        await asyncio.to_thread(migrate, url, name)
        discord = await stack.enter_async_context(ShardedDiscord.for_bots(BOTS, record))
        toolzz = await stack.enter_async_context(WatchedToolzz.for_bots(BOTS, record))
        sensay = await stack.enter_async_context(SensaySimulator())
        servers = Servers(
            discord, toolzz, record, number=scale.of(SERVERS, 60), watched=scale.of(WATCHED, 60)
        )
        common = {
            "PATCHBAY_ENCRYPTION_KEYS": f"proof:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "PATCHBAY_CHECK_INTERVAL": str(INTERVAL),
            "PATCHBAY_LOG_FORMAT": "json",
            **sensay.environment(),
        }
        await servers.connect(
            {**common, **discord.environment(), **toolzz.environment(), "PATCHBAY_DATABASE_URL": url}
        )
        database = WatchedDatabase(url)
        await asyncio.to_thread(database.watch)
        record.say(f"{len(servers.all)} servers, {len(servers.watched)} of them with an agent")
        relays = [
            await stack.enter_async_context(Relay.serve(server.folder / ".s.PGSQL.5432")) for _ in range(BOTS)
        ]
        bots = []
        for number, relay in enumerate(relays):
            environment = {
                "PYTHONPATH": str(Path(package.__path__[0]).parent),
                "PYTHONUNBUFFERED": "1",
                "PYTHONUTF8": "1",
                **common,
                **discord.environment_of(number),
                **toolzz.environment_of(number),
                "PATCHBAY_DATABASE_URL": f"postgresql://patchbay@127.0.0.1:{relay.port}/{name}",
            }
            bots.append(Supervised(number, environment, folder, record))
            await stack.enter_async_context(bots[-1].running())
        yield Proof(record, server, database, discord, servers, bots, relays, scale.quick)
