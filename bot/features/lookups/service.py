"""Looks up what one answer shows of several features. It sends no request."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.quiet_hours import QuietHours
from bot.features.alerts.sending_store import Sending
from bot.features.connections.service import ConnectionService, Summary
from bot.features.history.service import DAY
from bot.features.lookups.store import KnownAgent, LookupStore
from bot.features.maintenance.windows import MaintenanceWindow
from bot.features.monitoring.service import GuildStatus, MonitoringService, States, Watched
from bot.recent import Recent

__all__ = ["AlertLookup", "KnownAgent", "LookupService", "OverviewLookup", "ServerLookup"]


@dataclass(frozen=True, slots=True)
class ServerLookup:
    """What a server has set up. integrations: the worst first."""

    connections: Sequence[Summary]
    integrations: Sequence[Watched]
    has_route: bool


@dataclass(frozen=True, slots=True)
class AlertLookup:
    """All that decides about a server's alerts.

    integrations: the worst first. incidents: those that are open. windows: the maintenance that is not over.
    quiet_hours: None if there are none.
    """

    integrations: Sequence[Watched]
    incidents: Sequence[Incident]
    windows: Sequence[MaintenanceWindow]
    sending: Sending
    quiet_hours: QuietHours | None


@dataclass(frozen=True, slots=True)
class OverviewLookup:
    """What a server has connected.

    connections: provider and name of each. linked: provider and id of each integration that is linked.
    """

    connections: AbstractSet[tuple[str, str]]
    linked: AbstractSet[tuple[str, str]]
    states: States
    status: GuildStatus
    sending: Sending


class LookupService:
    """Works on one guild at a time. Each method reads the database once, in one step.

    To hand a query to a thread takes longer than a short query does, and an answer needs many short ones.
    """

    def __init__(
        self,
        store: LookupStore,
        monitoring: MonitoringService,
        connections: ConnectionService,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._monitoring = monitoring
        self._connections = connections
        self._clock = clock
        self._overviews: Recent[OverviewLookup] = Recent()

    async def server(self, guild_id: int) -> ServerLookup:
        """Return what a server has set up."""
        now = int(self._clock())
        rows = await self._store.server(guild_id, now)
        states = self._monitoring.states_of(guild_id, rows.guild, now)
        connections = self._connections.summaries_of(rows.connections)
        return ServerLookup(connections, states.integrations, bool(rows.routes))

    async def alerts(self, guild_id: int) -> AlertLookup:
        """Return all that decides about a server's alerts."""
        now = int(self._clock())
        rows = await self._store.alerts(guild_id, now)
        return AlertLookup(
            self._monitoring.states_of(guild_id, rows.guild, now).integrations,
            rows.guild.incidents,
            rows.guild.windows,
            rows.sending,
            None if rows.quiet_hours is None else await rows.quiet_hours.hours(),
        )

    async def overview(self, guild_id: int) -> OverviewLookup:
        """Return what a server has connected, which many members may ask for at the same time."""
        # Every change is a commit.
        now = int(self._clock())
        key = self._store.commits, now
        return await self._overviews.get(guild_id, key, lambda: self._read_overview(guild_id, now))

    async def agent(self, guild_id: int, provider: str, integration_id: str, agent: str = "") -> KnownAgent:
        """Return what our own records know of an agent.

        agent: its own id, by which a token may have been sent for it; empty where that is not known.
        """
        return await self._store.agent(guild_id, provider, integration_id, agent)

    async def sending(self, guild_id: int) -> Sending:
        """Return where a server's alerts and its board go, and what could not be sent."""
        return await self._store.sending(guild_id)

    async def _read_overview(self, guild_id: int, now: int) -> OverviewLookup:
        rows = await self._store.overview(guild_id, now, now - DAY)
        states = self._monitoring.states_of(guild_id, rows.guild, now)
        return OverviewLookup(
            {(each.provider, each.name) for each in rows.connections},
            {(each.provider, each.id) for each in rows.guild.linked},
            states,
            self._monitoring.status_of(states, rows.recent, now),
            rows.sending,
        )
