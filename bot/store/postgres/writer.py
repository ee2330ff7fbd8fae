"""The connection to a PostgreSQL server that writes."""

import os
from collections.abc import Awaitable, Collection, Sequence
from typing import Any, ClassVar, Final, TypeVar

import psycopg

from bot.store.connection import NO_VALUES, StoredRow, Values
from bot.store.postgres.failures import refused
from bot.store.postgres.parameters import with_driver_parameters
from bot.store.postgres.reader import CONNECTED_WITHIN
from bot.store.postgres.values import JSON_ROWS, adapt, stored_rows

ResultT = TypeVar("ResultT")

_LIMITS: Final = """
SET idle_in_transaction_session_timeout = '10s';
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4
"""
"""A process that is halted in a transaction, or cut off, keeps others from writing for ten seconds."""
_LISTEN: Final = "; LISTEN watch_list"
"""Triggers name each guild there whose connections to providers, or whose removal, a transaction changes."""


async def connect_to_write(url: str, within: int, begin: str = "") -> psycopg.AsyncConnection[Any]:
    """Open a connection that writes. Raises psycopg.Error.

    within: seconds for which that may take. begin: statements to begin with.
    """
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, connect_timeout=within, fallback_application_name=f"patchbay {os.getpid()}"
    )
    try:
        await connection.execute((_LIMITS + begin).encode())
    except BaseException:
        await connection.close()
        raise
    return connection


class PostgresWriter:
    """A ``WritingConnection``. One that was lost is opened again by the next transaction."""

    json_rows: ClassVar[str] = JSON_ROWS

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._changes: set[int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing has told yet that it was lost."""
        return self._connection is not None and not self._connection.closed

    async def open(self) -> None:
        """Open it unless it is open. Raises StatementError."""
        if not self.is_open:
            self._connection = await _quiet(self._connect())

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await connect_to_write(self._url, CONNECTED_WITHIN, _LISTEN)
        connection.row_factory = stored_rows
        adapt(connection)
        connection.add_notify_handler(self._note)
        self._changes = None
        return connection

    def _note(self, notify: psycopg.Notify) -> None:
        if self._changes is not None and notify.pid != self._opened.info.backend_pid:
            self._changes.add(int(notify.payload))

    def take_changes(self) -> Collection[int] | None:
        """Return the guilds that other connections have named since the last call; None if this one was
        opened since then.
        """
        changes, self._changes = self._changes, set()
        return changes

    async def close(self) -> None:
        """Close it."""
        if self._connection is not None:
            await self._connection.close()

    async def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[StoredRow]:
        """Run a query; return its rows."""
        cursor = await self._execute(with_driver_parameters(sql), values)
        return await _quiet(cursor.fetchall())

    async def change(self, sql: str, values: Values = NO_VALUES, /) -> int:
        """Run a query; return how many rows it has changed."""
        return (await self._execute(with_driver_parameters(sql), values)).rowcount

    async def change_many(self, sql: str, many: Sequence[Values], /) -> None:
        """Run a query for each of several values."""
        cursor = self._opened.cursor()
        await _quiet(cursor.executemany(with_driver_parameters(sql), many))

    async def command(self, sql: str) -> None:
        """Run one or several statements without values in one round trip."""
        await self._execute(sql, None)

    async def roll_back(self) -> None:
        """Undo the transaction under way, if the connection is there still."""
        if self.is_open:
            await self.command("ROLLBACK")

    @property
    def _opened(self) -> psycopg.AsyncConnection[Any]:
        assert self._connection is not None, "open comes first"  # noqa: S101 - for the type checker
        return self._connection

    async def _execute(self, sql: str, values: Values | None) -> psycopg.AsyncCursor[Any]:
        return await _quiet(self._opened.execute(sql.encode(), values))


async def _quiet(work: Awaitable[ResultT]) -> ResultT:
    """Raise StatementError in the place of the driver's errors."""
    try:
        return await work
    except psycopg.Error as error:
        failure = refused(error)
    raise failure
