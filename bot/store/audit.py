"""Rows of the ``audit`` table, and of ``audit_head``, which says where each guild's chain ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    import aiosqlite

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry. number: from 1, in each guild. at: whole seconds since 1970. member: None for nobody."""

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
    """The last entry of a guild's chain, signed."""

    guild_id: int
    number: int
    hash: bytes
    signature: bytes


class AuditStore:
    """Adds and reads entries; changes none, ever."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = database.queries

    async def append(
        self,
        guild_id: int,
        extend: Callable[[AuditHead | None, int], tuple[Sequence[AuditRow], AuditHead]],
    ) -> Sequence[AuditRow]:
        """Add entries, all or none; no other is added between reading the head and writing the new one.

        extend: takes the head and the highest number that any row has, 0 where there is none; gives the new
        entries and the new head. Returns the entries.
        """

        async def work(connection: aiosqlite.Connection) -> Sequence[AuditRow]:
            found = await self._queries.get_audit_head(connection, guild_id=guild_id)
            last = await self._queries.get_last_audit_number(connection, guild_id=guild_id)
            rows, head = extend(None if found is None else AuditHead(**dict(found)), last or 0)
            for row in rows:
                await self._queries.insert_audit_entry(connection, **asdict(row))
            await self._queries.put_audit_head(connection, **asdict(head))
            return rows

        return await self._database.transact(work)

    async def count(self, guild_id: int, *, member: int | None, action: str | None) -> int:
        """Return how many entries there are by this member and of this kind, None being any."""
        row = await self._database.read(
            self._queries.count_audit, guild_id=guild_id, member=member, action=action
        )
        return 0 if row is None else row["entries"]

    async def newest(
        self, guild_id: int, *, member: int | None, action: str | None, size: int, skipped: int
    ) -> list[AuditRow]:
        """Return some of these entries, the newest first."""
        rows = await self._database.read_all(
            self._queries.list_audit,
            guild_id=guild_id,
            member=member,
            action=action,
            size=size,
            skipped=skipped,
        )
        return [_entry(row) for row in rows]

    async def whole(self, guild_id: int) -> tuple[list[AuditRow], AuditHead | None]:
        """Return all entries in their order, and the head, as they stand at one moment."""
        entries = []
        head = None
        for row in await self._database.read_all(self._queries.read_audit, guild_id=guild_id):
            if row["signature"] is None:
                entries.append(_entry(row))
            else:
                head = AuditHead(row["guild_id"], row["number"], row["hash"], row["signature"])
        return entries, head


def _entry(row: sqlite3.Row) -> AuditRow:
    """Read an entry out of a row that may have more columns."""
    return AuditRow(**{column.name: row[column.name] for column in fields(AuditRow)})
