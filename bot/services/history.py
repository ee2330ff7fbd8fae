"""What an integration's transitions come down to: which state when, how long, and how available it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from bot.kit.integration import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.services.watching import Incident, Transition

DAY: Final = 86_400
MOST_DAYS: Final = 90
"""Of which the availability is told day by day."""
PERIODS: Final = (1, 7, 30)
"""Days over which availability is summed up, whatever the period that is looked at."""
IN_USE: Final = (State.CONNECTED, State.DISCONNECTED, State.ERROR)
"""Time in these counts: what was switched off on purpose, or not seen by anybody, is no outage."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in one state, for one reason. start, end: seconds since 1970. detail: hostile, as in Watched."""

    start: int
    end: int
    state: State
    detail: str = ""

    @property
    def seconds(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Tally:
    """How long it was in each state, in seconds; time of which nothing is known counts as ``UNKNOWN``."""

    seconds: Mapping[State, int]

    @property
    def availability(self) -> float | None:
        """The part of the time in use in which it was connected, 0 to 1; None where no such time is known."""
        in_use = sum(self.seconds[state] for state in IN_USE)
        return self.seconds[State.CONNECTED] / in_use if in_use else None

    @property
    def known(self) -> float:
        """The part of the time of which its state is known, 0 to 1."""
        total = sum(self.seconds.values())
        return 1 - self.seconds[State.UNKNOWN] / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Troubles:
    """Incidents in a period. longest: seconds, also those before the period; until now if it is open.

    acknowledged_after: seconds from the beginning of each that somebody acknowledged.
    """

    count: int
    is_open: bool
    longest: int
    acknowledged_after: Sequence[int]


@dataclass(frozen=True, slots=True)
class Past:
    """An integration's history until ``now``.

    spans: of the period that is looked at, the first one with what of it was before. tally: the period's.
    periods: the tallies of ``PERIODS``. days: those of the period's days in UTC, the first and the last one
    as well, but of ``MOST_DAYS`` at most.
    """

    since: int
    now: int
    spans: Sequence[Span]
    tally: Tally
    periods: Mapping[int, Tally]
    days: Mapping[date, Tally]


def reaches_back_to(days: int, now: int) -> int:
    """Return from when on ``look_back`` wants to know what was."""
    return now - (max(days, *PERIODS) + 1) * DAY


def look_back(transitions: Sequence[Transition], days: int, now: int) -> Past:
    """Sum up so many days until now. transitions: oldest first. Takes a while where there are many."""
    since = now - days * DAY
    spans = spans_of(transitions, now)
    return Past(
        since,
        now,
        [each for each in spans if each.end > since],
        tally(spans, since, now),
        {period: tally(spans, now - period * DAY, now) for period in PERIODS},
        by_day(spans, min(days + 1, MOST_DAYS), now),
    )


def spans_of(transitions: Sequence[Transition], now: int) -> list[Span]:
    """Return what followed on what, from the first transition until now, without gaps.

    transitions: oldest first. The last span is the present one, even if it has only just begun.
    """
    spans: list[Span] = []
    for number, each in enumerate(transitions, start=1):
        is_last = number == len(transitions)
        start = min(each.at, now)
        end = now if is_last else min(transitions[number].at, now)
        before = spans[-1] if spans else None
        if before is not None and (before.state, before.detail) == (each.state, each.detail):
            spans[-1] = Span(before.start, end, before.state, before.detail)
        elif start < end or is_last:
            spans.append(Span(start, end, State(each.state), each.detail))
    return spans


def within(spans: Sequence[Span], since: int, until: int) -> list[Span]:
    """Return the spans' parts in a period; one that only begins or ends at its edge has none."""
    return [
        Span(max(each.start, since), min(each.end, until), each.state, each.detail)
        for each in spans
        if each.start < until and each.end > since
    ]


def tally(spans: Sequence[Span], since: int, until: int) -> Tally:
    """Add up a period's time in each state: in total exactly the period."""
    seconds = dict.fromkeys(State, 0)
    for each in within(spans, since, until):
        seconds[each.state] += each.seconds
    seconds[State.UNKNOWN] += max(0, until - since) - sum(seconds.values())
    return Tally(seconds)


def by_day(spans: Sequence[Span], days: int, now: int) -> dict[date, Tally]:
    """Return the tallies of so many days in UTC, oldest first; the last one is today until now."""
    today = (now - 1) // DAY * DAY  # at midnight the new one has nothing to tell yet
    starts = range(today - (days - 1) * DAY, today + 1, DAY)
    parts: dict[int, list[Span]] = {start: [] for start in starts}
    for each in within(spans, starts[0], now):
        for start in range(each.start - each.start % DAY, each.end, DAY):
            parts[start].append(each)
    return {
        datetime.fromtimestamp(start, UTC).date(): tally(part, start, min(start + DAY, now))
        for start, part in parts.items()
    }


def troubles(incidents: Sequence[Incident], now: int) -> Troubles:
    """Sum up incidents, those that are open included."""
    return Troubles(
        count=len(incidents),
        is_open=any(each.closed_at is None for each in incidents),
        longest=max(
            (((now if each.closed_at is None else each.closed_at) - each.opened_at) for each in incidents),
            default=0,
        ),
        acknowledged_after=[
            each.acknowledged_at - each.opened_at for each in incidents if each.acknowledged_at is not None
        ],
    )
