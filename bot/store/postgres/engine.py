"""What only PostgreSQL does: its connections, its transactions, and its traces of deleted data."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Final, TypeVar

import psycopg

from bot.errors import UnavailableError
from bot.setup_errors import SetupError
from bot.store.connection import WritingConnection
from bot.store.engine import Traces, Transact, Work
from bot.store.fence import Fence
from bot.store.postgres.address import shown
from bot.store.postgres.failures import (
    READ_ONLY,
    StatementError,
    refused,
    require_readable,
    unavailable,
    unusable,
)
from bot.store.postgres.migrations import migrate
from bot.store.postgres.reader import CONNECTED_WITHIN, PostgresReader
from bot.store.postgres.writer import PostgresWriter
from bot.store.readers import Readers

ResultT = TypeVar("ResultT")

WRITERS: Final = 0x7061746368777274
"""The number of the lock that each transaction that writes holds."""
_PATIENCE: Final = 2.0
"""Seconds for which the end of a scrub waits for other writers."""
_TABLES: Final = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = current_schema()
"""


class PostgresEngine:
    """An ``Engine``.

    One transaction writes at a time, in all processes together: first of all it takes a lock of the server's,
    which ends with it. So what a transaction reads stays as it is until it has written, as
    with SQLite. With SERIALIZABLE the server would end some transactions instead, and each work would have to
    do the same when it runs again; a lock for each server of Discord's would not do for the works that are
    about all of them. At READ COMMITTED, each statement sees what was committed before it began: what the one
    who had the lock before has written is seen.

    A process that runs the bot writes only while it has a lease, and for a server only while it holds the
    server's shard: the transaction asks that once it has the lock, without which no shard changes hands.
    """

    errors = StatementError
    scrub_errors = StatementError

    def __init__(self, url: str, readers: Readers, connection: PostgresWriter, fence: Fence) -> None:
        self.place = shown(url)
        self.readers = readers
        self.connection = connection
        self._url = url
        self._fence = fence

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, fence: Fence) -> AsyncIterator[PostgresEngine]:
        """Migrate the database if that is due, and open it. See ``Database.open``."""
        writer = PostgresWriter(url)
        readers = Readers(functools.partial(PostgresReader, url))
        failure: SetupError
        async with contextlib.AsyncExitStack() as stack:
            try:
                require_readable(url)
                stack.push_async_callback(writer.close)
                await writer.open()
                await asyncio.to_thread(_migrate, url)
                stack.push_async_callback(readers.close)
                await readers.open()
            except StatementError as error:
                failure = unusable(error, shown(url))
            else:
                yield cls(url, readers, writer, fence)
                return
        raise failure

    def unavailable(self, error: Exception) -> UnavailableError | None:
        """Return what an error says of the server, None if it is about the statement."""
        return unavailable(error) if isinstance(error, StatementError) else None

    def stops_reads(self, error: Exception) -> bool:
        """Return whether it may be about the server: a query that writes is a mistake where one reads."""
        return isinstance(error, StatementError) and error.code != READ_ONLY

    async def transact(self, work: Work[ResultT], patience: float) -> ResultT:
        """Run ``work`` in a transaction. No other process writes between its reads and its writes."""
        begin = (
            f"BEGIN; SET LOCAL lock_timeout = {max(1, round(patience * 1000))};"
            f" SELECT pg_advisory_xact_lock({WRITERS}){self._required()}"
        )
        try:
            await self._begin(lambda: self.connection.command(begin))  # in one round trip
            result = await work(self.connection)
            await self.connection.command("COMMIT")
        except BaseException:
            await self.connection.roll_back()
            raise
        return result

    def _required(self) -> str:
        """Return what refuses a transaction of a process that may not write, or not for this server."""
        if self._fence.process is None:
            return ""
        guild = self._fence.guild()
        return f"; SELECT require_lease({self._fence.process}, {'NULL' if guild is None else guild})"

    async def _begin(self, act: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Do the first thing; do it anew if the server has ended the connection meanwhile."""
        was_open = self.connection.is_open
        await self.connection.open()
        try:
            return await act()
        except StatementError:
            if not was_open or self.connection.is_open:
                raise
        await self.connection.open()
        return await act()

    async def holder(self) -> str:
        """Return "": the server knows who holds the lock, and the connection that could ask waits for it."""
        return ""

    async def foreign_changes(self) -> Collection[int] | None:
        """Return the guilds of which triggers have told the connection that writes since the last call; None
        if it was opened since then, because nobody told it what happened before.
        """
        # The server sends what there is to tell with the end of any statement.
        await self._begin(lambda: self.connection.command("SELECT"))
        return self.connection.take_changes()

    async def probe(self, connection: WritingConnection) -> None:
        """Write a row, which the end of the transaction puts on the disk."""
        await self.rewrite(connection)

    async def rewrite(self, connection: WritingConnection) -> None:
        """Write a row as it is: PostgreSQL compares nothing."""
        await connection.change("UPDATE trace_mark SET state = state")

    async def traces(self) -> Traces:
        """Return what is known of the traces of deleted data."""
        ((state,),) = await self._begin(lambda: self.connection.rows("SELECT state FROM trace_mark"))
        return Traces(state)

    async def mark_traces(self, connection: WritingConnection, traces: Traces) -> None:
        """Note in a transaction what is known of them. The next process finds the note as well."""
        await connection.change("UPDATE trace_mark SET state = :state", {"state": traces})

    async def scrub(self, _transact: Transact, /) -> None:
        """Let the server drop the deleted rows from all tables; others read and write meanwhile.

        No query finds them after that, nor does a dump. The bytes stay in the free room of the tables' files
        until it is used again, and in the server's log until it is; a copy of either has them as well.
        """
        await asyncio.to_thread(_vacuum, self._url)

    async def end_scrub(self, turn: asyncio.Lock) -> bool:
        """Note that there are no traces. The server empties its log by itself."""

        async def work(connection: WritingConnection) -> bool:
            if await self.traces() is not Traces.MOVED:
                return False
            await self.mark_traces(connection, Traces.NONE)
            return True

        async with turn:
            return await self.transact(work, _PATIENCE)


def _migrate(url: str) -> None:
    try:
        migrate(url, shown(url))
    except psycopg.Error as error:
        failure = refused(error)
    else:
        return
    raise failure


def _vacuum(url: str) -> None:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECTED_WITHIN) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                connection.execute(f"VACUUM {table}".encode())
    except psycopg.Error as error:
        failure = refused(error)
    else:
        return
    raise failure
