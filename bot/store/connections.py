"""Rows of the ``connection`` table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiosqlite

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One guild's credentials with one provider, sealed. Times are whole seconds since 1970, UTC.

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
    """A connection that can be read again and again. set_at: seconds since 1970."""

    guild_id: int
    provider: str
    name: str
    set_at: int


class ConnectionStore:
    """Reads and writes connections; every call names the guild that it is for, but for ``watchable``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[ConnectionRow]:
        """Return a guild's connections, ordered by provider and name."""
        rows = await self._database.read_all(self._database.queries.list_connections, guild_id=guild_id)
        return [ConnectionRow(**dict(row)) for row in rows]

    async def watchable(self, guild_id: int | None) -> list[WatchableRow]:
        """Return the connections of one guild, or of all; none of a guild that was removed."""
        rows = await self._database.read_all(self._database.queries.list_watchable, guild_id=guild_id)
        return [WatchableRow(**dict(row)) for row in rows]

    async def insert(self, row: ConnectionRow) -> bool:
        """Store a new connection; return False, changing nothing, if the name is taken."""
        return await self._database.write(self._database.queries.insert_connection, **_values(row)) == 1

    async def replace_secret(self, row: ConnectionRow) -> bool:
        """Store new credentials; return False if the connection is gone."""
        return await self._erase(self._database.queries.replace_secret, **_values(row)) == 1

    async def mark_verified(self, row: ConnectionRow, verified_at: int) -> None:
        """Note when these very credentials were last accepted."""
        await self._database.write(
            self._database.queries.mark_verified,
            guild_id=row.guild_id,
            provider=row.provider,
            name=row.name,
            set_at=row.set_at,
            verified_at=verified_at,
        )

    async def mark_refused(self, row: ConnectionRow, refused_at: int) -> bool:
        """Note since when these very credentials are refused; return False if that was noted before."""
        return (
            await self._database.write(
                self._database.queries.mark_refused,
                guild_id=row.guild_id,
                provider=row.provider,
                name=row.name,
                secret=row.secret,
                refused_at=refused_at,
            )
            == 1
        )

    async def delete(self, guild_id: int, provider: str, name: str) -> bool:
        """Delete a connection; return False if there was none."""
        query = self._database.queries.delete_connection
        return await self._erase(query, guild_id=guild_id, provider=provider, name=name) == 1

    async def _erase(self, query: Callable[..., Awaitable[int]], **values: object) -> int:
        """Run a query that lets a secret go, which then has to leave the file as well."""

        async def work(connection: aiosqlite.Connection) -> int:
            await self._database.queries.mark_traces(connection)
            return await query(connection, **values)

        return await self._database.transact(work)


def _values(row: ConnectionRow) -> dict[str, object]:
    return {
        "guild_id": row.guild_id,
        "provider": row.provider,
        "name": row.name,
        "secret": row.secret,
        "set_by": row.set_by,
        "set_at": row.set_at,
        "verified_at": row.verified_at,
    }
