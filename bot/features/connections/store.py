"""Reads and writes the ``connection`` table."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.vault import Place

QUERIES: Final = load_queries("bot.features.connections")


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A guild's encrypted credentials with a provider. Times are seconds since 1970.

    refused_at: since when the provider refuses them, None while it does not. generation: a random number of
    these credentials. answered_at: when a check last had an answer through the connection, None if none had,
    and where it was not read.
    """

    guild_id: int
    provider: str
    name: str
    secret: bytes = field(repr=False)
    set_by: int
    set_at: int
    verified_at: int
    refused_at: int | None = None
    generation: int = 0
    answered_at: int | None = None

    @property
    def place(self) -> Place:
        """What the secret is bound to."""
        return Place(self.guild_id, self.provider, self.name, self.set_at, self.generation)


@dataclass(frozen=True, slots=True)
class WatchableRow:
    """A connection to check again and again. set_at: when its credentials were stored, in seconds since
    1970.
    """

    guild_id: int
    provider: str
    name: str
    set_at: int

    @property
    def key(self) -> tuple[int, str, str]:
        """Guild id, provider and name."""
        return self.guild_id, self.provider, self.name


@dataclass(frozen=True, slots=True)
class WatchListChange:
    """The connections to check of the guilds in which any may have changed.

    guilds: None for all.
    """

    rows: Sequence[WatchableRow]
    guilds: Collection[int] | None


class ConnectionStore:
    """Works on one guild at a time, except the watch list and what is for the encryption of all rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unread: set[int] | None = None
        """The guilds whose changes ``watch_list_change`` has not returned yet; None: of all."""

    async def of_guild(self, guild_id: int) -> list[ConnectionRow]:
        """Return a guild's connections, ordered by provider and name."""
        return await self._database.fetch(ConnectionRow, QUERIES.list_connections, guild_id=guild_id)

    async def watchable(self, guild_id: int | None) -> list[WatchableRow]:
        """Return the connections of one guild or of all guilds, except those that the bot was removed
        from.
        """
        query = QUERIES.list_all_watchable if guild_id is None else QUERIES.list_watchable
        return await self._database.fetch(WatchableRow, query, guild_id=guild_id)

    async def watch_list_change(self) -> WatchListChange:
        """Return what may have changed in the watch list since the last call, the whole list at first.

        The whole list is returned as well where another process has changed nobody knows what.
        """
        own = self._database.changed_connections.copy()
        self._database.changed_connections.clear()
        self._unread = _both(self._unread, own)
        # This waits for the transaction under way, which may have changed one of these guilds.
        self._unread = _both(self._unread, await self._database.foreign_changes())
        unread = self._unread
        if unread is None:
            rows = await self.watchable(None)
        else:
            rows = [row for guild_id in unread for row in await self.watchable(guild_id)]
        self._unread = set()
        return WatchListChange(rows, unread)

    async def insert(self, row: ConnectionRow) -> bool:
        """Store a new connection; return False, changing nothing, if the name is taken."""

        async def work(connection: WritingConnection) -> int:
            self._database.changed_connections.add(row.guild_id)
            inserted: int = await QUERIES.insert_connection(connection, **asdict(row))
            return inserted

        return await self._database.transact(work) == 1

    async def replace_secret(self, row: ConnectionRow) -> bool:
        """Store new credentials; return False if the connection is gone."""
        return await self._erase(QUERIES.replace_secret, **asdict(row)) == 1

    async def mark_verified(self, row: ConnectionRow, verified_at: int) -> None:
        """Store when the provider last accepted these credentials; other credentials are not marked."""
        await self._database.write(QUERIES.mark_verified, **asdict(replace(row, verified_at=verified_at)))

    async def mark_refused(self, row: ConnectionRow, refused_at: int) -> bool:
        """Store since when the provider refuses these credentials; return False if that was stored before."""
        values = asdict(replace(row, refused_at=refused_at))
        return await self._database.write(QUERIES.mark_refused, **values) == 1

    async def delete(self, guild_id: int, provider: str, name: str) -> bool:
        """Delete a connection; return False if there was none."""
        query = QUERIES.delete_connection
        return await self._erase(query, guild_id=guild_id, provider=provider, name=name) == 1

    async def count_unlike(self, beginning: bytes) -> int:
        """Count the secrets of all guilds that do not begin with these bytes."""
        row = await self._database.read(QUERIES.count_unlike, beginning=beginning)
        return 0 if row is None else row["secrets"]

    async def unlike(self, beginning: bytes, after: ConnectionRow | None, size: int) -> list[ConnectionRow]:
        """Return the next rows of all guilds whose secrets do not begin with these bytes.

        after: the last row of the step before, None for the first one.
        """
        guild_id, provider, name = (
            (0, "", "") if after is None else (after.guild_id, after.provider, after.name)
        )
        return await self._database.fetch(
            ConnectionRow,
            QUERIES.list_unlike,
            beginning=beginning,
            after_guild=guild_id,
            provider=provider,
            name=name,
            size=size,
        )

    async def reseal(self, rows: Sequence[tuple[ConnectionRow, ConnectionRow]]) -> int:
        """Replace rows by the same ones encrypted anew, all of them in one transaction; return how many were.

        rows: before and after. A row that was changed meanwhile stays as it is.
        """

        async def work(connection: WritingConnection) -> int:
            await self._database.mark_traces(connection)
            changed = 0
            for before, after in rows:
                changed += await QUERIES.reseal(connection, **asdict(after), before=before.secret)
            return changed

        return await self._database.transact(work)

    async def _erase(self, query: Callable[..., Awaitable[int]], guild_id: int, **values: object) -> int:
        """Run a query that deletes a secret, whose traces must leave the file as well."""

        async def work(connection: WritingConnection) -> int:
            self._database.changed_connections.add(guild_id)
            await self._database.mark_traces(connection)
            return await query(connection, guild_id=guild_id, **values)

        return await self._database.transact(work)


def _both(some: Collection[int] | None, more: Collection[int] | None) -> set[int] | None:
    """Return all of two sets of guilds, of which None stands for all guilds."""
    return None if some is None or more is None else {*some, *more}
