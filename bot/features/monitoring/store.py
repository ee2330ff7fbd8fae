"""Reads and writes ``watched`` and ``last_check``, and runs the transaction that stores a check."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from typing import Any, Final, TypeVar

from pydantic_core import from_json

from bot.features.alerts.incident_store import UNWATCHED, Incident, Kind
from bot.features.alerts.store import QUERIES as ALERTS
from bot.features.alerts.store import RouteRow
from bot.features.complaints.store import QUERIES as COMPLAINTS
from bot.features.history.store import QUERIES as HISTORY
from bot.features.integrations.store import QUERIES as INTEGRATIONS
from bot.features.integrations.store import Ignored, Linked, Placed
from bot.features.maintenance.store import QUERIES as MAINTENANCE
from bot.features.maintenance.windows import MaintenanceWindow
from bot.providers.base.integration import State
from bot.store.connection import StoredRow, WritingConnection
from bot.store.database import Database
from bot.store.one_row import OneRow, rows_in
from bot.store.queries import load_queries
from bot.store.rows import Fetch, Query, fetch, fetch_one, rows_of_each
from bot.store.steps import write_in_steps

ResultT = TypeVar("ResultT")

QUERIES: Final = load_queries("bot.features.monitoring")


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """The state of an integration, a connection or a provider. Times are seconds since 1970.

    id: the integration's id, the connection's name or the provider's slug. label, detail: untrusted text; the
    detail is the provider's own code for what is wrong, or an error's key if the provider could not be asked.
    connection: the name of the connection that it is read through, empty for a provider.
    changed_at: since when it is in this state. bad, good: so many checks in a row were bad or good. bad_at:
    the time of the first of the bad checks. muted_until: None if nobody muted it; only ``mute`` stores it.
    found: the last state other than ``unknown``; ``unknown`` if the provider has reported no other, empty if
    it has reported none. bot_id: the Discord user that the
    agent speaks as, None if that is not known; one that was learned once is kept. access: the ``detail`` of
    the last that is known of what Discord lets it do in the guild. missing: so many checks in a row the
    provider said that it does not exist, the first time at missing_at.
    """

    guild_id: int
    kind: Kind
    provider: str
    id: str
    connection: str
    label: str
    state: State
    detail: str
    changed_at: int
    bad: int = 0
    good: int = 0
    bad_at: int | None = None
    muted_until: int | None = None
    muted_by: int | None = None
    found: str = ""
    bot_id: int | None = None
    access: str = ""
    missing: int = 0
    missing_at: int | None = None

    def __post_init__(self) -> None:
        """Make enumerations of the words that the database returns."""
        object.__setattr__(self, "kind", Kind(self.kind))
        object.__setattr__(self, "state", State(self.state))


WATCHED_FIELDS: Final = tuple(field.name for field in fields(WatchedRow))


@dataclass(frozen=True, slots=True)
class CheckRow:
    """The last check of a connection. error: why the provider did not answer, empty if it did.

    answered_at: when the provider last answered, None if it never did.
    """

    guild_id: int
    provider: str
    connection: str
    checked_at: int
    answered_at: int | None
    error: str


@dataclass(frozen=True, slots=True)
class GuildRows:
    """All that the states of a guild are made from, as it is at one moment.

    incidents: those that are open. windows: those that are not over.
    """

    watched: Sequence[WatchedRow]
    checks: Sequence[CheckRow]
    incidents: Sequence[Incident]
    windows: Sequence[MaintenanceWindow]
    linked: Sequence[Linked]


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """What the outcome of a check depends on, besides what the provider and Discord say.

    digest: stays as long as nothing of it changes. incidents: those that are open.
    """

    digest: bytes
    watched: Sequence[WatchedRow]
    linked: Sequence[Placed]
    ignored: Sequence[Ignored]
    incidents: Sequence[Incident]
    routes: Sequence[RouteRow]


@dataclass(frozen=True, slots=True)
class _CheckError:
    connection: str
    error: str


@dataclass(frozen=True, slots=True)
class AgentCount:
    """How many of a guild's agents of one provider are in one state."""

    guild_id: int
    provider: str
    state: str
    count: int


class MonitoringStore:
    """Works on one guild at a time, except where it says so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def commits(self) -> int:
        """How many transactions of any kind there were: while this stays, so does what is read."""
        return self._database.commits

    async def takes_writes(self) -> bool:
        """Tell whether the database takes writes; while it takes none, this tries one."""
        return await self._database.takes_writes()

    async def of_guild(self, guild_id: int, now: int) -> GuildRows:
        """Return what the states of a guild are made from."""
        return await self._database.fetch_together(lambda run: read_guild(run, guild_id, now), guild_id)

    async def watched(self, guild_id: int) -> list[WatchedRow]:
        """Return everything that is watched in a guild."""
        return await self._database.fetch(WatchedRow, QUERIES.list_watched, guild_id=guild_id)

    async def subjects(self, guild_id: int, provider: str) -> list[WatchedRow]:
        """Return everything that is watched in a guild and belongs to one provider."""
        query = QUERIES.list_subjects
        return await self._database.fetch(WatchedRow, query, guild_id=guild_id, provider=provider)

    async def checked_rows(
        self, guild_id: int, provider: str, *, unless: bytes | None = None
    ) -> CheckedRows | None:
        """Return what the checks of a guild's connections with a provider depend on.

        unless: a digest; None is returned if it is still the same.
        """
        values = {"guild_id": guild_id, "provider": provider}

        return await self._database.examine(
            lambda connection: _checked_rows(connection.rows(_CHECKED.sql(connection), values), unless),
            guild_id,
        )

    async def stop_watching(self, guild_id: int, provider: str, integration_id: str, at: int) -> bool:
        """Delete what is known of an integration, and close its incident; return False if it is not watched.

        at: seconds since 1970.
        """

        async def work(connection: WritingConnection) -> bool:
            unit = UnitOfWork(connection)
            rows = [row for row in await unit.subjects(guild_id, provider) if row.id == integration_id]
            rows = [row for row in rows if row.kind in {Kind.INTEGRATION, Kind.CANDIDATE}]
            for row in rows:
                await unit.stop_watching(row, at)
            return bool(rows)

        return await self._database.transact(work)

    async def checks(self, guild_id: int) -> list[CheckRow]:
        """Return the last check of each of the guild's connections, if it was checked at all."""
        return await self._database.fetch(CheckRow, QUERIES.list_checks, guild_id=guild_id)

    async def guilds(self, after: int, size: int) -> list[int]:
        """Return the next guilds in which something is watched, by their ids."""
        rows = await self._database.read_all(QUERIES.list_watched_guilds, after=after, size=size)
        return [row["guild_id"] for row in rows]

    async def guilds_with_orphans(self) -> list[int]:
        """Return the guilds in which something belongs to connections that were removed."""
        return [row["guild_id"] for row in await self._database.read_all(QUERIES.list_orphan_guilds)]

    async def count_agents_of(self, guilds: Collection[int]) -> list[AgentCount]:
        """Count the linked agents of these guilds."""
        work = functools.partial(rows_of_each, AgentCount, QUERIES.count_agents, guilds)
        return await self._database.fetch_together(work, None)

    async def mute(
        self,
        guild_id: int,
        provider: str,
        integration_id: str,
        *,
        until: int | None,
        member_id: int | None,
        now: int,
    ) -> bool:
        """Mute an integration, or unmute it if ``until`` is None; return False if it is not watched."""
        key = {"guild_id": guild_id, "provider": provider, "id": integration_id}

        async def work(connection: WritingConnection) -> bool:
            change = {"muted_until_at": until, "muted_by": member_id}
            muted: int = await QUERIES.mute_watched(connection, **key, **change)
            unit = UnitOfWork(connection)
            for incident in await unit.open_incidents(guild_id, provider):
                if (incident.kind, incident.id) == (Kind.INTEGRATION, integration_id):
                    await unit.look_again(incident, now)
            return muted == 1

        return await self._database.transact(work)

    async def compact(self, before: int) -> None:
        """Delete history, maintenance windows, incidents and alerts that were over before that time.

        This happens in steps. Alerts go before their incidents: afterwards nobody knows how old they are.
        """
        for table, query in (
            ("history", HISTORY.compact_history),
            ("complaint", COMPLAINTS.compact_complaints),
            ("maintenance", MAINTENANCE.compact_maintenance),
            ("outbox", ALERTS.compact_alerts),
            ("alert_incident", ALERTS.compact_members),
            ("incident", ALERTS.compact_incidents),
        ):
            await write_in_steps(self._database, table, query, before=before)

    async def transact(self, work: Callable[[UnitOfWork], Awaitable[ResultT]]) -> ResultT:
        """Run ``work`` in one transaction, and return its result."""
        return await self._database.transact(lambda connection: work(UnitOfWork(connection)))


def read_guild(run: Fetch, guild_id: int, now: int) -> GuildRows:
    """Read what the states of a guild are made from, in one step with whatever else is read."""
    incidents = run(Incident, ALERTS.list_incidents, guild_id=guild_id, since=now)
    return GuildRows(
        watched=run(WatchedRow, QUERIES.list_watched, guild_id=guild_id),
        checks=run(CheckRow, QUERIES.list_checks, guild_id=guild_id),
        incidents=[each for each in incidents if each.closed_at is None],
        windows=run(MaintenanceWindow, MAINTENANCE.list_windows, guild_id=guild_id, since=now),
        linked=run(Linked, INTEGRATIONS.list_all_integrations, guild_id=guild_id),
    )


_PARTS: Final[Sequence[tuple[Query, type[Any]]]] = (
    (QUERIES.list_subjects, WatchedRow),
    (INTEGRATIONS.list_integrations, Placed),
    (INTEGRATIONS.list_ignored, Ignored),
    (ALERTS.list_open, Incident),
    (ALERTS.list_routes, RouteRow),
    (QUERIES.list_check_errors, _CheckError),
)
_CHECKED: Final = OneRow(*_PARTS)


def _checked_rows(found: Iterable[StoredRow], unless: bytes | None) -> CheckedRows | None:
    """Return what ``_CHECKED`` has read, None if its digest is still the same."""
    ((*texts,),) = found
    digest = blake2b("\n".join(texts).encode(), digest_size=16).digest()
    if digest == unless:
        return None
    *rows, _ = [rows_in(kind, from_json(text)) for (_, kind), text in zip(_PARTS, texts, strict=True)]
    return CheckedRows(digest, *rows)


class UnitOfWork:
    """Reads and writes states, history, incidents and outbox rows inside one transaction."""

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection

    async def checked_rows(self, guild_id: int, provider: str, unless: bytes | None) -> CheckedRows | None:
        """Return what ``MonitoringStore.checked_rows`` returns."""
        key = {"guild_id": guild_id, "provider": provider}
        return _checked_rows(await self._connection.rows(_CHECKED.sql(self._connection), key), unless)

    async def subjects(self, guild_id: int, provider: str) -> list[WatchedRow]:
        """Return everything that is watched in a guild and belongs to one provider."""
        query = QUERIES.list_subjects
        return await fetch(self._connection, WatchedRow, query, guild_id=guild_id, provider=provider)

    async def orphans(self, guild_id: int) -> list[WatchedRow]:
        """Return what belongs to connections of a guild that were removed."""
        return await fetch(self._connection, WatchedRow, QUERIES.list_orphans, guild_id=guild_id)

    async def put(self, *rows: WatchedRow) -> None:
        """Store states. This does not change whether they are muted."""
        await self._run_for_each(QUERIES.put_watched, map(_values, rows))

    async def stop_watching(self, row: WatchedRow, at: int) -> None:
        """Delete a row, and close its incident: nobody can find out any more how that goes on."""
        latest = await self.latest_incident(row)
        if latest is not None and latest.closed_at is None:
            await self.change(replace(latest, closed_at=at, ended=UNWATCHED), at)
            key = {"guild_id": row.guild_id, "incident": latest.number}
            await ALERTS.drop_incident_pending(self._connection, **key)
        await self.drop(row)

    async def drop(self, *rows: WatchedRow) -> None:
        """Delete rows."""
        await self._run_for_each(QUERIES.delete_watched, map(_values, rows))

    async def transitions(self, rows: Iterable[tuple[WatchedRow, int]]) -> None:
        """Store in the history that integrations are in the rows' states from these times on."""
        await self._run_for_each(HISTORY.put_transition, ({**_values(row), "at": at} for row, at in rows))

    async def check(self, row: CheckRow) -> bool:
        """Store a connection's last check; return False, storing nothing, if the connection is gone.

        If ``answered_at`` is None, the stored time of the last answer stays.
        """
        stored: int = await QUERIES.put_check(self._connection, **asdict(row))
        return stored == 1

    async def repeat_checks(self, rows: Iterable[CheckRow]) -> None:
        """Store the last checks of several connections as ``check`` does."""
        await self._run_for_each(QUERIES.put_check, map(asdict, rows))

    async def forget_checks(self, guild_id: int) -> None:
        """Delete the last checks of a guild's connections that were removed."""
        await QUERIES.delete_orphan_checks(self._connection, guild_id=guild_id)

    async def checks(self, guild_id: int, provider: str) -> dict[str, CheckRow]:
        """Return the last checks of a guild's connections with a provider, by the connection's name."""
        checks = await fetch(self._connection, CheckRow, QUERIES.list_checks, guild_id=guild_id)
        return {check.connection: check for check in checks if check.provider == provider}

    async def open_incidents(self, guild_id: int, provider: str) -> list[Incident]:
        """Return a guild's open incidents with a provider."""
        return await fetch(self._connection, Incident, ALERTS.list_open, guild_id=guild_id, provider=provider)

    async def latest_incident(self, row: WatchedRow) -> Incident | None:
        """Return the newest incident of a row."""
        return await fetch_one(self._connection, Incident, ALERTS.latest_incident, **asdict(row))

    async def open(self, incident: Incident) -> Incident:
        """Store a new incident with the guild's next number, and return it with that number."""
        number = await ALERTS.next_incident(self._connection, guild_id=incident.guild_id)
        numbered = replace(incident, number=number)
        await ALERTS.put_incident(self._connection, **asdict(numbered))
        return numbered

    async def report(self, incident: Incident, route: int, at: int) -> None:
        """Have a route's alerts tell of an incident; do nothing where they do or will."""
        await ALERTS.report_incident(
            self._connection,
            guild_id=incident.guild_id,
            route=route,
            incident=incident.number,
            due_at=at,
            silent=False,
        )

    async def change(self, incident: Incident, now: int) -> None:
        """Store a changed incident, and make its alerts due. This does not change who acknowledged it."""
        await ALERTS.put_incident(self._connection, **asdict(incident))
        await self.look_again(incident, now)

    async def look_again(self, incident: Incident, now: int) -> None:
        """Make what tells of an incident due."""
        key = {"guild_id": incident.guild_id, "incident": incident.number}
        await ALERTS.arm_incident(self._connection, **key, now=now)
        await ALERTS.arm_incident_pending(self._connection, **key, now=now)

    async def _run_for_each(self, query: Query, values: Iterable[Mapping[str, object]]) -> None:
        """Run a writing query several times: to hand one to the thread takes longer than it does there."""
        if found := list(values):
            await self._connection.change_many(query.sql, found)


def _values(row: WatchedRow) -> dict[str, object]:
    """Return what ``asdict`` returns, in a tenth of the time."""
    return {name: getattr(row, name) for name in WATCHED_FIELDS}
