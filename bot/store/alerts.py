"""Rows of ``route``, ``alert`` and ``board``: where a guild is told, what it was told, and what it sees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiosqlite

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Where a guild's alerts go. role_id: who is mentioned, None for nobody. states: separated by commas.

    checks: how many bad ones in a row open an incident. remind: seconds between reminders, 0 for none. lost:
    why the channel takes nothing any more, empty while it does.
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


@dataclass(frozen=True, slots=True)
class AlertRow:
    """The message that tells of an incident, of the same number. Times are whole seconds since 1970, UTC.

    channel_id: where it stands or is being posted, None while nowhere. message_id: None with a channel where
    somebody has deleted it. old_message_id: in the same channel, the one that it takes the place of, while
    that is to be deleted. posts: how often it was posted. wanted, shown: numbers that grow; it is up to date
    where they are equal. tried_at: since when nobody knows whether a message was posted. tries: how often
    in a row sending failed. told_at: when it was posted last. next_at: when something is due,
    None for nothing.
    """

    guild_id: int
    number: int
    channel_id: int | None
    message_id: int | None
    old_message_id: int | None
    posts: int
    wanted: int
    shown: int
    tried_at: int | None
    tries: int
    told_at: int | None
    next_at: int | None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """The message that stays live.

    message_id: None while it is to be posted. posted_at: when it was, or when that was first tried. content:
    a hash of what it shows. old_channel_id, old_message_id: the one that it takes the place of, while that
    is to be deleted.
    """

    guild_id: int
    channel_id: int
    message_id: int | None
    posted_at: int
    content: str
    set_by: int
    old_channel_id: int | None = None
    old_message_id: int | None = None


class AlertStore:
    """Every call names the guild that it is for, but for those that look after all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def route(self, guild_id: int) -> RouteRow | None:
        """Return the guild's route."""
        row = await self._database.read(self._database.queries.get_route, guild_id=guild_id)
        return None if row is None else RouteRow(**dict(row))

    async def put_route(self, row: RouteRow, now: int) -> None:
        """Store a route in the place of another one; what is open, and what could not be sent, is due now."""
        queries = self._database.queries

        async def work(connection: aiosqlite.Connection) -> None:
            await queries.put_route(connection, **asdict(row))
            await queries.announce_open(connection, guild_id=row.guild_id, now=now)
            await queries.arm_all(connection, guild_id=row.guild_id, now=now)

        await self._database.transact(work)

    async def delete_route(self, guild_id: int) -> bool:
        """Delete the route; return False if there was none."""
        return await self._database.write(self._database.queries.delete_route, guild_id=guild_id) == 1

    async def lose_route(self, guild_id: int, channel_id: int, why: str) -> bool:
        """Note that the route's channel takes nothing any more.

        Return False if that is known already, or the route leads elsewhere by now.
        """
        lost = await self._database.write(
            self._database.queries.lose_route, guild_id=guild_id, channel_id=channel_id, lost=why
        )
        return lost == 1

    async def alert(self, guild_id: int, number: int) -> AlertRow | None:
        """Return an incident's alert, None where it has none."""
        row = await self._database.read(self._database.queries.get_alert, guild_id=guild_id, number=number)
        return None if row is None else AlertRow(**dict(row))

    async def due_guilds(self, now: int) -> list[int]:
        """Return the guilds for whose alerts something is due."""
        rows = await self._database.read_all(self._database.queries.list_due_guilds, now=now)
        return [row["guild_id"] for row in rows]

    async def due(self, guild_id: int, now: int) -> list[AlertRow]:
        """Return the guild's alerts for which something is due, the oldest incident's first."""
        rows = await self._database.read_all(self._database.queries.list_due, guild_id=guild_id, now=now)
        return [AlertRow(**dict(row)) for row in rows]

    async def next_due(self, now: int) -> int | None:
        """Return when something is due after now, None for never."""
        row = await self._database.read(self._database.queries.next_due, now=now)
        return None if row is None else row[0]

    async def note(self, row: AlertRow, seen: AlertRow) -> None:
        """Store how sending went. seen: the alert as it was read; what has come since then stays due."""
        values = asdict(row)
        del values["wanted"]
        await self._database.write(self._database.queries.note_alert, **values, seen_wanted=seen.wanted)

    async def board(self, guild_id: int) -> BoardRow | None:
        """Return the guild's board."""
        row = await self._database.read(self._database.queries.get_board, guild_id=guild_id)
        return None if row is None else BoardRow(**dict(row))

    async def boards(self) -> list[BoardRow]:
        """Return the boards of all guilds."""
        rows = await self._database.read_all(self._database.queries.list_boards)
        return [BoardRow(**dict(row)) for row in rows]

    async def put_board(self, row: BoardRow) -> None:
        """Store a board in the place of another one."""
        await self._database.write(self._database.queries.put_board, **asdict(row))

    async def note_board(self, row: BoardRow) -> None:
        """Store what became of a board, unless it was deleted meanwhile or is to stand in another channel."""
        await self._database.write(self._database.queries.note_board, **asdict(row))

    async def delete_board(self, guild_id: int, channel_id: int) -> bool:
        """Delete the guild's board in that channel; return False if there is none."""
        queries = self._database.queries
        deleted = await self._database.write(queries.delete_board, guild_id=guild_id, channel_id=channel_id)
        return deleted == 1
