"""Counts, exports and erases what is stored of a guild, also some days after the bot was removed."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final
from weakref import WeakValueDictionary

import structlog

from bot.features.audit.service import MAX_EXPORTED, AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import ConnectionService
from bot.features.privacy.plain_values import iso_time, plain_tables
from bot.features.privacy.store import PrivacyStore, Stored, Tombstone
from bot.rests import with_rests
from bot.store.database import Database

__all__ = ["PrivacyService", "Stored", "Tombstone"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_DAY: Final = 86_400


class PrivacyService:
    """Works on one guild at a time, except ``guilds`` and ``sweep``."""

    def __init__(
        self,
        store: PrivacyStore,
        connections: ConnectionService,
        audit: AuditService,
        clock: Callable[[], float],
        erase_after: int,
    ) -> None:
        """clock: seconds since 1970. erase_after: data is erased so many days after the bot's removal."""
        self._store = store
        self._connections = connections
        self._audit = audit
        self._clock = clock
        self.erase_after = erase_after
        self._exporting: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def stored(self, guild_id: int) -> Stored:
        """Count the rows that are stored of the guild."""
        return await self._store.stored(guild_id)

    async def export(self, guild_id: int) -> dict[str, object]:
        """Return everything that is stored of the guild by table, as JSON values.

        Of credentials, it names only the fields that are set. Of an audit log of more than ``MAX_EXPORTED``
        entries, it has the newest, as the log's own export, and says how many there are. Ids are strings,
        because some programs round large numbers. Times are ISO 8601, UTC. A guild is exported once at a
        time.
        """
        lock = self._exporting.setdefault(guild_id, asyncio.Lock())
        async with lock:
            return await self._export(guild_id)

    async def _export(self, guild_id: int) -> dict[str, object]:
        rows = await self._store.rows(guild_id, MAX_EXPORTED)
        resting = {table: with_rests(found) for table, found in rows.items()}
        tables = await asyncio.to_thread(plain_tables, resting)
        fields = {
            (summary.provider, summary.name): list(summary.fields)
            for summary in await self._connections.summaries(guild_id)
        }
        for row in tables["connection"]:
            row["credential_fields_set"] = fields.get((str(row["provider"]), str(row["name"])), [])
        return {
            "guild_id": str(guild_id),
            "exported_at": iso_time(self._clock()),
            "audit_entries_stored": (await self._store.stored(guild_id)).entries,
            **tables,
        }

    async def erase(self, guild_id: int) -> bool:
        """Erase everything that is stored of the guild but a tombstone, on a member's word.

        Return False if traces leave the file only later.
        """
        return await self._erase(guild_id, int(self._clock()))

    async def tombstone(self, guild_id: int) -> Tombstone | None:
        """Return what an erasure has left of the guild, None if there was none in ``erase_after`` days."""
        return await self._store.tombstone(guild_id)

    async def guilds(self) -> Mapping[int, int | None]:
        """Return every guild of which anything is stored, with the time of the bot's removal or None."""
        return await self._store.all()

    async def removed(self, guild_id: int) -> None:
        """Erase the credentials of a guild that removed the bot, or everything if ``erase_after`` is 0."""
        if not (await self._store.stored(guild_id)).total:
            return
        if self.erase_after == 0:
            await self._erase(guild_id, None)
        elif await self._store.remove(guild_id, int(self._clock())):
            self._connections.forget_facts(guild_id)
            _log.info("guild_removed", guild=guild_id)
            await self._audit.note(guild_id, "guild.removed", f"server · {guild_id}")

    async def returned(self, guild_id: int) -> None:
        """Keep the data of a guild that the bot is in again."""
        if await self._store.restore(guild_id):
            _log.info("guild_returned", guild=guild_id)
            await self._audit.note(guild_id, "guild.returned", f"server · {guild_id}")

    async def sweep(self, kept: Collection[int] = (), *, late: int = 0) -> None:
        """Erase the guilds whose time is over, and the traces that an earlier erasure left in the file.

        kept: guilds that the bot is in, whatever is stored of their removal. late: seconds by which a guild's
        time has to be over; tombstones go on time.
        """
        due = int(self._clock()) - self.erase_after * _DAY
        await self._store.erase_late_secrets(kept)
        for guild_id in await self._store.overdue(due - late, kept):
            if await self._audit.is_long(guild_id):
                await self._store.begin_erasure(guild_id, None)
                await self._audit.shorten(guild_id)
            if await self._store.erase_overdue(guild_id):
                self._audit.forget(guild_id)
                _log.info("guild_erased", guild=guild_id)
        await self._store.erase_tombstones(due)
        if not await self._store.scrub():
            _log.warning("traces_left")

    async def _erase(self, guild_id: int, erased_at: int | None) -> bool:
        if await self._audit.is_long(guild_id):
            await self._store.begin_erasure(guild_id, erased_at)
            await self._audit.shorten(guild_id)
        clean = await self._store.erase(guild_id, erased_at)
        self._audit.forget(guild_id)
        self._connections.forget_facts(guild_id)
        _log.info("guild_erased", guild=guild_id, clean=clean)
        return clean


async def purge_guild(database: Database, guild_id: int) -> bool:
    """Erase everything that is stored of a guild, without the keys that a log is verified with.

    A bot may be running on the same database. Return False if traces leave the file only later.
    """
    privacy, audit = PrivacyStore(database), AuditStore(database)
    if await audit.is_long(guild_id):
        await privacy.begin_erasure(guild_id, None)
        await audit.shorten(guild_id)
    return await privacy.erase(guild_id)
