"""Rows of the ``access`` table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import aiosqlite

    from bot.store.database import Database

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A tier that a guild gave to a role or to a member, as ``kind`` says.

    subject, granted_by: Discord's ids. granted_at: whole seconds since 1970, UTC.
    """

    guild_id: int
    kind: str
    subject: int
    tier: int
    granted_by: int
    granted_at: int


class AccessStore:
    """Reads and writes grants; every call names the guild that it is for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[GrantRow]:
        """Return a guild's grants: the highest tier first, roles before members, then by age."""
        rows = await self._database.read_all(self._database.queries.list_grants, guild_id=guild_id)
        return [GrantRow(**dict(row)) for row in rows]

    async def put(self, row: GrantRow, check: Callable[[Sequence[GrantRow]], ResultT]) -> ResultT:
        """Store a grant, in the place of an older one; return what the check returns.

        check: gets the guild's grants as they stand just before; what it raises keeps them so.
        """

        async def work(connection: aiosqlite.Connection) -> ResultT:
            checked = check(await self._standing(connection, row.guild_id))
            await self._database.queries.put_grant(connection, **asdict(row))
            return checked

        return await self._database.transact(work)

    async def delete(
        self, guild_id: int, kind: str, subject: int, check: Callable[[Sequence[GrantRow]], ResultT]
    ) -> ResultT:
        """Delete a grant if there is one. check: as with ``put``."""

        async def work(connection: aiosqlite.Connection) -> ResultT:
            checked = check(await self._standing(connection, guild_id))
            await self._database.queries.delete_grant(
                connection, guild_id=guild_id, kind=kind, subject=subject
            )
            return checked

        return await self._database.transact(work)

    async def _standing(self, connection: aiosqlite.Connection, guild_id: int) -> list[GrantRow]:
        return [
            GrantRow(**dict(row))
            async for row in self._database.queries.list_grants(connection, guild_id=guild_id)
        ]
