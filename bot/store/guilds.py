"""Rows of the ``guild`` table, and all that the other tables hold of a guild."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiosqlite

    from bot.store.database import Database

# In the order in which they go: an integration before its connection.
_TABLES: Final = (
    "alert",
    "incident",
    "history",
    "last_check",
    "watched",
    "route",
    "board",
    "integration",
    "connection",
    "access",
    "audit",
    "audit_head",
    "guild",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows there are of a guild.

    incidents: with what was told of them. history: transitions. others: the guild itself, what is watched in
    it and how it is told, and where its audit log ends.
    """

    connections: int = 0
    integrations: int = 0
    grants: int = 0
    entries: int = 0
    incidents: int = 0
    history: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(astuple(self))


class GuildStore:
    """Reads and writes what is known of a guild. Times are whole seconds since 1970, UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def greet(self, guild_id: int, greeted_at: int) -> bool:
        """Note a greeting; return False, changing nothing, if there was one since the guild joined."""
        queries = self._database.queries
        return await self._database.write(queries.greet_guild, guild_id=guild_id, greeted_at=greeted_at) == 1

    async def audit_channel(self, guild_id: int) -> int | None:
        """Return the channel that the guild's audit log is repeated in, None if there is none."""
        row = await self._database.read(self._database.queries.get_audit_channel, guild_id=guild_id)
        return None if row is None else row["audit_channel"]

    async def set_audit_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Set that channel; None for nowhere."""
        queries = self._database.queries
        if channel_id is None:
            await self._database.write(queries.drop_audit_channel, guild_id=guild_id)
        else:
            await self._database.write(queries.put_audit_channel, guild_id=guild_id, audit_channel=channel_id)

    async def drop_audit_channel(self, guild_id: int, channel_id: int) -> bool:
        """Give up that channel; return False if another one has taken its place."""
        queries = self._database.queries
        dropped = await self._database.write(
            queries.drop_failed_channel, guild_id=guild_id, audit_channel=channel_id
        )
        return dropped == 1

    async def all(self) -> dict[int, int | None]:
        """Return the guilds that anything is stored of, each with the time of its removal or None."""
        rows = await self._database.read_all(self._database.queries.list_guilds)
        return {row["guild_id"]: row["removed_at"] for row in rows}

    async def stored(self, guild_id: int) -> Stored:
        """Count what is stored of a guild."""
        row = await self._database.read(self._database.queries.count_stored, guild_id=guild_id)
        return Stored() if row is None else Stored(**dict(row))

    async def rows(self, guild_id: int) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Return all that is stored of a guild by table, but for the sealed credentials."""
        return {
            table: [
                dict(row)
                for row in await self._database.read_all(
                    getattr(self._database.queries, f"export_{table}"), guild_id=guild_id
                )
            ]
            for table in _TABLES
        }

    async def remove(self, guild_id: int, removed_at: int) -> bool:
        """Erase the guild's credentials and note its removal; return False if that was noted before."""
        queries = self._database.queries

        async def work(connection: aiosqlite.Connection) -> bool:
            await queries.mark_traces(connection)
            await queries.erase_secrets(connection, guild_id=guild_id)
            marked: int = await queries.mark_removed(connection, guild_id=guild_id, removed_at=removed_at)
            return marked == 1

        noted = await self._database.transact(work)
        await self._database.scrub()
        return noted

    async def restore(self, guild_id: int) -> bool:
        """Note that the guild is back; return False if it was not removed."""
        return await self._database.write(self._database.queries.mark_returned, guild_id=guild_id) == 1

    async def erase(self, guild_id: int) -> bool:
        """Erase all that is stored of a guild; return False if traces of it may be left in the file."""

        async def work(connection: aiosqlite.Connection) -> None:
            await self._erase(connection, guild_id)

        await self._database.transact(work)
        return await self._database.scrub()

    async def erase_overdue(self, removed_before: int) -> list[int]:
        """Erase the guilds that were removed at this time or earlier, and return them.

        Of the others that were removed, credentials that came in meanwhile.
        """

        async def work(connection: aiosqlite.Connection) -> list[int]:
            if await self._database.queries.erase_late_secrets(connection):
                await self._database.queries.mark_traces(connection)
            guilds = [
                row["guild_id"]
                async for row in self._database.queries.list_overdue(
                    connection, removed_before=removed_before
                )
            ]
            for guild_id in guilds:
                await self._erase(connection, guild_id)
            return guilds

        return await self._database.transact(work)

    async def scrub(self) -> bool:
        """Take the traces out of the file that an earlier erasure had to leave; return False if they stay."""
        return await self._database.scrub()

    async def _erase(self, connection: aiosqlite.Connection, guild_id: int) -> None:
        await self._database.queries.mark_traces(connection)
        for table in _TABLES:
            await getattr(self._database.queries, f"erase_{table}")(connection, guild_id=guild_id)
