"""A file as one of the two databases of a move."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import ClassVar, Final

from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import NO_VALUES, Values
from bot.store.engine import Traces
from bot.store.moving.mark import TABLE
from bot.store.moving.side import Row, Table
from bot.store.sqlite.copies import opened
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from bot.store.sqlite.scrub import UNMOVED

_PRAGMAS: Final = (
    "busy_timeout = 10000",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",
)
_NAMES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"


class SqliteSide:
    """A ``Side``. Until it is prepared, the file stays as it is, whosever it is."""

    parameter: ClassVar[str] = "?"
    is_uneven: ClassVar[str] = "instr({0}, char(0)) + instr({0}, char(64976)) > 0"

    def __init__(self, path: Path) -> None:
        """Open a file that exists. Blocks."""
        self.place = str(path.resolve())
        self._path = path
        self._stack = contextlib.ExitStack()
        with self._worded():
            self._connection = self._stack.enter_context(opened(path))
            # What is not UTF-8 could not come over as it is.
            self._connection.text_factory = bytes.decode
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")

    def reserve(self) -> None:
        """Keep other processes from moving rows into the file, or running the bot on it, until ``close``.

        Raises AlreadyRunningError.
        """
        self._stack.enter_context(process_lock(self._path))

    def prepare(self) -> None:
        """Bring the database to the schema that the code wants. Raises DatabaseNewerError."""
        migrate(self._path)
        # As the bot does: with any other log nobody could write while all is read at one moment.
        self.rows("PRAGMA journal_mode = WAL")

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[Row]:
        """Run a query; return its rows."""
        with self._worded():
            return self._connection.execute(sql, values).fetchall()

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""
        with self._worded():
            return self._connection.columns(table)

    def tables(self) -> Sequence[str]:
        """Return the names of all tables."""
        return [name for (name,) in self.rows(_NAMES)]

    def moved_tables(self) -> Sequence[Table]:
        """Return the tables that are moved; those that others refer to come before these."""
        names = [each for each in self.tables() if not each.startswith(UNMOVED) and each != TABLE]
        parents = {name: {row[2] for row in self.rows(f"PRAGMA foreign_key_list({name})")} for name in names}
        return [self._table(name) for name in TopologicalSorter(parents).static_order()]

    def _table(self, name: str) -> Table:
        with self._worded():
            key = self._connection.key(name)
        kinds = {row[1]: row[2] for row in self.rows(f"PRAGMA table_info({name})")}
        others = [column for column in kinds if column not in key]
        return Table(name, (*key, *others), key, [column for column in key if kinds[column] == "TEXT"])

    def change_many(self, sql: str, many: Sequence[Row], /) -> None:
        """Run a statement for each of several rows."""
        with self._worded():
            self._connection.executemany(sql, many)

    def mark_traces(self) -> None:
        """Note in a transaction that deleted data has left traces, which the bot removes."""
        self.rows(f"PRAGMA user_version = {Traces.SOME.value}")

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Let the queries in the block see the database as it is at one moment; others write meanwhile."""
        with self._connection.at_one_moment():
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Run the block in one transaction, while which no other process writes."""
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
            self.rows("COMMIT")
        finally:
            if self._connection.in_transaction:
                self.rows("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._stack.close()

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            reason = str(error)
        except UnicodeDecodeError:
            reason = "it holds a text that is not UTF-8"
        else:
            return
        raise DatabaseUnusableError(path=self.place, reason=reason)
