"""Runs the poller one tick at a time over all real parts below it, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.incident_store import IncidentStore, Kind
from bot.features.alerts.routes import DEFAULT_STATES
from bot.features.alerts.store import AlertStore, RouteRow
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import ConnectionService
from bot.features.guilds.changes import GuildChanges
from bot.features.history.store import HistoryStore, Transition
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.poller import Poller
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.service import MonitoringService, Watched
from bot.features.monitoring.store import CheckRow, MonitoringStore, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.simulator import Simulator
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.recorded_access import RecordedAccess

INTERVAL = 60
SIMULATORS: Final[Mapping[str, type[Simulator]]] = {"sensay": SensaySimulator, "toolzz": ToolzzSimulator}


def asked(simulator: Simulator) -> list[str]:
    """Return the last parts of the paths that were asked for since the last call, in order."""
    paths = [received.path.partition("?")[0].rpartition("/")[2] for received in simulator.requests]
    simulator.requests.clear()
    return paths


@dataclass
class Rounds:
    """A poller with the services and stores below it.

    new_poller: builds another one over the same. away: guilds that the bot is not in.
    """

    connections: ConnectionService
    integrations: IntegrationService
    database: Database
    clock: Clock
    poller: Poller
    new_poller: Callable[[], Poller]
    audit: AuditService
    store: MonitoringStore
    access: RecordedAccess
    away: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        connections: ConnectionService,
        database: Database,
        vault: Vault,
        clock: Clock,
        *,
        interval: int = INTERVAL,
        max_check_seconds: float = 60.0,
    ) -> Rounds:
        """Build a poller that has checked nothing yet, and whose schedule has no jitter."""
        audit = AuditService(AuditStore(database), vault, clock)
        integrations = IntegrationService(IntegrationStore(database), clock)
        store, access = MonitoringStore(database), RecordedAccess()
        schedule = ConnectionSchedule(interval, clock, lambda: 0.5, max_check_seconds)

        def poller() -> Poller:
            builder, recorder = ResultBuilder(store, access, clock), Recorder(store, GuildChanges(), interval)
            return Poller(connections, audit, builder, recorder, store, schedule, clock, history_days=90)

        return cls(connections, integrations, database, clock, poller(), poller, audit, store, access)

    def restart(self) -> None:
        """Go on with another poller, as after a restart of the bot."""
        self.poller = self.new_poller()

    async def connect(self, provider: str, name: str = "default", guild_id: int = GUILD) -> None:
        """Add a connection with credentials of its own that the provider's simulator accepts."""
        values = SIMULATORS[provider].further_credentials(name)
        await self.connections.add(guild_id, provider, name, values, member_id=MEMBER)

    async def tick(self, seconds: float = 0) -> None:
        """Move the clock, run one tick, and wait for the checks that it starts."""
        self.clock.now += seconds
        await self.poller.tick(lambda guild_id: guild_id not in self.away)
        await asyncio.gather(*self.running)

    @property
    def running(self) -> list[asyncio.Task[None]]:
        """The latest check of each connection."""
        return [state.running for state in self.poller._states if state.running is not None]

    async def round(self) -> None:
        """Let an interval pass, in which each connection is checked once."""
        await self.tick(INTERVAL)

    async def cost(self, *simulators: Simulator) -> list[int]:
        """Return how many requests each of the simulators gets in the next round."""
        for simulator in simulators:
            simulator.requests.clear()
        await self.round()
        return [len(simulator.requests) for simulator in simulators]

    async def states(self, guild_id: int = GUILD) -> dict[tuple[str, str], set[tuple[State, str]]]:
        """Return all stored states with their details, by kind and provider."""
        found: dict[tuple[str, str], set[tuple[State, str]]] = {}
        for row in await self.store.watched(guild_id):
            found.setdefault((row.kind, row.provider), set()).add((State(row.state), row.detail))
        return found

    async def check(self, provider: str = "toolzz") -> CheckRow | None:
        """Return the last check of the guild's connection with a provider."""
        rows = await self.store.checks(GUILD)
        return next((row for row in rows if row.provider == provider), None)

    async def refusals(self) -> int:
        """Return how many entries of the audit log say that a connection is refused."""
        return len((await self.audit.page(GUILD, 100, action="connection.refused")).entries)

    async def history(self, integration_id: str) -> list[Transition]:
        """Return all transitions of one of the guild's integrations with Toolzz."""
        return await HistoryStore(self.database).transitions(GUILD, "toolzz", integration_id, 0)

    @property
    def monitoring(self) -> MonitoringService:
        """The service that shows members what is stored."""
        return MonitoringService(
            self.store,
            HistoryStore(self.database),
            GuildChanges(),
            self.clock,
            interval=INTERVAL,
            history_days=90,
        )

    async def find(self, key: str) -> Watched:
        """Return one of the guild's integrations as members see it."""
        return await self.monitoring.find(GUILD, key)

    async def link(self, integration: str, provider: str = "toolzz", bot_id: int | None = None) -> None:
        """Link an integration to the guild."""
        connection = await self.connections.open(GUILD, provider)
        await self.integrations.record(connection, integration, "Linked", bot_id=bot_id, member_id=MEMBER)

    async def unlink(self, integration: str, provider: str = "toolzz") -> None:
        """Unlink an integration as the command does."""
        await self.integrations.forget(GUILD, provider, integration)
        await self.monitoring.stop_watching(GUILD, provider, integration)

    async def known(self) -> dict[str, WatchedRow]:
        """Return the rows of the guild's integrations by id."""
        return {row.id: row for row in await self.store.watched(GUILD) if row.kind is Kind.INTEGRATION}

    async def shown(self, integration: str) -> tuple[str, str]:
        """Return the stored state and detail of an integration."""
        row = (await self.known())[integration]
        return row.state, row.detail

    async def candidates(self) -> set[str]:
        """Return the ids of what may run in the guild."""
        return {row.id for row in await self.store.watched(GUILD) if row.kind is Kind.CANDIDATE}

    async def endings(self) -> list[tuple[str, str, str, str]]:
        """Return kind, id, detail and ending of all incidents of the guild, the oldest first."""
        found = await IncidentStore(self.database).since(GUILD, 0)
        return [(each.kind, each.id, each.detail, each.ended) for each in found[::-1]]

    async def route(self, *states: State, checks: int = 2, partial: bool = False) -> None:
        """Set the guild's route for alerts; without states it has those of the default."""
        chosen = ",".join(states or DEFAULT_STATES)
        is_new = await AlertStore(self.database).route(GUILD, 1) is None
        number = 0 if is_new else 1
        row = RouteRow(GUILD, number, 7, None, chosen, checks, 0, set_by=1, set_at=1, partial=partial)
        assert await GroupStore(self.database).put_route(row, int(self.clock.now), {}, most=10)
