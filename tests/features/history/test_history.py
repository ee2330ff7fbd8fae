"""Proves how transitions are summed up, for any transitions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.features.history.service import DAY, Span, by_day, spans_of, tally, within
from bot.features.history.store import Transition
from bot.features.maintenance.windows import MaintenanceTime
from bot.providers.base.integration import State

NOW = 1_764_000_000 + 5 * 3_600 + 7
UP, BLOCKED, DOWN, BROKEN, OFF, LOST = State

TRANSITIONS = st.lists(
    st.builds(
        Transition, st.integers(NOW - 10 * DAY, NOW), st.sampled_from(State), st.sampled_from(["", "x"])
    ),
    unique_by=lambda each: each.at,
).map(lambda found: sorted(found, key=lambda each: each.at))
PERIOD = st.tuples(st.integers(NOW - 12 * DAY, NOW), st.integers(0, 12 * DAY)).map(
    lambda drawn: (drawn[0], min(NOW, drawn[0] + drawn[1]))
)


def transitions_of(*begun: tuple[int, State]) -> list[Transition]:
    """Return transitions, each given by its age in seconds and its state."""
    return [Transition(NOW - ago, state, "") for ago, state in begun]


@given(TRANSITIONS)
@example([])
@example(transitions_of((0, UP)))
def test_spans_cover_the_known_time_exactly(transitions: list[Transition]) -> None:
    """Each span begins where the one before ends, in another state, from the first transition until now."""
    spans = spans_of(transitions, NOW)
    assert bool(spans) == bool(transitions)
    for one, other in pairwise(spans):
        assert one.start < one.end == other.start
        assert (one.state, one.detail) != (other.state, other.detail)
    if transitions:
        assert (spans[0].start, spans[-1].end) == (transitions[0].at, NOW)
        last = transitions[-1]
        assert (spans[-1].state, spans[-1].detail) == (last.state, last.detail)


@given(TRANSITIONS, PERIOD)
def test_the_sum_of_all_states_is_the_period(transitions: list[Transition], period: tuple[int, int]) -> None:
    """The time before the first transition counts as unknown."""
    since, until = period
    spans = spans_of(transitions, NOW)
    counted = tally(spans, since, until)
    assert sum(counted.seconds.values()) == until - since
    first = transitions[0].at if transitions else NOW
    assert counted.seconds[State.UNKNOWN] >= max(0, min(first, until) - since)
    assert 0 <= counted.known <= 1
    assert counted.availability is None or 0 <= counted.availability <= 1
    assert all(since <= part.start <= part.end <= until for part in within(spans, since, until))


@given(TRANSITIONS, st.integers(0, 10 * DAY), PERIOD)
def test_a_repeated_state_changes_nothing(
    transitions: list[Transition], ago: int, period: tuple[int, int]
) -> None:
    """A transition to the current state with the same detail leaves the spans as they are."""
    at = NOW - ago
    before = [each for each in transitions if each.at < at]
    later = [each for each in transitions if each.at >= at]
    if not before or (later and later[0].at == at):
        return
    again = [*before, Transition(at, before[-1].state, before[-1].detail), *later]
    assert spans_of(again, NOW) == spans_of(transitions, NOW)


@given(TRANSITIONS, st.integers(1, 14))
def test_days_add_up(transitions: list[Transition], days: int) -> None:
    """The sum of the days is the tally of the whole time, and each day but today has 24 hours."""
    spans = spans_of(transitions, NOW)
    found = by_day(spans, days, NOW)
    today = datetime.fromtimestamp(NOW, UTC).date()
    assert list(found) == sorted(found)
    assert (len(found), list(found)[-1]) == (days, today)
    lengths = [sum(day.seconds.values()) for day in found.values()]
    assert lengths == [DAY] * (days - 1) + [NOW % DAY]
    whole = tally(spans, NOW - sum(lengths), NOW)
    for state in State:
        assert sum(day.seconds[state] for day in found.values()) == whole.seconds[state]


@pytest.mark.parametrize(
    ("seconds", "days", "today"),
    [(-1, [DAY, DAY - 1], 19), (0, [DAY, DAY], 19), (1, [DAY, 1], 20)],
)
def test_a_day_begins_after_midnight(seconds: int, days: list[int], today: int) -> None:
    """At midnight in UTC the last day is the one that has just ended, with 24 hours."""
    midnight = int(datetime(2025, 11, 20, tzinfo=UTC).timestamp())
    found = by_day(spans_of([Transition(0, UP, "")], midnight + seconds), 2, midnight + seconds)
    assert [day.seconds[UP] for day in found.values()] == days
    assert [day.day for day in found] == [today - 1, today]


@pytest.mark.parametrize(
    ("transitions", "availability", "known"),
    [
        ([], None, 0),
        (transitions_of((1000, UP)), 1, 1),
        (transitions_of((500, UP)), 1, 0.5),
        (transitions_of((1000, UP), (250, DOWN)), 0.75, 1),
        (transitions_of((1000, UP), (250, BROKEN)), 0.75, 1),
        (transitions_of((5000, DOWN)), 0, 1),
        (transitions_of((1000, UP), (500, DOWN), (250, LOST)), 2 / 3, 0.75),
        (transitions_of((1000, UP), (500, DOWN), (250, OFF)), 2 / 3, 1),
        (transitions_of((1000, OFF)), None, 1),
        (transitions_of((1000, LOST)), None, 0),
        (transitions_of((1000, OFF), (400, LOST)), None, 0.6),
    ],
)
def test_what_counts_as_available(
    transitions: Sequence[Transition], availability: float | None, known: float
) -> None:
    """Unknown and inactive time is no outage. Without any other time there is no availability."""
    counted = tally(spans_of(transitions, NOW), NOW - 1000, NOW)
    assert counted.availability == (None if availability is None else pytest.approx(availability))
    assert counted.known == pytest.approx(known)


@given(TRANSITIONS, st.integers(1, 5), st.lists(st.tuples(st.integers(0, 6 * DAY), st.integers(1, 2 * DAY))))
def test_maintenance_counts_neither_way(
    transitions: list[Transition], days: int, drawn: list[tuple[int, int]]
) -> None:
    """The availability is that of the other time; the sums of all days are those of the whole time."""
    held: list[tuple[int, int]] = []
    for ago, seconds in sorted(drawn, reverse=True):
        start = max(NOW - ago, held[-1][1] + 1 if held else 0)
        if start < (end := min(NOW, start + seconds)):
            held.append((start, end))
    maintenance = MaintenanceTime(held)
    spans = spans_of(transitions, NOW)
    found = by_day(spans, days, NOW, maintenance)
    since = NOW - sum(sum(day.seconds.values()) for day in found.values())
    whole = tally(spans, since, NOW, maintenance)
    edges = [since, *(min(max(at, since), NOW) for period in held for at in period), NOW]
    parts = [tally(spans, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    for state in State:
        assert whole.counted[state] == sum(part.seconds[state] for part in parts)
        assert whole.counted[state] == sum(day.counted[state] for day in found.values())
        assert whole.seconds[state] == tally(spans, since, NOW).seconds[state]
    assert whole.maintenance == sum(day.maintenance for day in found.values())
    assert whole.maintenance == maintenance.seconds(since, NOW)


@pytest.mark.parametrize(
    ("maintenance", "availability"),
    [
        ([], 0.75),
        ([(NOW - 250, NOW)], 1),
        ([(NOW - 1000, NOW - 250)], 0),
        ([(NOW - 500, NOW - 125)], 0.8),
        ([(NOW - 1000, NOW)], None),
        ([(NOW - 9000, NOW - 1000)], 0.75),
    ],
)
def test_an_outage_in_maintenance_is_none(
    maintenance: list[tuple[int, int]], availability: float | None
) -> None:
    """What fails in a window costs nothing, and what works in it wins nothing."""
    spans = spans_of(transitions_of((1000, UP), (250, DOWN)), NOW)
    counted = tally(spans, NOW - 1000, NOW, MaintenanceTime(maintenance))
    assert counted.availability == (None if availability is None else pytest.approx(availability))


def test_transitions_in_the_future_take_no_time() -> None:
    """They come from a clock that was set back. The newest one is the current state."""
    ahead = [*transitions_of((10, UP), (-5, LOST), (-9, DOWN))]
    assert spans_of(ahead, NOW) == [Span(NOW - 10, NOW, UP), Span(NOW, NOW, DOWN)]
