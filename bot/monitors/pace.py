"""When a connection is read: every interval, but never all of them at the same moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TICKS: Final = 12
"""In an interval, at each of which is looked whether anything is due."""
_JITTER: Final = 0.1
"""Of an interval, either way."""


@dataclass(frozen=True, slots=True)
class Pace:
    """interval: seconds. clock: seconds that never go back. random: from 0 to below 1."""

    interval: int
    clock: Callable[[], float]
    random: Callable[[], float]

    @property
    def tick(self) -> float:
        """Seconds between two looks at what is due."""
        return self.interval / _TICKS

    def spread(self) -> float:
        """Return a time within the coming interval: after a start, all of them would be due."""
        return self.clock() + self.random() * self.interval

    def next(self) -> float:
        """Return the time of the check after one that begins now."""
        return self.clock() + (1 - _JITTER + 2 * _JITTER * self.random()) * self.interval
