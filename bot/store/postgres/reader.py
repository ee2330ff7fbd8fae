"""A connection to a PostgreSQL server that only reads."""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, ClassVar, Final, TypeVar

import psycopg

from bot.store.connection import NO_VALUES, StoredRow, Values
from bot.store.postgres.failures import refused
from bot.store.postgres.parameters import with_driver_parameters
from bot.store.postgres.values import JSON_ROWS, adapt, stored_rows

ResultT = TypeVar("ResultT")

CONNECTED_WITHIN: Final = 10
"""Seconds for which it may take to open a connection."""
COLUMNS: Final = """
SELECT attname AS name FROM pg_attribute
WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_KEY: Final = """
SELECT attname AS name FROM pg_index
CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number
WHERE indrelid = to_regclass(:table) AND indisprimary ORDER BY part.place
"""


class _Connection(psycopg.Connection[Any]):
    """A connection whose queries can be stopped: ``is_stopped`` is asked several times a second."""

    is_stopped: Callable[[], bool] | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as it has it
        """Wait for the server."""
        return super().wait(self._watched(gen), *args, **options)

    def _watched(self, waiting: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        is_cancelled = False
        try:
            state = next(waiting)
            while True:
                ready = yield state
                # The driver says at intervals that nothing is ready.
                if not ready and not is_cancelled and self.is_stopped is not None and self.is_stopped():
                    is_cancelled = True
                    self.pgconn.get_cancel().cancel()
                state = waiting.send(ready)
        except StopIteration as end:
            return end.value


class PostgresReader:
    """A ``ReadingConnection``. One that was lost is opened again by the next query."""

    json_rows: ClassVar[str] = JSON_ROWS

    def __init__(self, url: str) -> None:
        """Open it. Blocks. Raises StatementError."""
        self._url = url
        self._is_stopped: Callable[[], bool] | None = None
        self._is_at_one_moment = False
        self._connection = self._connect()

    def _connect(self) -> _Connection:
        try:
            connection = _Connection.connect(
                self._url, autocommit=True, row_factory=stored_rows, connect_timeout=CONNECTED_WITHIN
            )
            adapt(connection)
            connection.execute("SET default_transaction_read_only = on")
        except psycopg.Error as error:
            failure = refused(error)
        else:
            connection.is_stopped = self._is_stopped
            return connection
        raise failure

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[StoredRow]:
        """Run a query; return its rows."""
        query = with_driver_parameters(sql)
        return self._run(lambda connection: connection.execute(query, values).fetchall())

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Let the queries in the block see the database as it is at one moment."""
        self._run(lambda connection: connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        self._is_at_one_moment = True
        try:
            yield
        finally:
            self._is_at_one_moment = False
            if not self._connection.closed:
                self._run(lambda connection: connection.execute("ROLLBACK"))

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""
        return [str(row["name"]) for row in self.rows(COLUMNS, {"table": table})]

    def key(self, table: str) -> Sequence[str]:
        """Return the names of the columns of a table's primary key, in its order."""
        return [str(row["name"]) for row in self.rows(_KEY, {"table": table})]

    def stop_when(self, is_stopped: Callable[[], bool]) -> None:
        """Ask this again and again while a query runs, and end the query once it says so."""
        self._is_stopped = self._connection.is_stopped = is_stopped

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _run(self, work: Callable[[_Connection], ResultT]) -> ResultT:
        # The server may have ended the connection since the last query: then this one runs on a new one.
        for is_last in (self._is_at_one_moment, True):
            if self._connection.closed and not self._is_at_one_moment:
                self._connection = self._connect()
            try:
                return work(self._connection)
            except psycopg.Error as error:
                failure = refused(error)
            if is_last or not self._connection.closed:
                break
        raise failure
