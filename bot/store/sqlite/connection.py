"""The connections to an SQLite database."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final

import aiosqlite

from bot.store.connection import NO_VALUES, StoredRow, Values

_STEPS: Final = 20_000
"""SQLite's instructions after which a read looks whether it is to end: a millisecond."""
_JSON_ROWS: Final = "json_group_array(json_array({}))"


class SqliteReader(sqlite3.Connection):
    """A ``ReadingConnection``."""

    json_rows: ClassVar[str] = _JSON_ROWS

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Iterable[StoredRow]:
        """Run a query; return its rows, which are read from the database one after the other."""
        return self.execute(sql, values)

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Let the queries in the block see the database as it is at one moment."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            if self.in_transaction:  # an error may have ended it
                self.execute("ROLLBACK")

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""
        return [str(name) for _, name, *_ in self._columns(table)]

    def key(self, table: str) -> Sequence[str]:
        """Return the names of the columns of a table's primary key, in its order."""
        places = {place: str(name) for _, name, *_, place in self._columns(table) if place}
        return [places[place] for place in sorted(places)]

    def _columns(self, table: str) -> Iterable[Any]:
        return self.execute("SELECT * FROM pragma_table_info(?)", (table,))

    def stop_when(self, is_stopped: Callable[[], bool]) -> None:
        """Ask this again and again while a query runs, and end the query once it says so."""
        # Not ``interrupt``, which does nothing if it comes before the statement begins.
        self.set_progress_handler(is_stopped, _STEPS)


class SqliteWriter(aiosqlite.Connection):
    """A ``WritingConnection``."""

    json_rows: ClassVar[str] = _JSON_ROWS

    async def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[StoredRow]:
        """Run a query; return its rows."""
        return list(await self.execute_fetchall(sql, values))

    async def change(self, sql: str, values: Values = NO_VALUES, /) -> int:
        """Run a query; return how many rows it has changed."""
        async with self.execute(sql, values) as cursor:
            return cursor.rowcount

    async def change_many(self, sql: str, many: Sequence[Values], /) -> None:
        """Run a query for each of several values."""
        await self.executemany(sql, many)
