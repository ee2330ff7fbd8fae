"""The poller over everything below it, one tick at a time, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.kit.integration import State
from bot.monitors.pace import Pace
from bot.monitors.poller import Poller
from bot.monitors.recorder import Recorder
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.services.audit import AuditService
from bot.services.integrations import IntegrationService
from bot.services.watching import Watched, WatchService
from bot.store.audit import AuditStore
from bot.store.integrations import IntegrationStore
from bot.store.watching import CheckRow, WatchStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.kit.simulator import Simulator
    from bot.services.connections import ConnectionService
    from bot.store.database import Database
    from bot.store.vault import Vault
    from tests.services.pace import Clock

GUILD, OTHER_GUILD, MEMBER = 1102345678901234567, 1102345678901234568, 298765432109870001
INTERVAL = 60
CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "sensay": SensaySimulator.credentials,
    "toolzz": ToolzzSimulator.credentials,
}


@dataclass
class Rounds:
    """What a test acts on. away: guilds that the bot is not in."""

    connections: ConnectionService
    database: Database
    clock: Clock
    poller: Poller
    audit: AuditService
    integrations: IntegrationService
    store: WatchStore
    away: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, connections: ConnectionService, database: Database, vault: Vault, clock: Clock) -> Rounds:
        """Return a poller that has checked nothing yet, with no luck either way."""
        audit = AuditService(AuditStore(database), vault, clock)
        integrations = IntegrationService(IntegrationStore(database), clock)
        store = WatchStore(database)
        pace = Pace(INTERVAL, clock, lambda: 0.5)
        poller = Poller(
            connections, integrations, audit, Recorder(store, INTERVAL), store, pace, clock, history_days=90
        )
        return cls(connections, database, clock, poller, audit, integrations, store)

    async def connect(self, provider: str, name: str = "default", guild_id: int = GUILD) -> None:
        """Store a connection that its simulator accepts."""
        values = CREDENTIALS[provider]
        await self.connections.add(guild_id, provider, name, values, member_id=MEMBER)

    async def tick(self, seconds: float = 0) -> None:
        """Let time pass at once, look what is due, and wait for it."""
        self.clock.now += seconds
        await self.poller._tick(lambda guild_id: guild_id not in self.away)
        await self.rest()

    async def rest(self) -> None:
        """Wait for the checks that are under way."""
        running = [seat.running for seat in self.poller._seats.values() if seat.running is not None]
        await asyncio.gather(*running)

    async def round(self) -> None:
        """Let an interval pass in which each connection is checked once."""
        await self.tick(INTERVAL)

    async def cost(self, *simulators: Simulator) -> list[int]:
        """Return how many requests each of the simulators gets in the next round."""
        for simulator in simulators:
            simulator.requests.clear()
        await self.round()
        return [len(simulator.requests) for simulator in simulators]

    async def states(self, guild_id: int = GUILD) -> dict[tuple[str, str], set[tuple[State, str]]]:
        """Return how all there is is doing, by kind and provider, each with its detail."""
        found: dict[tuple[str, str], set[tuple[State, str]]] = {}
        for row in await self.store.watched(guild_id):
            found.setdefault((row.kind, row.provider), set()).add((State(row.state), row.detail))
        return found

    async def check(self, provider: str = "toolzz") -> CheckRow | None:
        """Return the last check of the guild's connection with a provider."""
        rows = await self.store.checks(GUILD)
        return next((row for row in rows if row.provider == provider), None)

    async def refusals(self) -> int:
        """Return how often the audit log says that a connection is refused."""
        return (await self.audit.page(GUILD, 1, 100, action="connection.refused")).total

    async def find(self, key: str) -> Watched:
        """Return what members see of one of the guild's integrations."""
        return await WatchService(self.store, self.clock, INTERVAL, 90).find(GUILD, key)
