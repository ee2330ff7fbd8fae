"""Sums up an integration's transitions: the time in each state, and the availability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from bot.features.history.store import Transition
from bot.features.maintenance.windows import MaintenanceTime
from bot.providers.base.integration import State

DAY: Final = 86_400
MAX_DAYS: Final = 90
"""The availability of so many days is shown day by day."""
PERIODS: Final = (1, 7, 30)
"""Numbers of days for which the availability is always summed up, whichever period is shown."""
IN_USE: Final = (State.CONNECTED, State.BLOCKED, State.DISCONNECTED, State.ERROR)
"""Only time in these states counts for the availability: inactive or unknown is no outage."""
NO_MAINTENANCE: Final = MaintenanceTime()


@dataclass(frozen=True, slots=True)
class Span:
    """A time in one state for one reason. start, end: seconds since 1970. detail: untrusted text."""

    start: int
    end: int
    state: State
    detail: str = ""

    @property
    def seconds(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Tally:
    """The seconds in each state. Time of which nothing is known counts as ``UNKNOWN``.

    counted: those outside maintenance.
    """

    seconds: Mapping[State, int]
    counted: Mapping[State, int]

    @property
    def availability(self) -> float | None:
        """The connected part of the time that counts, from 0 to 1; None if no time counts.

        Time in maintenance counts neither as connected nor as anything else.
        """
        in_use = sum(self.counted[state] for state in IN_USE)
        return self.counted[State.CONNECTED] / in_use if in_use else None

    @property
    def maintenance(self) -> int:
        """The seconds of maintenance, in whichever state."""
        return sum(self.seconds.values()) - sum(self.counted.values())

    @property
    def known(self) -> float:
        """The part of the time in which the state is known, from 0 to 1."""
        total = sum(self.seconds.values())
        return 1 - self.seconds[State.UNKNOWN] / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """An integration's history until ``now``.

    spans: those in the period that is shown; the first one may begin before it. tally: of the period.
    periods: the tallies of ``PERIODS``. days: the tallies of the period's days in UTC, both parts of days
    included, ``MAX_DAYS`` at most. maintenance: also from before the period.
    """

    since: int
    now: int
    spans: Sequence[Span]
    tally: Tally
    periods: Mapping[int, Tally]
    days: Mapping[date, Tally]
    maintenance: MaintenanceTime


def reaches_back_to(days: int, now: int) -> int:
    """Return since when ``look_back`` needs transitions."""
    return now - (max(days, *PERIODS) + 1) * DAY


def look_back(
    transitions: Sequence[Transition], days: int, now: int, maintenance: MaintenanceTime = NO_MAINTENANCE
) -> Past:
    """Sum up so many days until now. transitions: the oldest first. It takes long if there are many."""
    since = now - days * DAY
    spans = spans_of(transitions, now)
    return Past(
        since,
        now,
        [each for each in spans if each.end > since],
        tally(spans, since, now, maintenance),
        {period: tally(spans, now - period * DAY, now, maintenance) for period in PERIODS},
        by_day(spans, min(days + 1, MAX_DAYS), now, maintenance),
        maintenance,
    )


def spans_of(transitions: Sequence[Transition], now: int) -> list[Span]:
    """Return the spans from the first transition until now, without gaps.

    transitions: the oldest first. The last span is the current one, even if it begins now.
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
    """Return the parts of the spans that are in a period. A span that only touches the period has none."""
    return [
        Span(max(each.start, since), min(each.end, until), each.state, each.detail)
        for each in spans
        if each.start < until and each.end > since
    ]


def tally(
    spans: Sequence[Span], since: int, until: int, maintenance: MaintenanceTime = NO_MAINTENANCE
) -> Tally:
    """Add up the time in each state. The sum is exactly the period."""
    until = max(since, until)
    seconds, counted = dict.fromkeys(State, 0), dict.fromkeys(State, 0)
    for each in within(spans, since, until):
        seconds[each.state] += each.seconds
        counted[each.state] += each.seconds - maintenance.seconds(each.start, each.end)
    seconds[State.UNKNOWN] += until - since - sum(seconds.values())
    counted[State.UNKNOWN] += until - since - maintenance.seconds(since, until) - sum(counted.values())
    return Tally(seconds, counted)


def by_day(
    spans: Sequence[Span], days: int, now: int, maintenance: MaintenanceTime = NO_MAINTENANCE
) -> dict[date, Tally]:
    """Return the tallies of so many days in UTC, the oldest first; the last one ends now."""
    today = (now - 1) // DAY * DAY  # at midnight the new day has no time yet
    starts = range(today - (days - 1) * DAY, today + 1, DAY)
    parts: dict[int, list[Span]] = {start: [] for start in starts}
    for each in within(spans, starts[0], now):
        for start in range(each.start - each.start % DAY, each.end, DAY):
            parts[start].append(each)
    return {
        datetime.fromtimestamp(start, UTC).date(): tally(part, start, min(start + DAY, now), maintenance)
        for start, part in parts.items()
    }
