"""Finds and erases what is stored of one member in all guilds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.features.privacy.store import QUERIES
from bot.store.connection import WritingConnection
from bot.store.database import Database

ERASED_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "access": ("subject", "granted_by"),
    "audit_member": ("member",),
    "connection": ("set_by",),
    "integration": ("placed_by",),
    "ignored": ("ignored_by",),
    "watched": ("muted_by",),
    "incident": ("acknowledged_by",),
    "route": ("set_by",),
    "board": ("set_by",),
    "maintenance": ("set_by",),
    "quiet_hours": ("set_by",),
    "complaint": ("reported_by",),
}
"""The columns with members' ids that are erased, by table.

A grant to the member goes, and so do their reports of answers and the line that tells which pseudonym in the
audit log is theirs. Where another column says who did something, 0 stands for a member who was erased: what
they did stays.
"""


@dataclass(frozen=True, slots=True)
class MemberData:
    """What is stored of a member. guilds: in how many. grants: to the member.

    others: rows of anything else that names the member. entries: of the audit log, by or about the member.
    """

    guilds: int
    grants: int
    others: int
    entries: int

    @property
    def total(self) -> int:
        """The number of all rows."""
        return self.grants + self.others + self.entries


class MemberStore:
    """Reads and erases the rows of one member, whichever guild they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, member: int) -> dict[str, list[dict[str, object]]]:
        """Return all rows that name the member, by table, without credentials."""
        found = {}
        for table in sorted({*ERASED_COLUMNS, "audit"}):
            rows = await self._database.read_all(getattr(QUERIES, f"member_{table}"), member=member)
            found[table] = [dict(row) for row in rows]
        return found

    async def stored(self, member: int) -> MemberData:
        """Count the rows that name the member."""
        tables = await self.rows(member)
        grants = sum((row["kind"], row["subject"]) == ("member", member) for row in tables["access"])
        entries = len(tables["audit"])
        return MemberData(
            guilds=len({row["guild_id"] for rows in tables.values() for row in rows}),
            grants=grants,
            others=sum(map(len, tables.values())) - grants - entries,
            entries=entries,
        )

    async def erase(self, member: int) -> bool:
        """Erase the member from all ``ERASED_COLUMNS``; return False if traces may be left in the file."""

        async def work(connection: WritingConnection) -> None:
            await self._database.mark_traces(connection)
            for table, columns in ERASED_COLUMNS.items():
                for column in columns:
                    forget = getattr(QUERIES, f"forget_member_{table}_{column}")
                    await forget(connection, member=member)

        await self._database.transact(work)
        return await self._database.scrub()
