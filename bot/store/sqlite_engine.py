"""What only SQLite does: its connections, its transactions, and its traces of deleted data."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Final, TypeVar

from bot.errors import BusyError, DamagedError, UnavailableError
from bot.setup_errors import DatabaseUnusableError
from bot.store.connecting import connect_reader, connect_writer, prepare
from bot.store.connection import WritingConnection
from bot.store.engine import Traces, Transact, Work
from bot.store.lock_holder import lock_holder
from bot.store.readers import Readers
from bot.store.scrub import Scrubber
from bot.store.sqlite_connection import SqliteWriter
from bot.store.write_state import unavailable

ResultT = TypeVar("ResultT")

_LOG_TRIES: Final = 20
_LOG_PAUSE: Final = 0.1
"""Seconds between two tries to empty the log."""
_PROBE_BYTES: Final = 1 << 16
"""A disk that has no room for so much is still full: the next check would fail."""


class SqliteEngine:
    """An ``Engine``. The traces are noted in the file's header, as ``user_version``."""

    errors = sqlite3.Error
    scrub_errors = sqlite3.OperationalError

    def __init__(self, path: Path, readers: Readers, connection: SqliteWriter, patience: float) -> None:
        self.place = str(path)
        self.readers = readers
        self.connection = connection
        self._path = path
        self._waits = patience
        """For how many seconds the writing connection waits for another process at present."""
        self._version: int | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, path: Path, patience: float) -> AsyncIterator[SqliteEngine]:
        """Migrate the database if that is due, and open it. See ``Database.open``."""
        await asyncio.to_thread(prepare, path)
        async with contextlib.AsyncExitStack() as stack:
            try:
                writer = await stack.enter_async_context(connect_writer(path, patience))
                readers = Readers(functools.partial(connect_reader, path, patience))
                stack.push_async_callback(readers.close)
                await readers.open()
            except sqlite3.Error as error:
                raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
            yield cls(path, readers, writer, patience)

    def unavailable(self, error: Exception) -> UnavailableError | None:
        """Return what an error says of the file, None if it is about the statement."""
        return unavailable(error) if isinstance(error, sqlite3.Error) else None

    def stops_reads(self, error: Exception) -> bool:
        """Return whether the file is locked or damaged: what is said of it beside that is about writes."""
        return isinstance(self.unavailable(error), BusyError | DamagedError)

    async def transact(self, work: Work[ResultT], patience: float) -> ResultT:
        """Run ``work`` in a transaction. No other process writes between its reads and its writes."""
        await self._wait_at_most(patience)
        # A deferred transaction fails at its first write if another process writes: the busy timeout does not
        # apply to it.
        await self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = await work(self.connection)
            await self.connection.commit()
        except BaseException:
            await self.connection.rollback()
            raise
        return result

    async def _wait_at_most(self, seconds: float) -> None:
        """Let the writing connection wait so long if another process has the file locked."""
        if seconds != self._waits:
            await self.connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
            self._waits = seconds

    async def holder(self) -> str:
        """Return which process has the file locked, "" where that is not known."""
        return await asyncio.to_thread(lock_holder, self._path)

    async def foreign_changes(self) -> Collection[int] | None:
        """Return no guild if no other process has written to the file since the last call, else None."""
        # Of the connection that writes: what it has written itself does not count.
        before, self._version = self._version, await self._pragma("data_version")
        return () if self._version == before else None

    async def probe(self, connection: WritingConnection) -> None:
        """Write what needs new pages, and delete it in the same transaction.

        Because of ``secure_delete`` the pages are written although they are free again when it commits.
        """
        await connection.change("CREATE TABLE probe (filling)")
        await connection.change("INSERT INTO probe VALUES (zeroblob(:bytes))", {"bytes": _PROBE_BYTES})
        await connection.change("DROP TABLE probe")

    async def rewrite(self, connection: WritingConnection) -> None:
        """Write the first page as it is: SQLite compares nothing."""
        await self.mark_traces(connection, await self.traces())

    async def traces(self) -> Traces:
        """Return what is known of the traces of deleted data."""
        return Traces(await self._pragma("user_version"))

    async def mark_traces(self, connection: WritingConnection, traces: Traces) -> None:
        """Note in a transaction what is known of them. The process that opens the file next finds it too."""
        await connection.change(f"PRAGMA user_version = {traces}")

    async def scrub(self, transact: Transact, /) -> None:
        """Remove the traces from the file, in steps that others can write between."""
        free = functools.partial(transact, around=self._free_names)
        await Scrubber(self.connection, transact, free).run()

    async def end_scrub(self, turn: asyncio.Lock) -> bool:
        """Empty the log, and note that there are no traces; return False if that must wait."""
        for _ in range(_LOG_TRIES):
            async with turn:
                try:
                    if await self.traces() != Traces.MOVED:
                        return False
                    if not await self._truncate_log():
                        await self.mark_traces(self.connection, Traces.NONE)
                        return True
                except sqlite3.OperationalError:
                    return False
            await asyncio.sleep(_LOG_PAUSE)
        return False

    async def _truncate_log(self) -> int:
        """Empty the log unless somebody reads; return 1 then. It waits for nobody: others want to write."""
        await self._wait_at_most(0)
        return await self._pragma("wal_checkpoint(TRUNCATE)")

    @contextlib.asynccontextmanager
    async def _free_names(self) -> AsyncIterator[None]:
        """Let a transaction rename tables, and leave foreign keys alone."""
        try:
            await self.connection.execute("PRAGMA foreign_keys = OFF")
            await self.connection.execute("PRAGMA legacy_alter_table = ON")
            yield
        finally:
            await self.connection.execute("PRAGMA legacy_alter_table = OFF")
            await self.connection.execute("PRAGMA foreign_keys = ON")

    async def _pragma(self, name: str) -> int:
        """Run a pragma; return the first number of its result."""
        rows = await self.connection.execute_fetchall(f"PRAGMA {name}")
        return int(next(iter(rows))[0])
