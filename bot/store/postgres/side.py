"""A PostgreSQL server's database as one of the two databases of a move."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Final, TypeVar

import psycopg

from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import NO_VALUES, Values
from bot.store.engine import Traces
from bot.store.moving.side import Row
from bot.store.postgres.address import shown
from bot.store.postgres.engine import WRITERS
from bot.store.postgres.failures import StatementError, refused, require_readable, unusable
from bot.store.postgres.migrations import migrate
from bot.store.postgres.parameters import with_driver_parameters
from bot.store.postgres.reader import COLUMNS, CONNECTED_WITHIN
from bot.store.postgres.values import adapt

ResultT = TypeVar("ResultT")

_BEGIN: Final = f"BEGIN; SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock({WRITERS})"
_NAMES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
_MOVE: Final = 0x70617463686D6F76
"""The number of the lock that whoever moves rows into a database holds."""


class PostgresSide:
    """A ``Side``. It is never connected anew: a move whose connection is lost has to be begun again."""

    parameter: ClassVar[str] = "%s"
    # What stands in the place of a NUL begins with this character.
    is_uneven: ClassVar[str] = "strpos({0}, chr(64976)) > 0"

    def __init__(self, url: str) -> None:
        """Open it. Blocks."""
        self.place = shown(url)
        self._url = url
        self._connection = self._worded(self._connect)

    def _connect(self) -> psycopg.Connection[Any]:
        require_readable(self._url)
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECTED_WITHIN)
        adapt(connection)
        return connection

    def reserve(self) -> None:
        """Keep other processes from moving rows into the database until ``close``."""
        if self.rows("SELECT pg_try_advisory_lock(:number)", {"number": _MOVE}) != [(1,)]:
            raise DatabaseUnusableError(path=self.place, reason="another process moves rows into it")

    def prepare(self) -> None:
        """Bring the database to the schema that the code wants. Raises DatabaseNewerError."""
        self._worded(lambda: migrate(self._url, self.place))

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[Row]:
        """Run a query; return its rows."""
        query = with_driver_parameters(sql)
        return self._worded(lambda: self._connection.execute(query, values).fetchall())

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""
        return [str(name) for (name,) in self.rows(COLUMNS, {"table": table})]

    def tables(self) -> Sequence[str]:
        """Return the names of all tables."""
        return [str(name) for (name,) in self.rows(_NAMES)]

    def change_many(self, sql: str, many: Sequence[Row], /) -> None:
        """Run a statement for each of several rows."""
        self._worded(lambda: self._connection.cursor().executemany(sql.encode(), many))

    def mark_traces(self) -> None:
        """Note in a transaction that deleted data has left traces, which the bot removes."""
        self._command(f"UPDATE trace_mark SET state = {Traces.SOME.value}")  # noqa: S608 - a number

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Let the queries in the block see the database as it is at one moment; others write meanwhile."""
        with self._in_transaction("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"):
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Run the block in one transaction, while which no other process writes."""
        with self._in_transaction(_BEGIN):
            yield

    @contextlib.contextmanager
    def _in_transaction(self, begin: str) -> Iterator[None]:
        try:
            self._command(begin)
            yield
            self._command("COMMIT")
        except BaseException:
            if not self._connection.closed:
                self._command("ROLLBACK")
            raise

    def _command(self, sql: str) -> None:
        self._worded(lambda: self._connection.execute(sql.encode()))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _worded(self, work: Callable[[], ResultT]) -> ResultT:
        """Raise DatabaseUnusableError, which quotes nothing of PostgreSQL's message."""
        try:
            return work()
        except psycopg.Error as error:
            failure = unusable(refused(error), self.place)
        except StatementError as error:
            failure = unusable(error, self.place)
        raise failure
