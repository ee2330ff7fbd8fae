"""Opens the SQLite database, runs the features' queries, and runs transactions one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from bot.durations import Durations
from bot.errors import BusyError, DamagedError, UnavailableError
from bot.setup_errors import DatabaseUnusableError
from bot.store.connecting import connect_reader, connect_writer, prepare
from bot.store.connection import ReadingConnection, StoredRow, WritingConnection
from bot.store.load import DatabaseLoad
from bot.store.lock_holder import lock_holder
from bot.store.readers import Readers
from bot.store.rows import Fetch, Query, rows_as, rows_of, together
from bot.store.scrub import Scrubber
from bot.store.sqlite_connection import SqliteWriter
from bot.store.write_state import WriteState, unavailable

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")

PATIENCE: Final = 2.0
"""Seconds for which a member waits if another process has the file locked."""
_IMPATIENCE: Final = 0.1
"""The same while it is known that another process has."""
_SCRUB_EVERY: Final = 3600
"""Seconds from the beginning of a scrub to that of the next one."""
_LOG_TRIES: Final = 20
_LOG_PAUSE: Final = 0.1
"""Seconds between two tries to empty the log."""
_CLEAN: Final = 0
_TRACES: Final = 1
_SCRUBBING: Final = 2
_MOVED: Final = 3
"""Values of ``user_version``: no traces, some, a scrub of them has begun, and only the log holds some."""
_PROBE_BYTES: Final = 1 << 16
"""A disk that has no room for so much is still full: the next check would fail."""


class Database:
    """Reads on several SQLite connections and writes on another one, one transaction at a time.

    What cannot be done because of the file raises UnavailableError, which the log has said once: the file is
    locked (BusyError), damaged (DamagedError) or takes no writes. After damage nothing is written any more,
    and what can still be read is read.

    Whatever a write has stored before it returned is seen by each read that begins after that. A query's
    value named ``guild_id`` says whose read it is: see ``Readers``.
    """

    def __init__(
        self, path: Path, readers: Readers, writer: SqliteWriter, patience: float, state: WriteState
    ) -> None:
        self.write_state = state
        self._path = path
        self._patience = patience
        self._waits = patience
        """For how many seconds the writing connection waits for another process at present."""
        self._busy_at = -math.inf
        self.commits = 0
        """How many transactions have changed the file: while this stays, so does what is read."""
        self.changed_connections: set[int] = set()
        """Guilds whose connections to providers, or whose removal, a transaction changes: it adds them before
        it ends. Who has taken them from here, and waited for ``foreign_writes``, reads what it has stored.
        """
        self._readers = readers
        self._writer = writer
        self._turn = asyncio.Lock()
        self._scrubbing = asyncio.Lock()
        self._scrub_from = -math.inf
        self._scrub_timer: asyncio.TimerHandle | None = None
        self._later_scrub: asyncio.Task[bool] | None = None
        self._writes: set[asyncio.Task[Any]] = set()
        self.load = DatabaseLoad(
            readers.durations, Durations(), lambda: readers.under_way, self._writes.__len__
        )

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, path: Path, clock: Callable[[], float] = time.time, *, patience: float = PATIENCE
    ) -> AsyncIterator[Database]:
        """Migrate the database if that is due, and open it. At the end, wait for the transactions under way.

        clock: seconds since 1970. patience: seconds to wait for another process. Raises DatabaseUnusableError
        and DatabaseNewerError.
        """
        await asyncio.to_thread(prepare, path)
        async with contextlib.AsyncExitStack() as stack:
            try:
                writer = await stack.enter_async_context(connect_writer(path, patience))
                readers = Readers(functools.partial(connect_reader, path, patience))
                stack.push_async_callback(readers.close)
                await readers.open()
            except sqlite3.Error as error:
                raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
            database = cls(path, readers, writer, patience, WriteState(clock, str(path)))
            try:
                yield database
            finally:
                database._stop_scrubbing()
                await asyncio.gather(*database._writes, return_exceptions=True)

    async def read(self, query: Query, /, **values: object) -> StoredRow | None:
        """Run a reading query; return its first row, None if there is none."""
        rows = await self.read_all(query, **values)
        return rows[0] if rows else None

    async def read_all(self, query: Query, /, **values: object) -> list[StoredRow]:
        """Run a reading query; return its rows, which are fetched in one step.

        They are as they were at one moment.
        """
        return await self._read(query, rows_of(query, values), values.get("guild_id"))

    async def fetch(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        """Run a reading query; return its rows as ``kind``, whose fields are the query's columns.

        The rows are made in a thread as well, so that many of them do not hold up the event loop.
        """
        return await self._read(query, rows_as(kind, query, values), values.get("guild_id"))

    async def fetch_one(self, kind: type[RowT], query: Query, /, **values: object) -> RowT | None:
        """Run a reading query; return its first row as ``kind``, None if there is none."""
        return next(iter(await self.fetch(kind, query, **values)), None)

    async def fetch_together(self, work: Callable[[Fetch], ResultT], guild_id: int | None) -> ResultT:
        """Run several reading queries as they are at one moment; return what ``work`` returns.

        ``work`` runs in a thread. To hand a query to a thread takes longer than a short query does.
        """
        return await self._read(work, functools.partial(together, work), guild_id)

    async def fetch_urgently(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        """Do the same as ``fetch`` for a few rows that each command and press needs before anything else.

        No other read is in the way, however long it is.
        """
        try:
            return await self._readers.read_urgently(rows_as(kind, query, values))
        except sqlite3.Error as error:
            await self._note(error, _name(query), is_read=True)
            raise

    async def examine(
        self, work: Callable[[ReadingConnection], ResultT], guild_id: int | None = None
    ) -> ResultT:
        """Run what reads many rows in a way of its own, in a thread; return its result."""
        return await self._read(work, work, guild_id)

    async def _read(
        self, named: object, work: Callable[[ReadingConnection], ResultT], guild_id: object
    ) -> ResultT:
        # Not with ``_noted``, which costs as much as a short query does.
        try:
            return await self._readers.read(work, guild_id)
        except sqlite3.Error as error:
            await self._note(error, _name(named), is_read=True)
            raise

    async def write(self, query: Callable[..., Awaitable[int]], /, **values: object) -> int:
        """Run a writing query in its own transaction; return the number of rows that it changed.

        The change is durable once this returns. If the caller is cancelled, the transaction still ends as a
        whole.
        """
        writing = self._transact(lambda connection: query(connection, **values), _name(query))
        return await self._to_the_end(writing)

    async def transact(self, work: Callable[[WritingConnection], Awaitable[ResultT]]) -> ResultT:
        """Run ``work`` in one transaction, and return its result.

        No other transaction comes between its reads and its writes. It is durable and whole, as with
        ``write``.
        """
        return await self._to_the_end(self._transact(work, _name(work)))

    async def _to_the_end(self, writing: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let a write end as a whole if the caller is cancelled, and before the database is closed."""
        task = asyncio.create_task(writing)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        with self.load.writes.measured():
            return await asyncio.shield(task)

    async def takes_writes(self) -> bool:
        """Tell whether writes work. While they fail, this tries one that leaves nothing behind."""
        if self.write_state.is_refused:
            with contextlib.suppress(UnavailableError):
                await self.transact(_probe)
                self.write_state.accepted()
        return not self.write_state.is_refused

    async def foreign_writes(self) -> int:
        """Return a number that changes when another process has written to the file."""
        # Of the connection that writes: what it has written itself does not count.
        async with self._turn, self._noted("foreign_writes", is_read=True):
            return await self._pragma("data_version")

    async def mark_traces(self, connection: WritingConnection) -> None:
        """Note that this transaction deletes data that must leave the file as well: ``scrub`` is due."""
        # The note is in the file's header, so the process that opens the file next finds it too.
        await connection.change(f"PRAGMA user_version = {_TRACES}")

    async def scrub(self) -> bool:
        """Remove all traces of deleted data from the file and its log if ``mark_traces`` noted any.

        This happens once an hour at most, for all guilds together. Return False if it happens later: when
        the hour is over, which this process sees to; or, if another process uses the file or the disk is
        full, when this is called again.
        """
        if self._scrubbing.locked():
            # What its callers have deleted meanwhile is due again when this one ends.
            self._scrub_when_due()
            return False
        if self.write_state.damage is not None:
            return False
        async with self._scrubbing:
            try:
                async with self._noted("scrub"):
                    return await self._scrub_if_due()
            except (UnavailableError, sqlite3.OperationalError) as error:
                _log.warning("scrub_not_finished", reason=self.write_state.refusal or str(error))
                return False

    async def _scrub_if_due(self) -> bool:
        async with self._turn:
            state = await self._pragma("user_version")
        if state == _CLEAN:
            return True
        if state == _MOVED:
            return await self._empty_log()
        if self._scrub_from > asyncio.get_running_loop().time():
            self._scrub_when_due()
            return False
        self._scrub_from = asyncio.get_running_loop().time() + _SCRUB_EVERY
        # What is deleted while this runs sets the mark anew.
        await self.transact(lambda connection: connection.change(f"PRAGMA user_version = {_SCRUBBING}"))
        await Scrubber(self._writer, self._transact_step, self._transact_freely).run()
        async with self._turn:
            if await self._pragma("user_version") != _SCRUBBING:
                return False
            await self._writer.execute(f"PRAGMA user_version = {_MOVED}")
        return await self._empty_log()

    async def _empty_log(self) -> bool:
        for _ in range(_LOG_TRIES):
            async with self._turn:
                try:
                    if await self._pragma("user_version") != _MOVED:
                        return False
                    if not await self._truncate_log():
                        await self._writer.execute(f"PRAGMA user_version = {_CLEAN}")
                        return True
                except sqlite3.OperationalError:
                    return False
            await asyncio.sleep(_LOG_PAUSE)
        return False

    async def _truncate_log(self) -> int:
        """Empty the log unless somebody reads; return 1 then. It waits for nobody: others want to write."""
        await self._wait_at_most(0)
        return await self._pragma("wal_checkpoint(TRUNCATE)")

    def _scrub_when_due(self) -> None:
        if self._scrub_timer is None:
            loop = asyncio.get_running_loop()
            self._scrub_timer = loop.call_at(self._scrub_from, self._scrub_later)

    def _scrub_later(self) -> None:
        self._scrub_timer = None
        self._later_scrub = asyncio.create_task(self.scrub())

    def _stop_scrubbing(self) -> None:
        """End between two steps. The mark stays in the file, so the next process goes on."""
        if self._scrub_timer is not None:
            self._scrub_timer.cancel()
        if self._later_scrub is not None:
            self._later_scrub.cancel()

    async def _transact_step(self, work: Callable[[SqliteWriter], Awaitable[ResultT]]) -> ResultT:
        return await self._to_the_end(self._transact(work, "scrub"))

    async def _transact_freely(self, work: Callable[[SqliteWriter], Awaitable[object]]) -> None:
        """Run ``work``, which renames tables, in a transaction that leaves foreign keys alone."""
        await self._to_the_end(self._with_free_names(work))

    async def _with_free_names(self, work: Callable[[SqliteWriter], Awaitable[object]]) -> None:
        async with self._turn:
            try:
                await self._writer.execute("PRAGMA foreign_keys = OFF")
                await self._writer.execute("PRAGMA legacy_alter_table = ON")
                async with self._noted("scrub"):
                    await self._in_transaction(work)
            finally:
                await self._writer.execute("PRAGMA legacy_alter_table = OFF")
                await self._writer.execute("PRAGMA foreign_keys = ON")

    async def _pragma(self, name: str) -> int:
        """Run a pragma; return the first number of its result."""
        rows = await self._writer.execute_fetchall(f"PRAGMA {name}")
        return int(next(iter(rows))[0])

    async def _transact(self, work: Callable[[SqliteWriter], Awaitable[ResultT]], operation: str) -> ResultT:
        asked = time.monotonic()
        async with self._turn:
            async with self._noted(operation):
                self._refuse_known(asked)
                await self._wait_at_most(_IMPATIENCE if self.write_state.is_busy else self._patience)
                result = await self._in_transaction(work)
            if self.write_state.is_busy:  # a full disk may still take what needs no more room
                self.write_state.accepted()
            return result

    def _refuse_known(self, asked: float) -> None:
        """Raise what a write that was asked for at this time would raise after a pause."""
        if (damage := self.write_state.damage) is not None:
            raise DamagedError(reason=damage)
        # Those that have waited for their turn meanwhile would wait one after the other.
        if self.write_state.is_busy and asked < self._busy_at:
            raise BusyError(reason=self.write_state.reason)

    async def _wait_at_most(self, seconds: float) -> None:
        """Let the writing connection wait so long if another process has the file locked."""
        if seconds != self._waits:
            await self._writer.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
            self._waits = seconds

    @contextlib.asynccontextmanager
    async def _noted(self, operation: str, *, is_read: bool = False) -> AsyncIterator[None]:
        """Note what an error says of the file. Raises UnavailableError in its place."""
        try:
            yield
        except sqlite3.Error as error:
            await self._note(error, operation, is_read=is_read)
            raise

    async def _note(self, error: sqlite3.Error, operation: str, *, is_read: bool = False) -> None:
        """Note what an error says of the file, and raise UnavailableError in its place if it does."""
        failure = unavailable(error)
        if failure is None or (is_read and not isinstance(failure, (BusyError, DamagedError))):
            return
        holder = ""
        if isinstance(failure, BusyError):
            self._busy_at = time.monotonic()
            if not self.write_state.is_busy:
                holder = await asyncio.to_thread(lock_holder, self._path)
        self.write_state.failed(failure, operation, holder)
        raise failure from error

    async def _in_transaction(self, work: Callable[[SqliteWriter], Awaitable[ResultT]]) -> ResultT:
        # A deferred transaction fails at its first write if another process writes: the busy timeout does not
        # apply to it.
        await self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = await work(self._writer)
            await self._writer.commit()
            self.commits += 1
        except BaseException:
            await self._writer.rollback()
            raise
        return result


def _name(work: object) -> str:
    """Return the name of a query, or of the method that has made a transaction, for the log."""
    name = str(getattr(work, "__name__" if hasattr(work, "sql") else "__qualname__", ""))
    return name.partition(".<locals>")[0]


async def _probe(connection: WritingConnection) -> None:
    """Write what needs new pages, and delete it in the same transaction.

    Because of ``secure_delete`` the pages are written although they are free again when it commits.
    """
    await connection.change("CREATE TABLE probe (filling)")
    await connection.change("INSERT INTO probe VALUES (zeroblob(:bytes))", {"bytes": _PROBE_BYTES})
    await connection.change("DROP TABLE probe")
