"""Rows of the ``connection`` table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One guild's credentials with one provider, sealed. Times are whole seconds since 1970, UTC."""

    guild_id: int
    provider: str
    name: str
    secret: bytes = field(repr=False)
    set_by: int
    set_at: int
    verified_at: int


class ConnectionStore:
    """Reads and writes connections; every call names the guild that it is for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[ConnectionRow]:
        """Return a guild's connections, ordered by provider and name."""
        rows = await self._database.read_all(self._database.queries.list_connections, guild_id=guild_id)
        return [ConnectionRow(**dict(row)) for row in rows]

    async def insert(self, row: ConnectionRow) -> bool:
        """Store a new connection; return False, changing nothing, if the name is taken."""
        return await self._write("insert_connection", row) == 1

    async def replace_secret(self, row: ConnectionRow) -> bool:
        """Store new credentials; return False if the connection is gone."""
        return await self._write("replace_secret", row) == 1

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

    async def delete(self, guild_id: int, provider: str, name: str) -> bool:
        """Delete a connection; return False if there was none."""
        return (
            await self._database.write(
                self._database.queries.delete_connection, guild_id=guild_id, provider=provider, name=name
            )
            == 1
        )

    async def _write(self, query: str, row: ConnectionRow) -> int:
        return await self._database.write(
            getattr(self._database.queries, query),
            guild_id=row.guild_id,
            provider=row.provider,
            name=row.name,
            secret=row.secret,
            set_by=row.set_by,
            set_at=row.set_at,
            verified_at=row.verified_at,
        )
