"""Reads and writes the ``connection`` table."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import aiosqlite

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.connections")


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A guild's encrypted credentials with a provider. Times are seconds since 1970.

    refused_at: since when the provider refuses them, None while it does not.
    """

    guild_id: int
    provider: str
    name: str
    secret: bytes = field(repr=False)
    set_by: int
    set_at: int
    verified_at: int
    refused_at: int | None = None


@dataclass(frozen=True, slots=True)
class WatchableRow:
    """A connection to check again and again. set_at: when its credentials were stored, in seconds since
    1970.
    """

    guild_id: int
    provider: str
    name: str
    set_at: int


class ConnectionStore:
    """Works on one guild at a time, except ``watchable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[ConnectionRow]:
        """Return a guild's connections, ordered by provider and name."""
        return await self._database.fetch(ConnectionRow, QUERIES.list_connections, guild_id=guild_id)

    async def watchable(self, guild_id: int | None) -> list[WatchableRow]:
        """Return the connections of one guild or of all guilds, except those that the bot was removed
        from.
        """
        return await self._database.fetch(WatchableRow, QUERIES.list_watchable, guild_id=guild_id)

    async def insert(self, row: ConnectionRow) -> bool:
        """Store a new connection; return False, changing nothing, if the name is taken."""
        return await self._database.write(QUERIES.insert_connection, **asdict(row)) == 1

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

    async def _erase(self, query: Callable[..., Awaitable[int]], **values: object) -> int:
        """Run a query that deletes a secret, whose traces must leave the file as well."""

        async def work(connection: aiosqlite.Connection) -> int:
            await self._database.mark_traces(connection)
            return await query(connection, **values)

        return await self._database.transact(work)
