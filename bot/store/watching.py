"""Rows of ``watched``, ``last_check``, ``history`` and ``incident``: how integrations are and were doing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from bot.store.alerts import RouteRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiosqlite

    from bot.store.database import Database

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """Something that can be well or not. Times are whole seconds since 1970, UTC.

    kind: ``integration``, ``connection`` or ``provider``. id: the integration's, the connection's name, the
    provider's slug. connection: through which it is read, empty for a provider. changed_at: since when it is
    in this state. bad, good: checks in a row; bad_at: the first of the bad ones. muted_until_at: None while
    nobody muted it; put with ``mute`` alone. found: the last state but ``unknown``, empty where it never had
    one.
    """

    guild_id: int
    kind: str
    provider: str
    id: str
    connection: str
    label: str
    state: str
    detail: str
    changed_at: int
    bad: int = 0
    good: int = 0
    bad_at: int | None = None
    muted_until_at: int | None = None
    muted_by: int | None = None
    found: str = ""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A connection's last check: when it was, and why there was no answer, empty where there was one.

    answered_at: when its provider last answered, None while it never did.
    """

    guild_id: int
    provider: str
    connection: str
    checked_at: int
    answered_at: int | None
    error: str


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """From when on an integration was in a state."""

    at: int
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """From the first bad check to the last bad one. number: counted from 1 in each guild.

    kind to detail: as in WatchedRow, as of the last bad check. closed_at: None while it is open. ended: why
    it was closed: ``recovered`` or ``unwatched``, empty while it is open. reopened: how often it came back
    soon after it was closed. acknowledged_by: a member's id; put with ``acknowledge`` alone.
    """

    guild_id: int
    number: int
    kind: str
    provider: str
    id: str
    connection: str
    label: str
    state: str
    detail: str
    opened_at: int
    closed_at: int | None = None
    ended: str = ""
    reopened: int = 0
    acknowledged_by: int | None = None
    acknowledged_at: int | None = None


class WatchStore:
    """Every call names the guild that it is for, but for those that look after all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def watched(self, guild_id: int) -> list[WatchedRow]:
        """Return all that is watched in a guild."""
        rows = await self._database.read_all(self._database.queries.list_watched, guild_id=guild_id)
        return [WatchedRow(**dict(row)) for row in rows]

    async def checks(self, guild_id: int) -> list[CheckRow]:
        """Return the last check of each of the guild's connections that was checked at all."""
        rows = await self._database.read_all(self._database.queries.list_checks, guild_id=guild_id)
        return [CheckRow(**dict(row)) for row in rows]

    async def history(
        self, guild_id: int, provider: str, integration_id: str, since: int
    ) -> list[TransitionRow]:
        """Return an integration's transitions, oldest first, with the one that was in force at ``since``."""
        rows = await self._database.read_all(
            self._database.queries.list_history,
            guild_id=guild_id,
            provider=provider,
            id=integration_id,
            since=since,
        )
        return [TransitionRow(**dict(row)) for row in rows]

    async def incidents(self, guild_id: int, since: int) -> list[IncidentRow]:
        """Return the guild's incidents that were open at some time since then, newest first."""
        rows = await self._database.read_all(
            self._database.queries.list_incidents, guild_id=guild_id, since=since
        )
        return [IncidentRow(**dict(row)) for row in rows]

    async def incident(self, guild_id: int, number: int) -> IncidentRow | None:
        """Return one of the guild's incidents."""
        row = await self._database.read(self._database.queries.get_incident, guild_id=guild_id, number=number)
        return None if row is None else IncidentRow(**dict(row))

    async def muted_until(self, guild_id: int, kind: str, provider: str, subject: str) -> int | None:
        """Return until when something is muted, which may be over; None where nobody muted it."""
        row = await self._database.read(
            self._database.queries.get_muted, guild_id=guild_id, kind=kind, provider=provider, id=subject
        )
        return None if row is None else row["muted_until_at"]

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
        """Mute an integration, None for no longer; return False if none of that id is watched."""
        queries = self._database.queries

        async def work(connection: aiosqlite.Connection) -> bool:
            muted: int = await queries.mute_watched(
                connection,
                guild_id=guild_id,
                provider=provider,
                id=integration_id,
                muted_until_at=until,
                muted_by=member_id,
            )
            await queries.arm_integration(
                connection, guild_id=guild_id, provider=provider, id=integration_id, now=now
            )
            return muted == 1

        return await self._database.transact(work)

    async def acknowledge(self, guild_id: int, number: int, member_id: int, now: int) -> bool:
        """Note who looks after an incident; return False if it is closed, or somebody does already."""
        queries = self._database.queries

        async def work(connection: aiosqlite.Connection) -> bool:
            noted: int = await queries.acknowledge_incident(
                connection, guild_id=guild_id, number=number, acknowledged_by=member_id, acknowledged_at=now
            )
            if noted:
                await queries.arm_alert(connection, guild_id=guild_id, number=number, now=now)
            return noted == 1

        return await self._database.transact(work)

    async def compact(self, before: int) -> None:
        """Forget what was over before that time."""
        queries = self._database.queries

        async def work(connection: aiosqlite.Connection) -> None:
            await queries.compact_history(connection, before=before)
            await queries.compact_alerts(connection, before=before)
            await queries.compact_incidents(connection, before=before)

        await self._database.transact(work)

    async def transact(self, work: Callable[[Ledger], Awaitable[ResultT]]) -> ResultT:
        """Do all of it or nothing."""
        return await self._database.transact(
            lambda connection: work(Ledger(connection, self._database.queries))
        )


class Ledger:
    """Reads and writes inside one transaction."""

    def __init__(self, connection: aiosqlite.Connection, queries: object) -> None:
        self._connection = connection
        self._queries: Any = queries

    async def route(self, guild_id: int) -> RouteRow | None:
        """Return the guild's route."""
        row = await self._queries.get_route(self._connection, guild_id=guild_id)
        return None if row is None else RouteRow(**dict(row))

    async def subjects(self, guild_id: int, provider: str) -> list[WatchedRow]:
        """Return all that is watched in a guild of one provider."""
        rows = self._queries.list_subjects(self._connection, guild_id=guild_id, provider=provider)
        return [WatchedRow(**dict(row)) async for row in rows]

    async def orphans(self) -> list[WatchedRow]:
        """Return what belongs to connections that are no longer there."""
        return [WatchedRow(**dict(row)) async for row in self._queries.list_orphans(self._connection)]

    async def put(self, row: WatchedRow) -> None:
        """Store what was found; who muted it stays as it is."""
        values = asdict(row)
        del values["muted_until_at"], values["muted_by"]
        await self._queries.put_watched(self._connection, **values)

    async def drop(self, row: WatchedRow) -> None:
        """Watch it no longer."""
        await self._queries.delete_watched(
            self._connection, guild_id=row.guild_id, kind=row.kind, provider=row.provider, id=row.id
        )

    async def transition(self, row: WatchedRow, at: int) -> None:
        """Note in the history that an integration is as the row says from then on."""
        await self._queries.put_transition(
            self._connection,
            guild_id=row.guild_id,
            provider=row.provider,
            id=row.id,
            at=at,
            state=row.state,
            detail=row.detail,
        )

    async def check(self, row: CheckRow) -> bool:
        """Store a connection's last check; without a time of its own, the last answer stays.

        Return False, storing nothing, if the connection is gone.
        """
        stored: int = await self._queries.put_check(self._connection, **asdict(row))
        return stored == 1

    async def forget_checks(self) -> None:
        """Forget the checks of connections that are no longer there."""
        await self._queries.delete_orphan_checks(self._connection)

    async def checks(self, guild_id: int, provider: str) -> dict[str, CheckRow]:
        """Return the last checks of a guild's connections with a provider, by the connections' names."""
        rows = self._queries.list_checks(self._connection, guild_id=guild_id)
        checks = [CheckRow(**dict(row)) async for row in rows]
        return {check.connection: check for check in checks if check.provider == provider}

    async def open_incidents(self, guild_id: int, provider: str) -> list[IncidentRow]:
        """Return a guild's open incidents with a provider."""
        rows = self._queries.list_open(self._connection, guild_id=guild_id, provider=provider)
        return [IncidentRow(**dict(row)) async for row in rows]

    async def latest_incident(self, row: WatchedRow) -> IncidentRow | None:
        """Return the newest incident of what is watched."""
        found = await self._queries.latest_incident(
            self._connection, guild_id=row.guild_id, kind=row.kind, provider=row.provider, id=row.id
        )
        return None if found is None else IncidentRow(**dict(found))

    async def open(self, incident: IncidentRow, *, announce_at: int | None) -> None:
        """Store a new incident under the next number.

        announce_at: when its alert is due, None for no alert.
        """
        number = await self._queries.next_incident(self._connection, guild_id=incident.guild_id)
        await self._queries.put_incident(self._connection, **asdict(replace(incident, number=number)))
        if announce_at is not None:
            await self.announce(incident.guild_id, number, announce_at)

    async def announce(self, guild_id: int, number: int, now: int) -> None:
        """Have an alert tell of an incident, if none does yet."""
        await self._queries.put_alert(self._connection, guild_id=guild_id, number=number, now=now)

    async def change(self, incident: IncidentRow, now: int) -> None:
        """Store how an incident goes on, and have its alert say so. Who acknowledged it stays as it is."""
        await self._queries.put_incident(self._connection, **asdict(incident))
        await self._queries.arm_alert(
            self._connection, guild_id=incident.guild_id, number=incident.number, now=now
        )
