"""Reads and extends the ``audit`` table, and ``audit_head``, which holds the signed end of each guild's
chain.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import aiosqlite

from bot.store.database import Database, fetch_one
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.audit")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a guild's log. number: counted from 1. at: seconds since 1970. member: None for Patchbay
    itself.
    """

    guild_id: int
    number: int
    at: int
    member: int | None
    action: str
    target: str
    result: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The number and the hash of the last entry of a guild's chain, with a signature."""

    guild_id: int
    number: int
    hash: bytes
    signature: bytes


class AuditStore:
    """Adds and reads entries; it never changes any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self,
        guild_id: int,
        extend: Callable[[AuditHead | None, int], tuple[Sequence[Entry], AuditHead]],
    ) -> Sequence[Entry]:
        """Add all entries that ``extend`` returns, or none; return them.

        extend: takes the current head and the highest number of any entry, 0 if there is none; returns the
        new entries and the new head. No other entry is added in between.
        """

        async def work(connection: aiosqlite.Connection) -> Sequence[Entry]:
            current = await fetch_one(connection, AuditHead, QUERIES.get_audit_head, guild_id=guild_id)
            last = await QUERIES.get_last_audit_number(connection, guild_id=guild_id)
            entries, head = extend(current, last or 0)
            for entry in entries:
                await QUERIES.insert_audit_entry(connection, **asdict(entry))
            await QUERIES.put_audit_head(connection, **asdict(head))
            return entries

        return await self._database.transact(work)

    async def count(self, guild_id: int, *, member: int | None, action: str | None) -> int:
        """Return how many entries there are with this member and this action. None stands for any."""
        row = await self._database.read(QUERIES.count_audit, guild_id=guild_id, member=member, action=action)
        return 0 if row is None else row["entries"]

    async def newest(
        self, guild_id: int, *, member: int | None, action: str | None, size: int, skipped: int
    ) -> list[Entry]:
        """Return ``size`` of these entries after the newest ``skipped`` ones, the newest first."""
        return await self._database.fetch(
            Entry,
            QUERIES.list_audit,
            guild_id=guild_id,
            member=member,
            action=action,
            size=size,
            skipped=skipped,
        )

    async def whole(self, guild_id: int) -> tuple[list[Entry], AuditHead | None]:
        """Return all entries, the oldest first, and the head, as they are at one moment."""
        entries = []
        head = None
        for row in await self._database.read_all(QUERIES.read_audit, guild_id=guild_id):
            if row["signature"] is None:
                entries.append(Entry(*row[:-1]))
            else:
                head = AuditHead(row["guild_id"], row["number"], row["hash"], row["signature"])
        return entries, head

    async def heads(self, after: int, size: int) -> list[AuditHead]:
        """Return the next guilds' heads, ordered by guild. after: the last guild, 0 before the first."""
        return await self._database.fetch(AuditHead, QUERIES.list_audit_heads, after_guild=after, size=size)

    async def resign(self, changes: Sequence[tuple[AuditHead, bytes]]) -> int:
        """Store new signatures of heads that are still the same; return how many were stored."""

        async def work(connection: aiosqlite.Connection) -> int:
            changed = 0
            for head, signature in changes:
                changed += await QUERIES.resign_audit_head(
                    connection, guild_id=head.guild_id, signature=signature, before=head.signature
                )
            return changed

        return await self._database.transact(work)
