"""Counts, exports and erases what the tables of all features hold of a guild."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

import aiosqlite

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.privacy")

# In the order of erasure: an integration goes before its connection.
_TABLES: Final = (
    "outbox",
    "alert_incident",
    "incident",
    "incident_number",
    "history",
    "last_check",
    "watched",
    "route",
    "board",
    "maintenance",
    "maintenance_count",
    "quiet_hours",
    "integration",
    "ignored",
    "connection",
    "access",
    "audit",
    "audit_head",
    "audit_seal",
    "audit_member",
    "guild",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """The number of rows of a guild.

    incidents: with their alerts, and which alert tells of which. history: transitions. others: the guild
    itself, the watched states and last checks, the routes, the board (which counts as one with its message),
    the quiet hours, the maintenance windows, the last numbers of windows and incidents, and the audit log's
    signatures and pseudonyms.
    """

    connections: int
    integrations: int
    grants: int
    entries: int
    incidents: int
    history: int
    others: int

    @property
    def total(self) -> int:
        """The number of all rows."""
        return sum(astuple(self))


class PrivacyStore:
    """Reads and erases the rows of guilds. Times are seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, int | None]:
        """Return every guild of which anything is stored, with the time of the bot's removal or None."""
        rows = await self._database.read_all(QUERIES.list_guilds)
        return {row["guild_id"]: row["removed_at"] for row in rows}

    async def stored(self, guild_id: int) -> Stored:
        """Count the rows of a guild."""
        (stored,) = await self._database.fetch(Stored, QUERIES.count_stored, guild_id=guild_id)
        return stored

    async def rows(self, guild_id: int) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Return all rows of a guild by table, without the encrypted credentials."""
        return {
            table: [
                dict(row)
                for row in await self._database.read_all(
                    getattr(QUERIES, f"export_{table}"), guild_id=guild_id
                )
            ]
            for table in _TABLES
        }

    async def remove(self, guild_id: int, removed_at: int) -> bool:
        """Erase the guild's credentials and store its removal; return False if that was stored before."""

        async def work(connection: aiosqlite.Connection) -> bool:
            await self._database.mark_traces(connection)
            await QUERIES.erase_secrets(connection, guild_id=guild_id)
            marked: int = await QUERIES.mark_removed(connection, guild_id=guild_id, removed_at=removed_at)
            return marked == 1

        noted = await self._database.transact(work)
        await self._database.scrub()
        return noted

    async def restore(self, guild_id: int) -> bool:
        """Delete the time of the removal; return False if there was none."""
        return await self._database.write(QUERIES.mark_returned, guild_id=guild_id) == 1

    async def erase(self, guild_id: int) -> bool:
        """Erase all rows of a guild; return False if traces of them may be left in the file."""

        async def work(connection: aiosqlite.Connection) -> None:
            await self._erase(connection, guild_id)

        await self._database.transact(work)
        return await self._database.scrub()

    async def erase_overdue(self, removed_before: int) -> list[int]:
        """Erase the guilds that removed the bot at this time or earlier, and return them.

        Of guilds that removed it later, erase credentials that were stored after the removal.
        """

        async def work(connection: aiosqlite.Connection) -> list[int]:
            if await QUERIES.erase_late_secrets(connection):
                await self._database.mark_traces(connection)
            guilds = [
                row["guild_id"]
                async for row in QUERIES.list_overdue(connection, removed_before=removed_before)
            ]
            for guild_id in guilds:
                await self._erase(connection, guild_id)
            return guilds

        return await self._database.transact(work)

    async def scrub(self) -> bool:
        """Remove the traces that an earlier erasure left in the file; return False if they stay."""
        return await self._database.scrub()

    async def _erase(self, connection: aiosqlite.Connection, guild_id: int) -> None:
        await self._database.mark_traces(connection)
        for table in _TABLES:
            await getattr(QUERIES, f"erase_{table}")(connection, guild_id=guild_id)
