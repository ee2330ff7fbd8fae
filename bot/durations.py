"""Counts how long something takes, in fixed steps: little to keep, and enough for any percentile."""

import contextlib
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Seconds. Discord waits three for the first answer."""


class Durations:
    """How often something has taken how long.

    counts: how often it took at most each of ``BOUNDS`` and more than the bound before; the last one counts
    what took longer than all of them. total: seconds in all.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count something that took so long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Count how long the body takes, whether it succeeds or not."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(time.perf_counter() - began)
