"""Shares a few reading connections between the guilds, so that no guild's long read stops the others."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from bot.durations import Durations
from bot.errors import RestartingError
from bot.store.connection import ReadingConnection

ResultT = TypeVar("ResultT")

READERS: Final = 4
MAX_PER_GUILD: Final = 2
"""A guild reads on so many connections at once; what it reads beyond that waits for them."""


class Readers:
    """Runs each read in a thread, on a connection of its own.

    Whoever waits for a connection gets it in turn: one read of each guild, then the next one of each. Urgent
    reads have a connection that no other read uses.
    """

    def __init__(self, connect: Callable[[], ReadingConnection]) -> None:
        """connect: opens a connection that may be used in any thread."""
        self._connect = connect
        self.durations = Durations()
        """Of reads, the wait for a connection included."""
        self.under_way = 0
        """Reads that wait or are read."""
        self._is_closed = False
        self._opened: list[_Reader] = []
        self._idle: list[_Reader] = []
        self._urgent: _Reader
        self._busy: Counter[object] = Counter()
        self._waiting: OrderedDict[object, deque[asyncio.Future[_Reader]]] = OrderedDict()

    async def open(self) -> None:
        """Open the connections. Raises what ``connect`` does."""
        self._idle += [await self._open(f"reader-{number}") for number in range(READERS)]
        # Urgent reads wait in the thread's own queue, so that a busy event loop does not delay the next one.
        self._urgent = await self._open("urgent-reader")

    async def _open(self, name: str) -> _Reader:
        reader = _Reader(await asyncio.to_thread(self._connect), name)
        self._opened.append(reader)
        return reader

    async def close(self) -> None:
        """Wait for the reads that have a connection, refuse those that wait for one, and close all."""
        self._is_closed = True
        for waiting in itertools.chain.from_iterable(self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(RestartingError())
        self._waiting.clear()
        await asyncio.gather(*(reader.close() for reader in self._opened))

    async def read(self, work: Callable[[ReadingConnection], ResultT], guild: object) -> ResultT:
        """Run ``work`` in a thread on a connection. guild: whose read this is, None if it is nobody's.

        Raises RestartingError after ``close``.
        """
        began = self._begin()
        try:
            reader = await self._take(guild)
            return await reader.run(work, lambda: self._give(reader, guild))
        finally:
            self._ended(began)

    async def read_urgently(self, work: Callable[[ReadingConnection], ResultT]) -> ResultT:
        """Run ``work``, which reads a few rows, without waiting for any read that is not urgent."""
        began = self._begin()
        try:
            return await self._urgent.run(work)
        finally:
            self._ended(began)

    def _begin(self) -> float:
        if self._is_closed:
            raise RestartingError
        self.under_way += 1
        return time.perf_counter()

    def _ended(self, began: float) -> None:
        self.under_way -= 1
        self.durations.add(time.perf_counter() - began)

    async def _take(self, guild: object) -> _Reader:
        if self._idle and self._busy[guild] < MAX_PER_GUILD:
            self._busy[guild] += 1
            return self._idle.pop()
        waiting: asyncio.Future[_Reader] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(guild, deque()).append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._give(waiting.result(), guild)
            else:
                self._forget(guild, waiting)
            raise

    def _forget(self, guild: object, waiting: asyncio.Future[_Reader]) -> None:
        queue = self._waiting.get(guild, deque())
        with contextlib.suppress(ValueError):
            queue.remove(waiting)
        if not queue:
            self._waiting.pop(guild, None)

    def _give(self, reader: _Reader, guild: object) -> None:
        self._busy[guild] -= 1
        if not self._busy[guild]:
            del self._busy[guild]
        self._idle.append(reader)
        for each, waiting in self._next():
            self._busy[each] += 1
            waiting.set_result(self._idle.pop())

    def _next(self) -> Iterator[tuple[object, asyncio.Future[_Reader]]]:
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


class _Reader:
    """A connection, and the one thread that uses it.

    The standard library's pools of threads take three times as long to hand over a read and its result, which
    is most of what a short read costs.
    """

    def __init__(self, connection: ReadingConnection, name: str) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Read | None] = SimpleQueue()
        connection.stop_when(self._is_cancelled)
        self._current: _Read | None = None
        # A process that ends waits for no read.
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(
        self, work: Callable[[ReadingConnection], ResultT], ended: Callable[[], None] | None = None
    ) -> ResultT:
        """Run ``work`` in the thread, after what it was given before.

        ended: called once the thread is done, which is later than this where the caller is cancelled.
        """
        read = _Read(work, self._loop.create_future(), ended)
        self._queue.put(read)
        result: ResultT = await read.answer
        return result

    async def close(self) -> None:
        """Close the connection after the reads before, and end the thread."""
        try:
            await self.run(lambda connection: connection.close())
        finally:
            self._queue.put(None)

    def _work(self) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop was closed: nobody waits any more
            while (read := self._queue.get()) is not None:
                self._current = read
                self._do(read)
                # A thread that waits keeps no result.
                self._current = read = None

    def _do(self, read: _Read) -> None:
        result, error = None, None
        try:
            result = read.work(self._connection)
        except BaseException as raised:  # noqa: BLE001 - the caller's
            error = raised
        self._loop.call_soon_threadsafe(read.done, result, error)

    def _is_cancelled(self) -> bool:
        return self._current is not None and self._current.answer.cancelled()


class _Read:
    """What one caller has a thread do. ended: see ``_Reader.run``."""

    __slots__ = ("answer", "ended", "work")

    def __init__(
        self,
        work: Callable[[ReadingConnection], Any],
        answer: asyncio.Future[Any],
        ended: Callable[[], None] | None,
    ) -> None:
        self.work = work
        self.answer = answer
        self.ended = ended

    def done(self, result: object, error: BaseException | None) -> None:
        """Give the result to the caller, in the event loop's thread."""
        if self.ended is not None:
            self.ended()
        if self.answer.cancelled():
            return
        if error is None:
            self.answer.set_result(result)
        else:
            self.answer.set_exception(error)
