"""Removes the traces of deleted rows from the file, in steps that others can write between.

SQLite overwrites a deleted row with zeroes (``secure_delete``), and so every page that it frees, but not the
copies that it leaves in a page when it moves rows to another one. So each table moves to new pages: a copy is
filled step by step while triggers repeat every change in it, takes the table's place in a short transaction,
and the former table is emptied step by step. What was deleted before that is in none of the copy's pages. The
copy has its indexes from the beginning, because building one takes as long as reading the whole table; SQLite
has no command that renames an index, so its name in the schema is changed.
"""

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bot.errors import UnavailableError
from bot.store.sqlite.connection import SqliteWriter

Transact = Callable[[Callable[[SqliteWriter], Awaitable[object]]], Awaitable[object]]

STEP: Final = 1000
"""Rows that are copied or deleted in one transaction."""
PAGES: Final = 100
"""Free pages that are cut off the file in one transaction."""
INCREMENTAL: Final = 2
"""The kind of ``auto_vacuum`` with which that is possible."""
_OURS: Final = "scrub_"
"""The names of all tables and triggers that a scrub makes begin with this."""
_SCHEMA: Final = "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'trigger') ORDER BY name"
_INDEX: Final = re.compile(r'(CREATE (?:UNIQUE )?INDEX) "?(\w+)"? ON "?\w+"?')
"""The beginning of an index's definition, without its columns."""
REPLICATION: Final = "_litestream_"
"""The names of the tables begin with this that Litestream adds. They hold numbers of its own."""
UNMOVED: Final = ("sqlite_", _OURS, "alembic_version", REPLICATION)
"""How the names of the other tables begin that are not moved."""

# The statements below are made of names from the schema and of nothing that comes from outside: hence S608.


class CopyDiffersError(sqlite3.OperationalError):
    """The copy is not like the table, which stays as it is."""


def drop_leftovers(connection: sqlite3.Connection) -> None:
    """Drop what a scrub that was interrupted has left: copies, and triggers that would break a migration."""
    left = [row for row in connection.execute(_SCHEMA) if row[1].startswith(_OURS)]
    # The triggers first: they name the copy.
    for kind, name in sorted(left, reverse=True):
        connection.execute(f"DROP {kind} {name}")


class Scrubber:
    """Scrubs the tables one after the other, each step in a transaction of its own."""

    def __init__(self, connection: SqliteWriter, transact: Transact, swap: Transact) -> None:
        """transact: runs work in a transaction. swap: does so without foreign keys being enforced."""
        self._connection = connection
        self._transact = transact
        self._swap = swap
        # Another process that scrubs at the same time drops the copy. It must not be able to put another one
        # in its place.
        token = secrets.token_hex(4)
        self._copy, self._former = f"{_OURS}copy_{token}", f"{_OURS}former_{token}"
        self._triggers = {
            f"{_OURS}{event.lower()}_{token}": event for event in ("INSERT", "UPDATE", "DELETE")
        }

    async def run(self) -> None:
        """Scrub all tables, and give the free pages back. Raises sqlite3.OperationalError, UnavailableError.

        Then no copy stays, unless its rows cannot be deleted either.
        """
        await self._discard()
        try:
            for table in await self._names("table"):
                if table.startswith(UNMOVED):
                    continue
                await self._move(table)
                await self._discard()
        except (sqlite3.OperationalError, UnavailableError):
            with contextlib.suppress(sqlite3.OperationalError, UnavailableError):
                await self._discard()
            raise
        while await self._shrink():
            pass

    async def _names(self, kind: str) -> list[str]:
        rows = await self._connection.execute_fetchall(_SCHEMA)
        return [str(row[1]) for row in rows if row[0] == kind]

    async def _move(self, table: str) -> None:
        info = await self._connection.execute_fetchall(f"PRAGMA table_info({table})")
        keys = [str(row[1]) for row in sorted(info, key=lambda row: row[5]) if row[5]]
        key, mark = ", ".join(keys), ", ".join("?" * len(keys))

        async def begin(connection: SqliteWriter) -> None:
            (sql,) = [row[0] for row in await connection.execute_fetchall(
                "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
            )]  # fmt: skip
            await connection.execute(f"CREATE TABLE {self._copy} {sql[sql.index('(') :]}")
            for name, index in await _indexes(connection, table):
                definition = _INDEX.sub(rf"\1 {self._index(name)} ON {self._copy}", index, count=1)
                await connection.execute(definition)
            for statement in self._definitions(table, keys):
                await connection.execute(statement)

        last: Sequence[object] | None = None

        async def copy(connection: SqliteWriter) -> Sequence[object] | None:
            where = "" if last is None else f"WHERE ({key}) > ({mark})"
            values = (*(last or ()), STEP)
            some = f"FROM {table} {where} ORDER BY {key} LIMIT ?"
            await connection.execute(f"INSERT OR IGNORE INTO {self._copy} SELECT * {some}", values)
            rows = list(await connection.execute_fetchall(f"SELECT {key} {some}", values))
            return tuple(rows[-1]) if rows else None

        await self._transact(begin)
        while (reached := await self._transact(copy)) is not None:
            last = reached  # type: ignore[assignment]
        await self._swap(lambda connection: self._take_place(connection, table))

    async def _discard(self) -> None:
        """Drop what this scrub or another one has made: triggers, and tables after their rows, in steps."""
        ours = [name for name in await self._names("trigger") if name.startswith(_OURS)]
        tables = [name for name in await self._names("table") if name.startswith(_OURS)]

        async def empty(connection: SqliteWriter, name: str) -> bool:
            info = await connection.execute_fetchall(f"PRAGMA table_info({name})")
            key = ", ".join(str(row[1]) for row in info if row[5])
            if not key:
                return False
            some = f"SELECT {key} FROM {name} LIMIT {STEP}"  # noqa: S608
            cursor = await connection.execute(f"DELETE FROM {name} WHERE ({key}) IN ({some})")  # noqa: S608
            return cursor.rowcount > 0

        async def drop(connection: SqliteWriter) -> None:
            for name in tables:
                await connection.execute(f"DROP TABLE IF EXISTS {name}")

        async def stop(connection: SqliteWriter) -> None:
            for name in ours:
                await connection.execute(f"DROP TRIGGER IF EXISTS {name}")

        await self._transact(stop)
        for name in tables:
            while await self._transact(lambda connection, name=name: empty(connection, name)):  # type: ignore[misc]
                pass
        await self._transact(drop)

    async def _shrink(self) -> bool:
        async def cut(connection: SqliteWriter) -> bool:
            for _ in range(PAGES):
                # Python's driver takes one step of a statement without columns, which cuts off one page, and
                # a statement that is not closed stops the commit.
                cursor = await connection.execute("PRAGMA incremental_vacuum(1)")
                await cursor.close()
            (row,) = await connection.execute_fetchall("PRAGMA freelist_count")
            (kind,) = await connection.execute_fetchall("PRAGMA auto_vacuum")
            return bool(row[0]) and kind[0] == INCREMENTAL

        return bool(await self._transact(cut))

    def _definitions(self, table: str, keys: Sequence[str]) -> list[str]:
        """Return triggers that repeat in the copy each change of a row."""

        def of(row: str) -> str:
            return " AND ".join(f"{key} = {row}.{key}" for key in keys)

        forget_old, forget_new = (f"DELETE FROM {self._copy} WHERE {of(row)};" for row in ("OLD", "NEW"))  # noqa: S608
        copy_new = f"INSERT INTO {self._copy} SELECT * FROM {table} WHERE {of('NEW')};"  # noqa: S608
        bodies = {
            "INSERT": forget_new + copy_new,
            "UPDATE": forget_old + forget_new + copy_new,
            "DELETE": forget_old,
        }
        return [
            f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {bodies[event]} END"
            for name, event in self._triggers.items()
        ]

    async def _take_place(self, connection: SqliteWriter, table: str) -> None:
        counts = [
            next(iter(await connection.execute_fetchall(f"SELECT count(*) FROM {name}")))[0]  # noqa: S608
            for name in (table, self._copy)
        ]
        if counts[0] != counts[1]:
            raise CopyDiffersError(table)
        for name in self._triggers:
            await connection.execute(f"DROP TRIGGER {name}")
        indexes = await _indexes(connection, table)
        await connection.execute(f"ALTER TABLE {table} RENAME TO {self._former}")
        await connection.execute(f"ALTER TABLE {self._copy} RENAME TO {table}")
        (version,) = await connection.execute_fetchall("PRAGMA schema_version")
        await connection.execute("PRAGMA writable_schema = ON")
        for name, sql in indexes:
            former = _INDEX.sub(rf"\1 {self._index(name)} ON {self._former}", sql, count=1)
            for present, is_of, renamed, definition in (
                (name, self._former, self._index(name), former),
                (self._index(name), table, name, sql),
            ):
                await connection.execute(
                    "UPDATE sqlite_schema SET name = ?, sql = ?"
                    " WHERE type = 'index' AND name = ? AND tbl_name = ?",
                    (renamed, definition, present, is_of),
                )
        # This connection reads the schema anew, and so does every other one at its next statement.
        await connection.execute("PRAGMA writable_schema = RESET")
        await connection.execute(f"PRAGMA schema_version = {version[0] + 1}")

    def _index(self, name: str) -> str:
        return f"{self._copy}_{name}"


async def _indexes(connection: SqliteWriter, table: str) -> list[tuple[str, str]]:
    """Return the names and definitions of a table's indexes, without those that SQLite makes by itself."""
    rows = await connection.execute_fetchall(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        (table,),
    )
    return [(str(row[0]), str(row[1])) for row in rows]
