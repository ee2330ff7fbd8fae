"""Says what maintenance windows cover; asks nobody."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Interval = tuple[int, int]
"""A start and an end, in seconds since 1970. The end does not belong to it."""


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A time in which nobody is told that an agent fails. Times are seconds since 1970.

    number: counted from 1 in each guild, never used again. provider, id: the agent; both are empty in a
    window for the whole server. ends_at: the first second after the window.
    """

    guild_id: int
    number: int
    provider: str
    id: str
    starts_at: int
    ends_at: int
    set_by: int
    set_at: int

    @property
    def is_for_all(self) -> bool:
        """Whether the window is for the whole server."""
        return not self.provider and not self.id

    def covers(self, provider: str, id: str) -> bool:  # noqa: A002 - the column's name
        """Tell whether the window is for this agent.

        With both empty, tell whether it is for the whole server: only such a window covers what is no agent,
        a connection or a provider.
        """
        return self.is_for_all or (self.provider, self.id) == (provider, id)


def held_until(
    windows: Iterable[MaintenanceWindow],
    provider: str,
    id: str,  # noqa: A002 - the column's name
    now: int,
) -> int | None:
    """Return when the maintenance ends that holds now, or None if none does.

    Windows that overlap or touch are one maintenance. provider, id: as in ``MaintenanceWindow.covers``.
    """
    merged = _merged(windows, provider, id)
    return next((end for start, end in merged if start <= now < end), None)


def covered(
    windows: Iterable[MaintenanceWindow],
    provider: str,
    id: str,  # noqa: A002 - the column's name
    since: int,
    until: int,
) -> list[Interval]:
    """Return the parts of a period that were in maintenance, the oldest first, without overlap.

    provider, id: as in ``MaintenanceWindow.covers``.
    """
    return [
        (max(start, since), min(end, until))
        for start, end in _merged(windows, provider, id)
        if max(start, since) < min(end, until)
    ]


class MaintenanceTime:
    """Counts the seconds of maintenance in a period, quickly however many periods are asked for."""

    def __init__(self, intervals: Sequence[Interval] = ()) -> None:
        """intervals: as ``covered`` returns them."""
        self.intervals = intervals
        self._starts = [start for start, _ in intervals]
        self._sums = [0]
        for start, end in intervals:
            self._sums.append(self._sums[-1] + end - start)

    def seconds(self, since: int, until: int) -> int:
        """Return how many seconds of the period were in maintenance."""
        return self._before(until) - self._before(since)

    def _before(self, at: int) -> int:
        begun = bisect_right(self._starts, at)
        still = max(0, self.intervals[begun - 1][1] - at) if begun else 0
        return self._sums[begun] - still


def _merged(windows: Iterable[MaintenanceWindow], provider: str, id: str) -> list[Interval]:  # noqa: A002 - as above
    merged: list[Interval] = []
    for start, end in sorted((each.starts_at, each.ends_at) for each in windows if each.covers(provider, id)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
