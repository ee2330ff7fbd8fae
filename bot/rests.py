"""Keeps long computations in threads from holding up the event loop."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")

_WORK: Final = 0.001
"""Seconds of the thread's own computation, without its waiting."""
_REST: Final = 9
"""Times as long as the work before it."""


def with_rests(items: Iterable[ItemT]) -> Iterator[ItemT]:
    """Yield the items, and rest after each millisecond that was spent on them. Only for threads.

    Python runs one thread at a time. A thread that computes for a second takes turns with the event loop all
    that time, so that each answer to anybody takes several times as long. This takes a tenth of a thread, and
    what takes less than a millisecond is not delayed.
    """
    began = time.thread_time()
    for item in items:
        yield item
        took = time.thread_time() - began
        if took > _WORK:
            time.sleep(took * _REST)
            began = time.thread_time()
