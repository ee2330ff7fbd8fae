"""Stores which alert of which route tells of an incident, and what follows for the outbox."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, replace
from typing import TypeVar

from bot.errors import InvalidInputError
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.store import (
    QUERIES,
    LatestAlert,
    MessageKind,
    OutboxRow,
    PendingRow,
    RouteRow,
    add_message,
    arm_all,
    read_routes,
)
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.rows import fetch, fetch_one

ResultT = TypeVar("ResultT")


class GroupStore:
    """Every call names the guild that it is for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_route(
        self, row: RouteRow, now: int, incidents: Mapping[int, bool], *, most: int
    ) -> RouteRow | None:
        """Store a route, and return it with its number; 0 asks for a new one.

        Return None if there is no route with that number, or if there are as many as ``most`` already. Raises
        InvalidInputError("same_rule") if another route posts the same alerts in the channel already.
        incidents: the numbers of the open ones of which it tells, each with whether it mentions nobody. They
        are told of in one message; in another channel than before, this replaces the messages that there are.
        Of other incidents the route tells no more: they are taken out of its messages.
        """

        async def work(connection: WritingConnection) -> RouteRow | None:
            guild_id = row.guild_id
            routes = {each.number: each for each in await read_routes(connection, guild_id)}
            before = routes.get(row.number)
            if (before is None) is bool(row.number) or (before is None and len(routes) >= most):
                return None
            # Looked for in the transaction: two members may ask for the same at once.
            for each in routes.values():
                if each.number != row.number and _what_and_where(each) == _what_and_where(row):
                    raise InvalidInputError("same_rule", number=each.number)
            number = row.number or await QUERIES.next_route(connection, guild_id=guild_id)
            stored = replace(row, number=number)
            await QUERIES.put_route(connection, **asdict(stored))
            await _release_others(connection, guild_id, number, incidents, now)
            if before is None or before.channel_id != stored.channel_id:
                await _gather(connection, guild_id, number, now)
            key = {"guild_id": guild_id, "route": number}
            for incident, silent in incidents.items():
                await QUERIES.report_incident(connection, **key, incident=incident, due_at=now, silent=silent)
            await arm_all(connection, guild_id, now)
            return stored

        return await self._database.transact(work)

    async def delete_route(self, guild_id: int, number: int) -> bool:
        """Delete a route and what it has not told of yet; return False if there was none."""

        async def work(connection: WritingConnection) -> bool:
            deleted: int = await QUERIES.delete_route(connection, guild_id=guild_id, number=number)
            await QUERIES.drop_pending(connection, guild_id=guild_id, route=number)
            return deleted == 1

        return await self._database.transact(work)

    async def pending(self, guild_id: int, now: int) -> list[PendingRow]:
        """Return the incidents for which it is to be decided now which alert tells of them."""
        return await self._database.fetch(PendingRow, QUERIES.list_pending, guild_id=guild_id, now=now)

    async def members(self, guild_id: int, route: int, alert: int) -> list[Incident]:
        """Return the incidents of which an alert tells, by their numbers."""
        return await self._database.fetch(
            Incident, QUERIES.list_members, guild_id=guild_id, route=route, alert=alert
        )

    async def is_silent(self, guild_id: int, route: int, alert: int) -> bool:
        """Tell whether an alert is to mention nobody when it is posted."""
        row = await self._database.read(QUERIES.count_loud, guild_id=guild_id, route=route, alert=alert)
        return row is not None and row[0] == 0

    async def reported(self, guild_id: int, route: int, since: int, until: int) -> list[Incident]:
        """Return a route's incidents that were to be reported since then, and those that are open.

        Open ones whose alert tells somebody by itself, since ``until`` or soon, are left out.
        """
        return await self._database.fetch(
            Incident, QUERIES.list_reported, guild_id=guild_id, route=route, since=since, until=until
        )

    async def open_alerts(self, guild_id: int, route: int) -> list[OutboxRow]:
        """Return a route's posted alerts that tell of an open incident."""
        return await self._database.fetch(OutboxRow, QUERIES.list_open_alerts, guild_id=guild_id, route=route)

    async def untold_recoveries(self, guild_id: int, route: int) -> list[int]:
        """Return the numbers of the replies that quiet hours kept from mentioning somebody."""
        rows = await self._database.read_all(QUERIES.list_untold_recoveries, guild_id=guild_id, route=route)
        return [row["number"] for row in rows]

    async def has_summary(self, guild_id: int, route: int) -> bool:
        """Tell whether a summary of quiet hours is still to be posted."""
        row = await self._database.read(QUERIES.has_summary, guild_id=guild_id, route=route)
        return row is not None and row[0] > 0

    async def add_message(
        self, guild_id: int, kind: MessageKind, route: int, number: int, *, began_at: int, next_at: int
    ) -> None:
        """Add a message to the outbox; do nothing where there is one."""
        await self._database.transact(
            lambda connection: add_message(
                connection, guild_id, kind, route, number, began_at=began_at, next_at=next_at
            )
        )

    async def delay_mention(self, guild_id: int, route: int, *, since: int, until: int) -> None:
        """Have a summary posted at the end of the quiet hours. since, until: the quiet hours."""
        key = {"guild_id": guild_id, "route": route}

        async def work(connection: WritingConnection) -> None:
            rows = await connection.rows(QUERIES.pending_summary.sql, key)
            pending = next((row["number"] for row in rows), None)
            if pending == until // 60:
                return
            number = await QUERIES.next_summary(connection, **key, number=until // 60)
            if pending is None:
                await add_message(
                    connection, guild_id, MessageKind.SUMMARY, route, number, began_at=since, next_at=until
                )
            else:  # the quiet hours were changed
                await QUERIES.put_off_summary(connection, **key, number=pending, later=number, next_at=until)

        await self._database.transact(work)

    async def mark_told(self, guild_id: int, kind: MessageKind, route: int, number: int, now: int) -> None:
        """Note that a summary has told of what a message tells of."""
        await self._database.write(
            QUERIES.mark_told, guild_id=guild_id, kind=kind, route=route, number=number, now=now
        )

    async def release_joined(self, row: OutboxRow, now: int) -> None:
        """Report those incidents anew that joined an alert whose message somebody had deleted."""
        await self._database.write(
            QUERIES.release_joined,
            guild_id=row.guild_id,
            route=row.route,
            alert=row.number,
            posted_at=row.posted_at or 0,
            now=now,
        )

    async def transact(self, work: Callable[["GroupUnit"], Awaitable[ResultT]]) -> ResultT:
        """Run ``work`` in one transaction, and return its result."""
        return await self._database.transact(lambda connection: work(GroupUnit(connection)))


class GroupUnit:
    """Decides inside one transaction which alert tells of an incident."""

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection

    async def latest(self, guild_id: int, route: int) -> LatestAlert | None:
        """Return the route's newest alert."""
        return await fetch_one(
            self._connection, LatestAlert, QUERIES.latest_alert, guild_id=guild_id, route=route
        )

    async def begin(self, pending: PendingRow, now: int) -> None:
        """Have a new alert tell of the incident."""
        await add_message(
            self._connection,
            pending.guild_id,
            MessageKind.ALERT,
            pending.route,
            pending.incident,
            began_at=min(pending.due_at, now),
            next_at=now,
        )
        await self._assign(pending, pending.incident)

    async def join(self, pending: PendingRow, alert: int, now: int) -> None:
        """Have an alert that there is tell of the incident as well."""
        await self._assign(pending, alert)
        key = {"guild_id": pending.guild_id, "route": pending.route}
        await QUERIES.arm_alert(self._connection, **key, number=alert, now=now)

    async def drop(self, pending: PendingRow) -> None:
        """Tell nobody of the incident, now or later."""
        await self._assign(pending, 0)

    async def delay(self, pending: PendingRow, until: int) -> None:
        """Decide later."""
        key = {"guild_id": pending.guild_id, "route": pending.route, "incident": pending.incident}
        await QUERIES.delay_incident(self._connection, **key, next_at=until)

    async def _assign(self, pending: PendingRow, alert: int) -> None:
        key = {"guild_id": pending.guild_id, "route": pending.route, "incident": pending.incident}
        await QUERIES.assign_incident(self._connection, **key, alert=alert)


def _what_and_where(row: RouteRow) -> tuple[object, ...]:
    """Return which alerts a route posts, and in which channel."""
    return row.provider, row.integration, set(row.states.split(",")), bool(row.partial), row.channel_id


async def _release_others(
    connection: WritingConnection, guild_id: int, route: int, kept: Collection[int], now: int
) -> None:
    """Take the open incidents out of the route's alerts that are not to be kept."""
    key = {"guild_id": guild_id, "route": route}
    for row in await connection.rows(QUERIES.list_told_open.sql, key):
        if row["incident"] not in kept:
            await QUERIES.assign_incident(connection, **key, incident=row["incident"], alert=0)
            await QUERIES.arm_alert(connection, **key, number=row["alert"], now=now)
    await QUERIES.arm_emptied(connection, **key, now=now)


async def _gather(connection: WritingConnection, guild_id: int, route: int, now: int) -> None:
    """Have one alert tell of all the route's open incidents, instead of those that there are."""
    key = {"guild_id": guild_id, "route": route}
    open_alerts = await fetch(connection, OutboxRow, QUERIES.list_open_alerts, **key)
    if open_alerts:
        kept = open_alerts[0].number
        await QUERIES.gather_open(connection, **key, alert=kept)
        await QUERIES.renew_alert(connection, **key, number=kept, now=now)
        await QUERIES.arm_emptied(connection, **key, now=now)
    await QUERIES.silence_pending(connection, **key, now=now)
