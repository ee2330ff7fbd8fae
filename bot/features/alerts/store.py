"""Rows of ``route``, ``board``, ``outbox`` and ``alert_incident``: what a guild is told, and where."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.rows import fetch
from bot.store.steps import write_in_steps

QUERIES: Final = load_queries("bot.features.alerts")

RETRY_SECONDS: Final = 3600
"""A channel that has refused something is tried again after so long."""
RETRY_SPACING_SECONDS: Final = 60
"""What happens in a guild has its channels tried again, but so often at most."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One of the places where a guild's alerts go. number: counted from 1 in each guild.

    role_id: who is mentioned, None for nobody. provider, integration: what the route is about, empty for
    everything; an integration comes with its provider. states: separated by commas. partial: whether an agent
    that can answer in some of its channels only opens an incident. checks: how many bad ones in a row open an
    incident. remind: seconds between reminders, 0 for none. second_role_id: who is mentioned after
    ``escalate`` seconds without an acknowledgement, 0 for never. recovery: one of ``Recovery``. suspended:
    why the channel takes nothing at present, empty while it takes alerts; refused_at: when it refused last;
    retry_at: when it is tried again.
    is_reported: whether a manager was told of that.
    """

    guild_id: int
    number: int
    channel_id: int
    role_id: int | None
    states: str
    checks: int
    remind: int
    set_by: int
    set_at: int
    provider: str = ""
    integration: str = ""
    partial: bool = False
    second_role_id: int | None = None
    escalate: int = 0
    recovery: str = "quiet"
    suspended: str = ""
    refused_at: int | None = None
    retry_at: int | None = None
    is_reported: bool = False


class MessageKind(StrEnum):
    """What a message in the outbox is."""

    ALERT = "alert"
    """Tells of incidents that began together."""
    RECOVERY = "recovery"
    """Replies to an alert once all its incidents are over."""
    SUMMARY = "summary"
    """Tells at the end of quiet hours what happened during them."""
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that Discord has to show. Times are whole seconds since 1970, UTC.

    route: the route's number, 0 for a board. number: the first incident's for an alert and its recovery, the
    end of the quiet hours in minutes since 1970 for a summary, 0 for a board. channel_id: where the message
    is, or is being posted; None while it is nowhere. message_id: None with a channel where somebody has
    deleted it. old_channel_id, old_message_id: the message that this one replaces, while that has to be
    deleted. posts: how often it was posted. desired_version, sent_version: numbers that grow; the message is
    up to date where they are equal. tried_at: since when it is not known whether a message was posted. tries:
    how often in a row sending failed; error: why it failed last. posted_at: when it was posted last; of a
    board that was never posted, when it was set. next_at: when something is due, None for nothing. content:
    a hash of what a board shows, empty where that is not known. began_at: when the first incident of an
    alert was reported, when the quiet hours of a summary began. edited_at: when it was edited last. told_at:
    when it first told somebody, with a mention if the route has a role; None while quiet hours delay that.
    mentioned_at: when it told somebody last. escalated_at: when it mentioned the second role.
    """

    guild_id: int
    kind: str
    route: int
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
    began_at: int = 0
    edited_at: int | None = None
    told_at: int | None = None
    mentioned_at: int | None = None
    escalated_at: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """Where a guild's board belongs. suspended to is_reported: as in RouteRow."""

    guild_id: int
    channel_id: int
    set_by: int
    suspended: str = ""
    refused_at: int | None = None
    retry_at: int | None = None
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class PendingRow:
    """An incident that a route has to tell of, before it is decided in which alert.

    due_at: since when it is to be reported. silent: whether it mentions nobody.
    """

    guild_id: int
    route: int
    incident: int
    alert: int | None
    due_at: int
    silent: bool
    next_at: int | None


@dataclass(frozen=True, slots=True)
class LatestAlert:
    """A route's newest alert. number to message_id: as in OutboxRow.

    silent: whether it mentions nobody. open_count: its open incidents.
    """

    number: int
    began_at: int
    posts: int
    tried_at: int | None
    channel_id: int | None
    message_id: int | None
    silent: bool
    open_count: int

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted its message."""
        return self.channel_id is not None and self.message_id is None and self.tried_at is None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages of a route that could not be sent. route: 0 for the board. why: of the last try."""

    route: int
    why: str
    count: int
    next_at: int | None


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """How many messages of one kind are to be seen to now, and how many could not be sent, in all guilds."""

    kind: str
    due: int
    failing: int


class AlertStore:
    """Every call names the guild that it is for, except those that concern all guilds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def takes_writes(self) -> bool:
        """Tell whether the database takes writes; while it takes none, this tries one."""
        return await self._database.takes_writes()

    async def routes(self, guild_id: int) -> list[RouteRow]:
        """Return the guild's routes by their numbers."""
        return await self._database.fetch(RouteRow, QUERIES.list_routes, guild_id=guild_id)

    async def route(self, guild_id: int, number: int) -> RouteRow | None:
        """Return one of the guild's routes."""
        return await self._database.fetch_one(RouteRow, QUERIES.get_route, guild_id=guild_id, number=number)

    async def suspend_routes(
        self,
        guild_id: int,
        channel_id: int,
        *,
        why: str,
        now: int,
        retry_at: int,
        is_reported: bool,
    ) -> None:
        """Note that a channel has refused, for all routes that lead there."""
        await self._database.write(
            QUERIES.suspend_routes,
            guild_id=guild_id,
            channel_id=channel_id,
            suspended=why,
            refused_at=now,
            retry_at=retry_at,
            is_reported=is_reported,
        )

    async def resume(self, guild_id: int, channel_id: int, now: int) -> bool:
        """Note that a channel takes alerts again, and have them sent; return False if it was no news."""
        key = {"guild_id": guild_id, "channel_id": channel_id}

        async def work(connection: WritingConnection) -> bool:
            resumed: int = await QUERIES.resume_routes(connection, **key)
            await QUERIES.retry_channel(connection, **key, now=now)
            if resumed:
                await QUERIES.arm_all_alerts(connection, guild_id=guild_id, now=now)
            return resumed > 0

        return await self._database.transact(work)

    async def retry(self, guild_id: int, now: int) -> None:
        """Have what could not be sent tried again, each channel once in ``RETRY_SPACING_SECONDS`` at most."""
        values = {"guild_id": guild_id, "now": now, "spacing": RETRY_SPACING_SECONDS}

        async def work(connection: WritingConnection) -> None:
            await QUERIES.retry_routes(connection, **values)
            await QUERIES.retry_board(connection, **values)
            await QUERIES.retry_messages(connection, guild_id=guild_id, now=now)
            await QUERIES.arm_suspended(connection, guild_id=guild_id, now=now)

        await self._database.transact(work)

    async def idle_suspended(self, now: int) -> list[tuple[int, int]]:
        """Return guilds with channels that had refused, are to be tried, and are to be sent nothing."""
        rows = await self._database.read_all(QUERIES.list_idle_suspended, now=now)
        return [(row["guild_id"], row["channel_id"]) for row in rows]

    async def count_waiting(self, now: int) -> list[WaitingMessages]:
        """Count the messages of all guilds that wait. now: seconds since 1970."""
        return await self._database.fetch(WaitingMessages, QUERIES.count_waiting, now=now)

    async def board(self, guild_id: int) -> BoardRow | None:
        """Return where the guild's board belongs."""
        return await self._database.fetch_one(BoardRow, QUERIES.get_board, guild_id=guild_id)

    async def boards(self) -> list[BoardRow]:
        """Return where the boards of all guilds belong."""
        return await self._database.fetch(BoardRow, QUERIES.list_boards)

    async def put_board(self, row: BoardRow, now: int) -> None:
        """Have a board posted, in place of another one; that one's message is to be deleted."""

        async def work(connection: WritingConnection) -> None:
            await QUERIES.put_board(connection, **asdict(row))
            await add_message(connection, row.guild_id, MessageKind.BOARD, 0, 0, began_at=now, next_at=now)
            await QUERIES.replace_board(connection, guild_id=row.guild_id, now=now)

        await self._database.transact(work)

    async def suspend_board(
        self, guild_id: int, channel_id: int, *, why: str, now: int, retry_at: int, is_reported: bool
    ) -> None:
        """Note that the board's channel has refused."""
        await self._database.write(
            QUERIES.suspend_board,
            guild_id=guild_id,
            channel_id=channel_id,
            suspended=why,
            refused_at=now,
            retry_at=retry_at,
            is_reported=is_reported,
        )

    async def resume_board(self, guild_id: int) -> None:
        """Note that the board's channel takes it again."""
        await self._database.write(QUERIES.resume_board, guild_id=guild_id)

    async def delete_board(self, guild_id: int, channel_id: int) -> bool:
        """Forget the guild's board in that channel, and its message; return False if there is none."""

        async def work(connection: WritingConnection) -> bool:
            deleted: int = await QUERIES.delete_board(connection, guild_id=guild_id, channel_id=channel_id)
            if deleted:
                await QUERIES.delete_message(
                    connection, guild_id=guild_id, kind=MessageKind.BOARD, route=0, number=0
                )
            return deleted == 1

        return await self._database.transact(work)

    async def message(self, guild_id: int, kind: str, route: int = 0, number: int = 0) -> OutboxRow | None:
        """Return one of the guild's messages."""
        return await self._database.fetch_one(
            OutboxRow, QUERIES.get_message, guild_id=guild_id, kind=kind, route=route, number=number
        )

    async def due_lanes(self, now: int) -> list[tuple[int, str]]:
        """Return for which guilds something is due, for the board or for the other messages; these first."""
        rows = await self._database.read_all(QUERIES.list_due_lanes, now=now)
        return [(row["guild_id"], row["lane"]) for row in rows]

    async def due(self, guild_id: int, lane: str, now: int) -> list[OutboxRow]:
        """Return the guild's messages for which something is due, in the order in which they are sent."""
        is_board = lane == MessageKind.BOARD
        return await self._database.fetch(
            OutboxRow, QUERIES.list_due, guild_id=guild_id, is_board=is_board, now=now
        )

    async def next_due(self, now: int) -> int | None:
        """Return when something is due after now, None for never."""
        row = await self._database.read(QUERIES.next_due, now=now)
        return None if row is None else row[0]

    async def note(self, row: OutboxRow, seen: OutboxRow) -> None:
        """Store how sending went. seen: the row as it was read; what has come since then stays due."""
        values = asdict(row)
        del values["desired_version"]
        await self._database.write(QUERIES.note_message, **values, seen_version=seen.desired_version)

    async def set_back(self, now: int, *, is_known: bool) -> None:
        """Correct times that lie in the future, because the clock was set back.

        is_known: whether it surely was. Then everything that waits is looked at again.
        """
        await write_in_steps(self._database, "outbox", QUERIES.set_back, now=now)
        await write_in_steps(self._database, "alert_incident", QUERIES.set_back_pending, now=now)

        async def work(connection: WritingConnection) -> None:
            await QUERIES.set_back_routes(connection, now=now, latest=now + RETRY_SECONDS)
            await QUERIES.set_back_boards(connection, now=now, latest=now + RETRY_SECONDS)
            if is_known:
                await QUERIES.arm_later(connection, now=now)
                await QUERIES.arm_later_pending(connection, now=now)

        await self._database.transact(work)


async def add_message(
    connection: WritingConnection,
    guild_id: int,
    kind: MessageKind,
    route: int,
    number: int,
    *,
    began_at: int,
    next_at: int,
) -> None:
    """Add a message to the outbox in a transaction; do nothing where there is one."""
    await QUERIES.add_message(
        connection,
        guild_id=guild_id,
        kind=kind,
        route=route,
        number=number,
        began_at=began_at,
        next_at=next_at,
    )


async def read_routes(connection: WritingConnection, guild_id: int) -> list[RouteRow]:
    """Return the guild's routes in a transaction."""
    return await fetch(connection, RouteRow, QUERIES.list_routes, guild_id=guild_id)


async def arm_all(connection: WritingConnection, guild_id: int, now: int) -> None:
    """Look at all of a guild's alerts again, in a transaction: what holds them back has changed."""
    await QUERIES.arm_all_alerts(connection, guild_id=guild_id, now=now)
    await QUERIES.arm_pending(connection, guild_id=guild_id, now=now)
