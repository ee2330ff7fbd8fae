"""Decides when each connection is checked: once per interval, but not all connections at the same moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_TICKS_PER_INTERVAL: Final = 12
_JITTER: Final = 0.1
"""A part of the interval: a check comes so much sooner or later at most."""


@dataclass(frozen=True, slots=True)
class ConnectionSchedule:
    """The times of the checks.

    interval: seconds between two checks of a connection. clock: seconds that never go back. random: a number
    from 0 to below 1. max_check_seconds: after so long a check is given up; it may take many requests, each
    with a deadline of its own. max_tick: seconds within which it is noticed what another process does to the
    connections.
    """

    interval: int
    clock: Callable[[], float]
    random: Callable[[], float]
    max_check_seconds: float = 60.0
    max_tick: float = 5.0

    @property
    def tick(self) -> float:
        """The seconds between two looks at which checks are due."""
        return min(self.interval / _TICKS_PER_INTERVAL, self.max_tick)

    def first(self) -> float:
        """Return the time of a connection's first check after the bot starts, somewhere in the coming
        interval.
        """
        return self.clock() + self.random() * self.interval

    def next(self) -> float:
        """Return the time of the check that follows one that begins now."""
        return self.clock() + (1 - _JITTER + 2 * _JITTER * self.random()) * self.interval
