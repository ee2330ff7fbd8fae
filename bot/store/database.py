"""Opens the SQLite database, runs the features' queries, and runs transactions one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import aiosqlite
import structlog

from bot.durations import Durations
from bot.rests import with_rests
from bot.setup_errors import DatabaseUnusableError
from bot.store.load import DatabaseLoad
from bot.store.migrations import migrate
from bot.store.private_files import make_database_private
from bot.store.readers import Readers
from bot.store.scrub import Scrubber
from bot.store.write_state import WriteState, refusal_reason

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")

UnavailableError = sqlite3.OperationalError
"""What a query raises when the file is locked, full or gone."""

_BUSY_TIMEOUT_MS: Final = 5000
_CHUNK: Final = 64
"""Rows that the writing connection fetches in one step."""
_PRAGMAS: Final = (
    f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    # By default a large sort uses a folder that may not be writable in a container.
    "temp_store = MEMORY",
    # The triggers of a scrub must see the rows that an INSERT OR REPLACE replaces.
    "recursive_triggers = ON",
)
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


class NotWritableError(UnavailableError):
    """The file takes no writes at present; ``write_state`` knows why, and the log has said it."""


class Query(Protocol):
    """A query that aiosql has loaded from a file."""

    sql: str


class Database:
    """Reads on several SQLite connections and writes on another one, one transaction at a time.

    Whatever a write has stored before it returned is seen by each read that begins after that. A query's
    value named ``guild_id`` says whose read it is: see ``Readers``.
    """

    def __init__(self, readers: Readers, writer: aiosqlite.Connection, write_state: WriteState) -> None:
        self.write_state = write_state
        self.commits = 0
        """How many transactions have changed the file: while this stays, so does what is read."""
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
    async def open(cls, path: Path, clock: Callable[[], float] = time.time) -> AsyncIterator[Database]:
        """Migrate the database if that is due, and open it. At the end, wait for the transactions under way.

        clock: seconds since 1970. Raises DatabaseUnusableError and DatabaseNewerError.
        """
        await asyncio.to_thread(_prepare, path)
        async with contextlib.AsyncExitStack() as stack:
            try:
                writer = await stack.enter_async_context(_connect(path))
                readers = Readers(functools.partial(_connect_reader, path))
                stack.push_async_callback(readers.close)
                await readers.open()
            except sqlite3.Error as error:
                raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
            database = cls(readers, writer, WriteState(clock))
            try:
                yield database
            finally:
                database._stop_scrubbing()
                await asyncio.gather(*database._writes, return_exceptions=True)

    async def read(self, query: Query, /, **values: object) -> sqlite3.Row | None:
        """Run a reading query; return its first row, None if there is none."""
        rows = await self.read_all(query, **values)
        return rows[0] if rows else None

    async def read_all(self, query: Query, /, **values: object) -> list[sqlite3.Row]:
        """Run a reading query; return its rows, which are fetched in one step.

        They are as they were at one moment.
        """
        return await self._readers.read(_rows(query, values), values.get("guild_id"))

    async def fetch(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        """Run a reading query; return its rows as ``kind``, whose fields are the query's columns.

        The rows are made in a thread as well, so that many of them do not hold up the event loop.
        """
        return await self._readers.read(_rows_as(kind, query, values), values.get("guild_id"))

    async def fetch_one(self, kind: type[RowT], query: Query, /, **values: object) -> RowT | None:
        """Run a reading query; return its first row as ``kind``, None if there is none."""
        return next(iter(await self.fetch(kind, query, **values)), None)

    async def fetch_urgently(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        """Do the same for a few rows that each command and press needs before anything else.

        No other read is in the way, however long it is.
        """
        return await self._readers.read_urgently(_rows_as(kind, query, values))

    async def write(self, query: Callable[..., Awaitable[int]], /, **values: object) -> int:
        """Run a writing query in its own transaction; return the number of rows that it changed.

        The change is durable once this returns. If the caller is cancelled, the transaction still ends as a
        whole. Raises NotWritableError if the file takes no writes.
        """
        return await self.transact(lambda connection: query(connection, **values))

    async def transact(self, work: Callable[[aiosqlite.Connection], Awaitable[ResultT]]) -> ResultT:
        """Run ``work`` in one transaction, and return its result.

        No other transaction comes between its reads and its writes. It is durable and whole, as with
        ``write``. Raises NotWritableError if the file takes no writes.
        """
        with self.load.writes.measured():
            return await self._to_the_end(self._transact(work))

    async def _to_the_end(self, writing: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Let a write end as a whole if the caller is cancelled, and before the database is closed."""
        task = asyncio.create_task(writing)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def takes_writes(self) -> bool:
        """Tell whether writes work. While they fail, this tries one that leaves nothing behind."""
        if self.write_state.is_refused:
            with contextlib.suppress(NotWritableError):
                await self.transact(_probe)
                self.write_state.accepted()
        return not self.write_state.is_refused

    async def mark_traces(self, connection: aiosqlite.Connection) -> None:
        """Note that this transaction deletes data that must leave the file as well: ``scrub`` is due."""
        # The note is in the file's header, so the process that opens the file next finds it too.
        await connection.execute(f"PRAGMA user_version = {_TRACES}")

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
        async with self._scrubbing:
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
            try:
                return await self._scrub()
            except sqlite3.OperationalError as error:
                _log.warning("scrub_not_finished", reason=str(error))
                return False

    async def _scrub(self) -> bool:
        # What is deleted while this runs sets the mark anew.
        await self.transact(lambda connection: connection.execute(f"PRAGMA user_version = {_SCRUBBING}"))
        await Scrubber(self._writer, self.transact, self._transact_freely).run()
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
        await self._writer.execute("PRAGMA busy_timeout = 0")
        try:
            return await self._pragma("wal_checkpoint(TRUNCATE)")
        finally:
            await self._writer.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")

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

    async def _transact_freely(self, work: Callable[[aiosqlite.Connection], Awaitable[object]]) -> None:
        """Run ``work``, which renames tables, in a transaction that leaves foreign keys alone."""
        await self._to_the_end(self._with_free_names(work))

    async def _with_free_names(self, work: Callable[[aiosqlite.Connection], Awaitable[object]]) -> None:
        async with self._turn:
            try:
                await self._writer.execute("PRAGMA foreign_keys = OFF")
                await self._writer.execute("PRAGMA legacy_alter_table = ON")
                await self._in_transaction(work)
            finally:
                await self._writer.execute("PRAGMA legacy_alter_table = OFF")
                await self._writer.execute("PRAGMA foreign_keys = ON")

    async def _pragma(self, name: str) -> int:
        """Run a pragma; return the first number of its result."""
        rows = await self._writer.execute_fetchall(f"PRAGMA {name}")
        return int(next(iter(rows))[0])

    async def _transact(self, work: Callable[[aiosqlite.Connection], Awaitable[ResultT]]) -> ResultT:
        async with self._turn:
            try:
                result = await self._in_transaction(work)
            except UnavailableError as error:
                if (reason := refusal_reason(error)) is None:
                    raise
                # Another write may still work, such as one that needs no more room: ``takes_writes`` decides
                # when this is over.
                self.write_state.refused(reason)
                raise NotWritableError(str(error)) from error
            return result

    async def _in_transaction(self, work: Callable[[aiosqlite.Connection], Awaitable[ResultT]]) -> ResultT:
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


def _rows(query: Query, values: Mapping[str, object]) -> Callable[[sqlite3.Connection], list[sqlite3.Row]]:
    return lambda connection: connection.execute(query.sql, values).fetchall()


def _rows_as(
    kind: type[RowT], query: Query, values: Mapping[str, object]
) -> Callable[[sqlite3.Connection], list[RowT]]:
    return lambda connection: list(_made(kind, with_rests(connection.execute(query.sql, values))))


def _made(kind: type[RowT], rows: Iterable[sqlite3.Row]) -> Iterator[RowT]:
    names: list[str] = []
    for row in rows:
        # ``dict(row)`` looks up each name among all names, and takes four times as long.
        names = names or row.keys()
        yield kind(**dict(zip(names, row, strict=True)))


async def fetch(
    connection: aiosqlite.Connection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> list[RowT]:
    """Run a reading query, which may be part of a transaction; return its rows as ``kind``."""
    return list(_made(kind, await connection.execute_fetchall(query.sql, values)))


async def fetch_one(
    connection: aiosqlite.Connection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> RowT | None:
    """Run a reading query, which may be part of a transaction; return its first row or None."""
    return next(iter(await fetch(connection, kind, query, **values)), None)


async def _probe(connection: aiosqlite.Connection) -> None:
    """Write what needs new pages, and delete it in the same transaction.

    Because of ``secure_delete`` the pages are written although they are free again when it commits.
    """
    await connection.execute("CREATE TABLE probe (filling)")
    await connection.execute("INSERT INTO probe VALUES (zeroblob(?))", (_PROBE_BYTES,))
    await connection.execute("DROP TABLE probe")


def _prepare(path: Path) -> None:
    # A folder that is missing or takes no file is reported by SQLite.
    with contextlib.suppress(OSError):
        make_database_private(path)
    migrate(path)


def _set_up(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    # Text that is not UTF-8 must be shown and reported; a query that fails shows nothing.
    connection.text_factory = lambda text: text.decode(errors="replace")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _connect_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    _set_up(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    _set_up(connection)
    return connection


@contextlib.asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.Connection(functools.partial(_connect_writer, path), _CHUNK) as connection:
        yield connection
