"""Shares a few reading connections between the guilds, so that no guild's long read stops the others."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from bot.durations import Durations

ResultT = TypeVar("ResultT")

READERS: Final = 4
MAX_PER_GUILD: Final = 2
"""A guild reads on so many connections at once; what it reads beyond that waits for them."""

_STEPS: Final = 20_000
"""SQLite's instructions after which a read looks whether its caller was cancelled: a millisecond."""


class Readers:
    """Runs each read in a thread, on a connection of its own.

    Whoever waits for a connection gets it in turn: one read of each guild, then the next one of each. Urgent
    reads have a connection that no other read uses.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """connect: opens a connection that may be used in any thread."""
        self._connect = connect
        self.durations = Durations()
        """Of reads, the wait for a connection included."""
        self.under_way = 0
        """Reads that wait or are read."""
        # One thread for each connection: a read that has a connection never waits for a thread.
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        # Urgent reads wait in the thread's own queue, so that a busy event loop does not delay the next one.
        self._urgent_thread = ThreadPoolExecutor(1, thread_name_prefix="urgent-reader")
        self._idle: list[sqlite3.Connection] = []
        self._urgent: sqlite3.Connection
        self._busy: Counter[object] = Counter()
        self._waiting: OrderedDict[object, deque[asyncio.Future[sqlite3.Connection]]] = OrderedDict()
        self._reads: set[asyncio.Future[Any]] = set()

    async def open(self) -> None:
        """Open the connections. Raises sqlite3.Error."""
        for _ in range(READERS):
            self._idle.append(await _in_thread(self._threads, self._connect))
        self._urgent = await _in_thread(self._urgent_thread, self._connect)

    async def close(self) -> None:
        """Wait for the reads under way, and close the connections."""
        await asyncio.gather(*self._reads, return_exceptions=True)
        opened = [*self._idle, *([self._urgent] if hasattr(self, "_urgent") else [])]
        for connection in opened:
            await _in_thread(self._threads, connection.close)
        self._threads.shutdown(wait=False)
        self._urgent_thread.shutdown(wait=False)

    async def read(self, work: Callable[[sqlite3.Connection], ResultT], guild: object) -> ResultT:
        """Run ``work`` in a thread on a connection. guild: whose read this is, None if it is nobody's."""
        with self._counted():
            connection = await self._take(guild)
            return await self._run(self._threads, work, connection, lambda: self._give(connection, guild))

    async def read_urgently(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run ``work``, which reads a few rows, without waiting for any read that is not urgent."""
        with self._counted():
            return await self._run(self._urgent_thread, work, self._urgent, lambda: None)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self.under_way += 1
        try:
            with self.durations.measured():
                yield
        finally:
            self.under_way -= 1

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        work: Callable[[sqlite3.Connection], ResultT],
        connection: sqlite3.Connection,
        release: Callable[[], None],
    ) -> ResultT:
        stopped = False

        def in_thread() -> ResultT:
            # Not ``interrupt``, which does nothing if it comes before the statement begins.
            connection.set_progress_handler(lambda: stopped, _STEPS)
            try:
                return work(connection)
            finally:
                connection.set_progress_handler(None, 0)

        # The thread goes on when the caller is cancelled. Nobody else gets the connection before it is done.
        reading = _in_thread(threads, in_thread)
        self._reads.add(reading)

        def done(_: object) -> None:
            self._reads.discard(reading)
            release()
            if not reading.cancelled():
                reading.exception()  # nobody else asks for it if the caller was cancelled

        reading.add_done_callback(done)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            stopped = True
            raise

    async def _take(self, guild: object) -> sqlite3.Connection:
        if self._idle and self._busy[guild] < MAX_PER_GUILD:
            self._busy[guild] += 1
            return self._idle.pop()
        waiting: asyncio.Future[sqlite3.Connection] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(guild, deque()).append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._give(waiting.result(), guild)
            else:
                self._forget(guild, waiting)
            raise

    def _forget(self, guild: object, waiting: asyncio.Future[sqlite3.Connection]) -> None:
        queue = self._waiting.get(guild, deque())
        with contextlib.suppress(ValueError):
            queue.remove(waiting)
        if not queue:
            self._waiting.pop(guild, None)

    def _give(self, connection: sqlite3.Connection, guild: object) -> None:
        self._busy[guild] -= 1
        if not self._busy[guild]:
            del self._busy[guild]
        self._idle.append(connection)
        for each, waiting in self._next():
            self._busy[each] += 1
            waiting.set_result(self._idle.pop())

    def _next(self) -> Iterator[tuple[object, asyncio.Future[sqlite3.Connection]]]:
        """Take from the queue who is next, while there are connections."""
        for guild in list(self._waiting):
            if not self._idle:
                return
            if self._busy[guild] >= MAX_PER_GUILD:
                continue
            queue = self._waiting[guild]
            while queue and queue[0].done():  # cancelled, and not gone yet
                queue.popleft()
            waiting = queue.popleft() if queue else None
            self._waiting.move_to_end(guild)
            if not queue:
                del self._waiting[guild]
            if waiting is not None:
                yield guild, waiting


def _in_thread(threads: ThreadPoolExecutor, function: Callable[[], ResultT]) -> asyncio.Future[ResultT]:
    return asyncio.get_running_loop().run_in_executor(threads, function)
