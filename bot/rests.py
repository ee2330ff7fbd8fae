"""Keeps long computations, in threads and in the event loop, from holding up what others wait for."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")

_SHORT: Final = 0.004
"""Seconds of the thread's own computation, without its waiting, before the first rest."""
_WORK: Final = 0.001
"""The same between two rests."""
_REST: Final = 9
"""Times as long as the work before it."""


def with_rests(items: Iterable[ItemT]) -> Iterator[ItemT]:
    """Yield the items, and rest after each millisecond that was spent on them. Only for threads.

    Python runs one thread at a time. A thread that computes for a second takes turns with the event loop all
    that time, so that each answer to anybody takes several times as long. This takes a tenth of a thread.

    What takes less than four milliseconds is not delayed: the states of a server with two hundred agents are
    read in that time, and a read that rests keeps its connection to the database, which others wait for.
    """
    began, longest = time.thread_time(), _SHORT
    for item in items:
        yield item
        took = time.thread_time() - began
        if took > longest:
            time.sleep(took * _REST)
            began, longest = time.thread_time(), _WORK


async def with_turns(items: Iterable[ItemT]) -> AsyncIterator[ItemT]:
    """Yield the items, and let others have the event loop after each millisecond that was spent on them."""
    began = time.perf_counter()
    for item in items:
        yield item
        if time.perf_counter() - began > _WORK:
            await asyncio.sleep(0)
            began = time.perf_counter()
