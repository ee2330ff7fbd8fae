"""Opens the database, runs the features' queries, and runs transactions one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from bot.durations import Durations
from bot.errors import BusyError, DamagedError, UnavailableError
from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import ReadingConnection, StoredRow, WritingConnection
from bot.store.driver import require_driver
from bot.store.engine import Engine, Traces, Work
from bot.store.fence import Fence, NotHeldError
from bot.store.load import DatabaseLoad
from bot.store.moving.mark import MOVE, DatabaseMove, move_error, move_of
from bot.store.rows import Fetch, Query, rows_as, rows_of, together
from bot.store.sqlite_engine import SqliteEngine
from bot.store.write_state import WriteState

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")

PATIENCE: Final = 2.0
"""Seconds for which a member waits if another process has the file locked."""
_IMPATIENCE: Final = 0.1
"""The same while it is known that another process has."""
_SCRUB_EVERY: Final = 3600
"""Seconds from the beginning of a scrub to that of the next one."""


class Database:
    """Reads on several connections and writes on another one, one transaction at a time.

    What cannot be done because of the database raises UnavailableError, which the log has said once: it is
    locked (BusyError), damaged (DamagedError) or takes no writes. After damage nothing is written any more,
    and what can still be read is read. A write that another process may do by now raises NotHeldError.

    Whatever a write has stored before it returned is seen by each read that begins after that. A query's
    value named ``guild_id`` says whose read it is: see ``Readers``.
    """

    def __init__(self, engine: Engine, patience: float, state: WriteState) -> None:
        self.write_state = state
        self._engine = engine
        self._patience = patience
        self._is_beside = False
        self._busy_at = -math.inf
        self.commits = 0
        """How many transactions have changed the file: while this stays, so does what is read."""
        self.changed_connections: set[int] = set()
        """Guilds whose connections to providers, or whose removal, a transaction changes: it adds them before
        it ends. Who has taken them from here, and waited for ``foreign_changes``, reads what it has stored.
        """
        self._readers = engine.readers
        self._turn = asyncio.Lock()
        self._scrubbing = asyncio.Lock()
        self._scrub_from = -math.inf
        self._scrub_timer: asyncio.TimerHandle | None = None
        self._later_scrub: asyncio.Task[bool] | None = None
        self._writes: set[asyncio.Task[Any]] = set()
        self.load = DatabaseLoad(
            engine.readers.durations,
            Durations(),
            lambda: engine.readers.under_way,
            self._writes.__len__,
        )

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        where: Path | str,
        clock: Callable[[], float] = time.time,
        *,
        patience: float = PATIENCE,
        fence: Fence | None = None,
        is_beside: bool = False,
    ) -> AsyncIterator[Database]:
        """Migrate the database if that is due, and open it. At the end, wait for the transactions under way.

        where: the path of a file, or the address of a PostgreSQL server's database. clock: seconds since
        1970. patience: seconds to wait for another process. fence: what a server asks before this process
        writes, None to ask nothing; for a file see ``process_lock``. is_beside: whether this process may run
        beside anything, so that the database may be moved while it is open: then each transaction looks
        whether it was. Raises DatabaseUnusableError, DatabaseNewerError, DatabaseMovedError,
        DatabaseUnfinishedError, and InvalidSettingError if the server's driver is not installed.
        """
        async with _open_engine(where, patience, fence or Fence()) as engine:
            database = cls(engine, patience, WriteState(clock, engine.place))
            database._is_beside = is_beside
            await database._require_unmoved()
            try:
                yield database
            finally:
                database._stop_scrubbing()
                await asyncio.gather(*database._writes, return_exceptions=True)

    async def _require_unmoved(self) -> None:
        try:
            move = await self.examine(move_of)
        except UnavailableError as error:  # whether it was moved must be known
            raise DatabaseUnusableError(path=self._engine.place, reason=error.values["reason"]) from None
        if move is not None:
            raise move_error(move, self._engine.place)

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
        except self._engine.errors as error:
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
        except self._engine.errors as error:
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
                await self.transact(self._engine.probe)
                self.write_state.accepted()
        return not self.write_state.is_refused

    async def foreign_changes(self) -> Collection[int] | None:
        """Return the guilds whose connections to providers, or whose removal, other processes have changed
        since the last call; None where it may be any of them, as with the first call.
        """
        async with self._turn, self._noted("foreign_changes", is_read=True):
            return await self._engine.foreign_changes()

    async def rewrite(self) -> None:
        """Write as little as possible, which leaves all as it is."""
        await self.transact(self._engine.rewrite)

    async def mark_traces(self, connection: WritingConnection) -> None:
        """Note that this transaction deletes data that must leave the file as well: ``scrub`` is due."""
        await self._engine.mark_traces(connection, Traces.SOME)

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
            except (UnavailableError, self._engine.scrub_errors) as error:
                _log.warning("scrub_not_finished", reason=self.write_state.refusal or str(error))
                return False

    async def _scrub_if_due(self) -> bool:
        async with self._turn:
            traces = await self._engine.traces()
        if traces is Traces.NONE:
            return True
        if traces is Traces.MOVED:
            return await self._engine.end_scrub(self._turn)
        if self._scrub_from > asyncio.get_running_loop().time():
            self._scrub_when_due()
            return False
        self._scrub_from = asyncio.get_running_loop().time() + _SCRUB_EVERY
        # What is deleted while this runs sets the mark anew.
        await self.transact(lambda connection: self._engine.mark_traces(connection, Traces.SCRUBBING))
        await self._engine.scrub(self._scrub_step)
        if not await self.transact(self._note_moved):
            return False
        return await self._engine.end_scrub(self._turn)

    async def _note_moved(self, connection: WritingConnection) -> bool:
        """Note that the tables are clean; return False if more was deleted meanwhile."""
        if await self._engine.traces() is not Traces.SCRUBBING:
            return False
        await self._engine.mark_traces(connection, Traces.MOVED)
        return True

    async def _scrub_step(
        self,
        work: Work[ResultT],
        around: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext,
    ) -> ResultT:
        return await self._to_the_end(self._transact(work, "scrub", around))

    def _scrub_when_due(self) -> None:
        if self._scrub_timer is None:
            loop, context = asyncio.get_running_loop(), contextvars.Context()
            # It is for no guild: that of its caller may be another process's by then.
            self._scrub_timer = loop.call_at(self._scrub_from, self._scrub_later, context=context)

    def _scrub_later(self) -> None:
        self._scrub_timer = None
        self._later_scrub = asyncio.create_task(self.scrub())

    def _stop_scrubbing(self) -> None:
        """End between two steps. The mark stays in the file, so the next process goes on."""
        if self._scrub_timer is not None:
            self._scrub_timer.cancel()
        if self._later_scrub is not None:
            self._later_scrub.cancel()

    async def _transact(
        self,
        work: Work[ResultT],
        operation: str,
        around: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext,
    ) -> ResultT:
        asked = time.monotonic()
        async with self._turn, around():
            async with self._noted(operation):
                self._refuse_known(asked)
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

    async def _in_transaction(self, work: Work[ResultT]) -> ResultT:
        patience = _IMPATIENCE if self.write_state.is_busy else self._patience
        result = await self._engine.transact(self._unless_moved(work), patience)
        self.commits += 1
        return result

    def _unless_moved(self, work: Work[ResultT]) -> Work[ResultT]:
        if not self._is_beside:
            return work

        async def looked(connection: WritingConnection) -> ResultT:
            for row in await connection.rows(MOVE):
                raise move_error(DatabaseMove(*row), self._engine.place)
            return await work(connection)

        return looked

    @contextlib.asynccontextmanager
    async def _noted(self, operation: str, *, is_read: bool = False) -> AsyncIterator[None]:
        """Note what an error says of the file. Raises UnavailableError in its place."""
        try:
            yield
        except self._engine.errors as error:
            await self._note(error, operation, is_read=is_read)
            raise

    async def _note(self, error: Exception, operation: str, *, is_read: bool = False) -> None:
        """Note what an error says of the file, and raise UnavailableError in its place if it does."""
        failure = self._engine.unavailable(error)
        if failure is None or (is_read and not self._engine.stops_reads(error)):
            return
        if isinstance(failure, NotHeldError):  # it says nothing of the database
            raise failure from None
        holder = ""
        if isinstance(failure, BusyError):
            self._busy_at = time.monotonic()
            if not self.write_state.is_busy:
                holder = await self._engine.holder()
        self.write_state.failed(failure, operation, holder)
        raise failure from error


def _name(work: object) -> str:
    """Return the name of a query, or of the method that has made a transaction, for the log."""
    name = str(getattr(work, "__name__" if hasattr(work, "sql") else "__qualname__", ""))
    return name.partition(".<locals>")[0]


def _open_engine(
    where: Path | str, patience: float, fence: Fence
) -> contextlib.AbstractAsyncContextManager[Engine]:
    if isinstance(where, Path):
        return SqliteEngine.open(where, patience)
    require_driver()
    # Only who uses it has installed its driver.
    from bot.store.postgres.engine import PostgresEngine  # noqa: PLC0415

    return PostgresEngine.open(where, fence)
