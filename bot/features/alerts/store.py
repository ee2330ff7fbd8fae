"""Rows of ``route``, ``board`` and ``outbox``: where a guild's messages go, and what became of each."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import aiosqlite

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.alerts")


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Where a guild's alerts go. role_id: who is mentioned, None for nobody. states: separated by commas.

    checks: how many bad ones in a row open an incident. remind: seconds between reminders, 0 for none. lost:
    why the channel takes nothing any more, empty while it takes alerts. partial: whether an agent that can
    answer in some of its channels only opens an incident.
    """

    guild_id: int
    channel_id: int
    role_id: int | None
    states: str
    checks: int
    remind: int
    set_by: int
    set_at: int
    lost: str = ""
    partial: bool = False


class MessageKind(StrEnum):
    """What a message in the outbox is."""

    ALERT = "alert"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that Discord has to show. Times are whole seconds since 1970, UTC.

    number: the incident's for an alert, 0 for a board. channel_id: where the message is, or is being posted;
    None while it is nowhere. message_id: None with a channel where somebody has deleted it. old_channel_id,
    old_message_id: the message that this one replaces, while that has to be deleted. posts: how often it was
    posted. desired_version, sent_version: numbers that grow; the message is up to date where they are equal.
    tried_at: since when it is not known whether a message was posted. tries: how often in a row sending
    failed. posted_at: when it was posted last; of a board that was never posted, when it was set. next_at:
    when something is due, None for nothing. content: a hash of what a board shows, empty where that is not
    known.
    """

    guild_id: int
    kind: str
    number: int
    channel_id: int | None
    message_id: int | None
    old_channel_id: int | None
    old_message_id: int | None
    posts: int
    desired_version: int
    sent_version: int
    tried_at: int | None
    tries: int
    posted_at: int | None
    next_at: int | None
    content: str


@dataclass(frozen=True, slots=True)
class BoardRow:
    """Where a guild's board belongs."""

    guild_id: int
    channel_id: int
    set_by: int


class AlertStore:
    """Every call names the guild that it is for, except those that concern all guilds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def route(self, guild_id: int) -> RouteRow | None:
        """Return the guild's route."""
        return await self._database.fetch_one(RouteRow, QUERIES.get_route, guild_id=guild_id)

    async def put_route(self, row: RouteRow, now: int) -> None:
        """Store a route in place of another one; what is open, and what could not be sent, is due now."""

        async def work(connection: aiosqlite.Connection) -> None:
            await QUERIES.put_route(connection, **asdict(row))
            await QUERIES.announce_open(connection, guild_id=row.guild_id, now=now)
            await QUERIES.arm_all_alerts(connection, guild_id=row.guild_id, now=now)

        await self._database.transact(work)

    async def delete_route(self, guild_id: int) -> bool:
        """Delete the route; return False if there was none."""
        return await self._database.write(QUERIES.delete_route, guild_id=guild_id) == 1

    async def mark_route_lost(self, guild_id: int, channel_id: int, why: str) -> bool:
        """Note that the route's channel takes nothing any more.

        Return False if that is known already, or the route leads elsewhere by now.
        """
        marked = await self._database.write(
            QUERIES.mark_route_lost, guild_id=guild_id, channel_id=channel_id, lost=why
        )
        return marked == 1

    async def board(self, guild_id: int) -> BoardRow | None:
        """Return where the guild's board belongs."""
        return await self._database.fetch_one(BoardRow, QUERIES.get_board, guild_id=guild_id)

    async def boards(self) -> list[BoardRow]:
        """Return where the boards of all guilds belong."""
        return await self._database.fetch(BoardRow, QUERIES.list_boards)

    async def put_board(self, row: BoardRow, now: int) -> None:
        """Have a board posted, in place of another one; that one's message is to be deleted."""

        async def work(connection: aiosqlite.Connection) -> None:
            await QUERIES.put_board(connection, **asdict(row))
            await QUERIES.add_message(
                connection, guild_id=row.guild_id, kind=MessageKind.BOARD, number=0, now=now
            )
            await QUERIES.replace_board(connection, guild_id=row.guild_id, now=now)

        await self._database.transact(work)

    async def delete_board(self, guild_id: int, channel_id: int) -> bool:
        """Forget the guild's board in that channel, and its message; return False if there is none."""

        async def work(connection: aiosqlite.Connection) -> bool:
            deleted: int = await QUERIES.delete_board(connection, guild_id=guild_id, channel_id=channel_id)
            if deleted:
                await QUERIES.delete_message(connection, guild_id=guild_id, kind=MessageKind.BOARD, number=0)
            return deleted == 1

        return await self._database.transact(work)

    async def message(self, guild_id: int, kind: str, number: int = 0) -> OutboxRow | None:
        """Return one of the guild's messages."""
        return await self._database.fetch_one(
            OutboxRow, QUERIES.get_message, guild_id=guild_id, kind=kind, number=number
        )

    async def due_lanes(self, now: int) -> list[tuple[int, str]]:
        """Return for which guilds, and for which kinds of their messages, something is due; alerts first."""
        rows = await self._database.read_all(QUERIES.list_due_lanes, now=now)
        return [(row["guild_id"], row["kind"]) for row in rows]

    async def due(self, guild_id: int, kind: str, now: int) -> list[OutboxRow]:
        """Return the guild's messages for which something is due, the oldest incident's first."""
        return await self._database.fetch(OutboxRow, QUERIES.list_due, guild_id=guild_id, kind=kind, now=now)

    async def next_due(self, now: int) -> int | None:
        """Return when something is due after now, None for never."""
        row = await self._database.read(QUERIES.next_due, now=now)
        return None if row is None else row[0]

    async def note(self, row: OutboxRow, seen: OutboxRow) -> None:
        """Store how sending went. seen: the row as it was read; what has come since then stays due."""
        values = asdict(row)
        del values["desired_version"]
        await self._database.write(QUERIES.note_message, **values, seen_version=seen.desired_version)

    async def muted_until(self, guild_id: int, kind: str, provider: str, subject: str) -> int | None:
        """Return until when something is muted, which may be over; None where nobody muted it."""
        row = await self._database.read(
            QUERIES.get_muted, guild_id=guild_id, kind=kind, provider=provider, id=subject
        )
        return None if row is None else row["muted_until_at"]
