"""Counts, exports and erases what the tables of all features hold of a guild."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from bot.store.connection import WritingConnection
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
    "complaint",
    "integration",
    "ignored",
    "connection",
    "access",
    "audit",
    "audit_head",
    "audit_seal",
    "audit_member",
    "greeting",
    "guild",
)
_AUDIT: Final = "audit"
_BATCH: Final = 500
_TOMBSTONE: Final = "tombstone"
"""What is left of an erased guild is no data of the guild: it is exported, and not counted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The number of rows of a guild.

    incidents: with their alerts, and which alert tells of which. history: transitions. others: the guild
    itself, the watched states and last checks, the routes, the board (which counts as one with its message),
    the quiet hours, the maintenance windows, the reported answers, the last numbers of windows and incidents,
    the audit log's signatures and pseudonyms, and a greeting that is owed.
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


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a guild whose data a member erased.

    erased_at: seconds since 1970. entries: how many the audit log had.
    """

    erased_at: int
    entries: int


class PrivacyStore:
    """Reads and erases the rows of guilds. Times are seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, int | None]:
        """Return every guild of which anything is stored, with the time of the bot's removal or None.

        They are read in batches: one that comes or goes meanwhile is among them or not.
        """
        found: dict[int, int | None] = {}
        after = -1
        while rows := await self._database.read_all(QUERIES.list_guilds, after=after, size=_BATCH):
            found |= {row["guild_id"]: row["removed_at"] for row in rows}
            after = rows[-1]["guild_id"]
        return found

    async def stored(self, guild_id: int) -> Stored:
        """Count the rows of a guild."""
        (stored,) = await self._database.fetch(Stored, QUERIES.count_stored, guild_id=guild_id)
        return stored

    async def rows(self, guild_id: int, max_entries: int) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Return all rows of a guild by table, without the encrypted credentials.

        max_entries: of the audit log, so many of the newest entries at most.
        """
        found: dict[str, Sequence[Mapping[str, object]]] = {}
        for table in (*_TABLES, _TOMBSTONE):
            if table == _AUDIT:
                found[table] = await self._newest_entries(guild_id, max_entries)
                continue
            query = getattr(QUERIES, f"export_{table}")
            found[table] = [dict(row) for row in await self._database.read_all(query, guild_id=guild_id)]
        return found

    async def _newest_entries(self, guild_id: int, most: int) -> Sequence[Mapping[str, object]]:
        """Return the newest entries of the audit log, the oldest first; they are read in batches."""
        newest = await self._database.read(QUERIES.newest_audit, guild_id=guild_id, size=most)
        after = 0 if newest is None or newest["before"] is None else newest["before"]
        found: list[Mapping[str, object]] = []
        while rows := await self._database.read_all(
            QUERIES.export_audit, guild_id=guild_id, after=after, size=min(_BATCH, most - len(found))
        ):
            found += [dict(row) for row in rows]
            after = rows[-1]["number"]
        return found

    async def tombstone(self, guild_id: int) -> Tombstone | None:
        """Return what an erasure has left of the guild, None if there was none lately."""
        return await self._database.fetch_one(Tombstone, QUERIES.get_tombstone, guild_id=guild_id)

    async def remove(self, guild_id: int, removed_at: int) -> bool:
        """Erase the guild's credentials and store its removal; return False if that was stored before."""

        async def work(connection: WritingConnection) -> bool:
            self._database.changed_connections.add(guild_id)
            await self._database.mark_traces(connection)
            await QUERIES.erase_secrets(connection, guild_id=guild_id)
            await QUERIES.erase_greeting(connection, guild_id=guild_id)
            marked: int = await QUERIES.mark_removed(connection, guild_id=guild_id, removed_at=removed_at)
            return marked == 1

        noted = await self._database.transact(work)
        await self._database.scrub()
        return noted

    async def restore(self, guild_id: int) -> bool:
        """Delete the time of the removal; return False if there was none."""

        async def work(connection: WritingConnection) -> bool:
            self._database.changed_connections.add(guild_id)
            returned: int = await QUERIES.mark_returned(connection, guild_id=guild_id)
            return returned == 1

        return await self._database.transact(work)

    async def begin_erasure(self, guild_id: int, erased_at: int | None) -> None:
        """Note that what is erased of a guild before ``erase`` is part of that, which a crash only delays.

        erased_at: leave a tombstone with this time, which counts the audit log's entries of now.
        """

        async def work(connection: WritingConnection) -> None:
            self._database.changed_connections.add(guild_id)
            if await QUERIES.mark_erasing(connection, guild_id=guild_id) and erased_at is not None:
                entries = await QUERIES.count_audit(connection, guild_id=guild_id)
                await _put_tombstone(connection, guild_id, erased_at, entries)

        await self._database.transact(work)

    async def erase(self, guild_id: int, erased_at: int | None = None) -> bool:
        """Erase all rows of a guild; return False if traces of them may be left in the file.

        erased_at: leave a tombstone with this time, in the same transaction; without it, none stays.
        """

        async def work(connection: WritingConnection) -> None:
            is_counted = await QUERIES.is_erasing(connection, guild_id=guild_id)
            entries = await self._erase(connection, guild_id)
            if erased_at is None:
                await QUERIES.erase_tombstone(connection, guild_id=guild_id)
            else:
                await _put_tombstone(connection, guild_id, erased_at, 0 if is_counted else entries)

        await self._database.transact(work)
        return await self._database.scrub()

    async def erase_late_secrets(self, kept: Collection[int]) -> None:
        """Erase credentials that were stored after their guild had removed the bot. kept: see ``overdue``."""

        async def work(connection: WritingConnection) -> None:
            late = [row["guild_id"] for row in await QUERIES.list_late_secrets(connection)]
            for guild_id in set(late).difference(kept):
                await self._database.mark_traces(connection)
                await QUERIES.erase_secrets(connection, guild_id=guild_id)

        await self._database.transact(work)

    async def overdue(self, removed_before: int, kept: Collection[int]) -> list[int]:
        """Return the guilds that removed the bot at this time or earlier, or of which an erasure has begun.

        kept: guilds that the bot is in, of which only the latter are returned.
        """
        rows = await self._database.read_all(QUERIES.list_overdue, removed_before=removed_before)
        return [row["guild_id"] for row in rows if not row["removed_at"] or row["guild_id"] not in kept]

    async def erase_overdue(self, guild_id: int) -> bool:
        """Erase all rows of a guild but its tombstone; return False if the bot has come back.

        Their traces leave the file with the next scrub.
        """

        async def work(connection: WritingConnection) -> bool:
            is_due = bool(await QUERIES.is_removed(connection, guild_id=guild_id))
            if is_due:
                await self._erase(connection, guild_id)
            return is_due

        return await self._database.transact(work)

    async def erase_tombstones(self, erased_before: int) -> None:
        """Delete the tombstones of guilds that were erased at this time or earlier."""

        async def work(connection: WritingConnection) -> None:
            if await QUERIES.erase_old_tombstones(connection, erased_before=erased_before):
                await self._database.mark_traces(connection)

        await self._database.transact(work)

    async def scrub(self) -> bool:
        """Remove the traces that an earlier erasure left in the file; return False if they stay."""
        return await self._database.scrub()

    async def _erase(self, connection: WritingConnection, guild_id: int) -> int:
        """Erase all rows but the tombstone; return how many entries the audit log had."""
        self._database.changed_connections.add(guild_id)
        await self._database.mark_traces(connection)
        erased: dict[str, int] = {}
        for table in _TABLES:
            erased[table] = await getattr(QUERIES, f"erase_{table}")(connection, guild_id=guild_id)
        return erased["audit"]


async def _put_tombstone(connection: WritingConnection, guild_id: int, erased_at: int, entries: int) -> None:
    await QUERIES.put_tombstone(connection, guild_id=guild_id, erased_at=erased_at, entries=entries)
