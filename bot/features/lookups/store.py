"""Reads the rows of several features in one step each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.features.alerts.incident_store import Kind
from bot.features.alerts.quiet_hours_store import QuietHoursRow
from bot.features.alerts.routes import Route
from bot.features.alerts.sending_store import Sending, read_routes, read_sending
from bot.features.alerts.store import QUERIES as ALERTS
from bot.features.audit.entry import Entry
from bot.features.audit.store import read_last_about
from bot.features.connections.store import QUERIES as CONNECTIONS
from bot.features.connections.store import ConnectionRow
from bot.features.history.store import RecentTransitions, read_recent
from bot.features.integrations.store import QUERIES as INTEGRATIONS
from bot.features.integrations.store import Ignored, Placed
from bot.features.monitoring.store import QUERIES as MONITORING
from bot.features.monitoring.store import GuildRows, read_guild
from bot.store.database import Database
from bot.store.rows import Fetch


@dataclass(frozen=True, slots=True)
class ServerRows:
    """A guild's connections, what is watched, and where alerts go."""

    connections: Sequence[ConnectionRow]
    guild: GuildRows
    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class AlertRows:
    """What is watched, where alerts go, and when they mention nobody."""

    guild: GuildRows
    sending: Sending
    quiet_hours: QuietHoursRow | None


@dataclass(frozen=True, slots=True)
class OverviewRows:
    """A guild's connections, what is watched and was lately, and where alerts go."""

    connections: Sequence[ConnectionRow]
    guild: GuildRows
    recent: RecentTransitions
    sending: Sending


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """What our own records know of an agent.

    linked: the server's record, None if it is not linked. is_ignored: whether a manager does not want to see
    it. is_watched: whether it is checked, or will be. may_belong: whether it may run in the server. handover:
    the latest entry of the audit log about the token that was sent for it, None if there is none of late.
    """

    linked: Placed | None = None
    is_ignored: bool = False
    is_watched: bool = False
    may_belong: bool = False
    handover: Entry | None = None


class _Kind(NamedTuple):
    kind: Kind


class LookupStore:
    """Works on one guild at a time. now, since: seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def commits(self) -> int:
        """How many transactions of any kind there were: while this stays, so does what is read."""
        return self._database.commits

    async def server(self, guild_id: int, now: int) -> ServerRows:
        """Return what a server has set up."""

        def read(run: Fetch) -> ServerRows:
            return ServerRows(
                _connections(run, guild_id), read_guild(run, guild_id, now), read_routes(run, guild_id)
            )

        return await self._database.fetch_together(read, guild_id)

    async def alerts(self, guild_id: int, now: int) -> AlertRows:
        """Return all that decides about a server's alerts."""

        def read(run: Fetch) -> AlertRows:
            hours = run(QuietHoursRow, ALERTS.quiet_hours_of, guild_id=guild_id)
            return AlertRows(
                read_guild(run, guild_id, now), read_sending(run, guild_id), next(iter(hours), None)
            )

        return await self._database.fetch_together(read, guild_id)

    async def overview(self, guild_id: int, now: int, since: int) -> OverviewRows:
        """Return what a server has connected, with the transitions since a time."""

        def read(run: Fetch) -> OverviewRows:
            return OverviewRows(
                _connections(run, guild_id),
                read_guild(run, guild_id, now),
                read_recent(run, guild_id, since),
                read_sending(run, guild_id),
            )

        return await self._database.fetch_together(read, guild_id)

    async def agent(self, guild_id: int, provider: str, integration_id: str, agent: str) -> KnownAgent:
        """Return what is known of an agent. agent: its own id, which handovers name; may be empty."""

        def read(run: Fetch) -> KnownAgent:
            key = {"guild_id": guild_id, "provider": provider, "id": integration_id}
            linked = next(iter(run(Placed, INTEGRATIONS.get_integration, **key)), None)
            kinds = {each.kind for each in run(_Kind, MONITORING.list_kinds, **key)}
            return KnownAgent(
                linked,
                bool(run(Ignored, INTEGRATIONS.get_ignored, **key)),
                # What was just linked is watched before the first check has found it.
                linked is not None or Kind.INTEGRATION in kinds,
                Kind.CANDIDATE in kinds,
                read_last_about(run, guild_id, f"{provider}.connect", f"{provider} · {agent}")
                if agent
                else None,
            )

        return await self._database.fetch_together(read, guild_id)

    async def sending(self, guild_id: int) -> Sending:
        """Return where a server's alerts and its board go, and what could not be sent."""
        return await self._database.fetch_together(lambda run: read_sending(run, guild_id), guild_id)


def _connections(run: Fetch, guild_id: int) -> list[ConnectionRow]:
    return run(ConnectionRow, CONNECTIONS.list_connections, guild_id=guild_id)
