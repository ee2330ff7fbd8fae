"""What transitions come down to, whatever they are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.kit.integration import State
from bot.services.history import DAY, Span, Troubles, by_day, spans_of, tally, troubles, within
from bot.services.watching import Incident, Transition

NOW = 1_764_000_000 + 5 * 3_600 + 7
UP, DOWN, BROKEN, OFF, LOST = State

TRANSITIONS = st.lists(
    st.builds(
        Transition, st.integers(NOW - 10 * DAY, NOW), st.sampled_from(State), st.sampled_from(["", "x"])
    ),
    unique_by=lambda each: each.at,
).map(lambda found: sorted(found, key=lambda each: each.at))
PERIOD = st.tuples(st.integers(NOW - 12 * DAY, NOW), st.integers(0, 12 * DAY)).map(
    lambda drawn: (drawn[0], min(NOW, drawn[0] + drawn[1]))
)


def made(*begun: tuple[int, State]) -> list[Transition]:
    """Return transitions from how many seconds ago each was, and into which state."""
    return [Transition(NOW - ago, state, "") for ago, state in begun]


def incident(number: int, opened: int, closed: int | None, acknowledged: int | None = None) -> Incident:
    """Return an incident; its times are how many seconds ago they were."""
    return Incident(
        guild_id=1,
        number=number,
        kind="integration",
        provider="toolzz",
        id="a",
        connection="default",
        label="a",
        state=State.ERROR,
        detail="",
        opened_at=NOW - opened,
        closed_at=None if closed is None else NOW - closed,
        acknowledged_at=None if acknowledged is None else NOW - acknowledged,
    )


@given(TRANSITIONS)
@example([])
@example(made((0, UP)))
def test_spans_cover_what_is_known_exactly(transitions: list[Transition]) -> None:
    """One span begins where another ends, from the first transition until now, each other than the next."""
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
def test_sums_are_the_period(transitions: list[Transition], period: tuple[int, int]) -> None:
    """The time in all states together is the period; what lies before the first transition is unknown."""
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
def test_the_same_again_changes_nothing(
    transitions: list[Transition], ago: int, period: tuple[int, int]
) -> None:
    """A transition into the state that is in force, for the same reason, leaves every span as it is."""
    at = NOW - ago
    before = [each for each in transitions if each.at < at]
    later = [each for each in transitions if each.at >= at]
    if not before or (later and later[0].at == at):
        return
    again = [*before, Transition(at, before[-1].state, before[-1].detail), *later]
    assert spans_of(again, NOW) == spans_of(transitions, NOW)


@given(TRANSITIONS, st.integers(1, 14))
def test_days_add_up(transitions: list[Transition], days: int) -> None:
    """The days' tallies together are the tally of them all, and each but today's has 24 hours."""
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
    ("transitions", "availability", "known"),
    [
        ([], None, 0),
        (made((1000, UP)), 1, 1),
        (made((500, UP)), 1, 0.5),
        (made((1000, UP), (250, DOWN)), 0.75, 1),
        (made((1000, UP), (250, BROKEN)), 0.75, 1),
        (made((5000, DOWN)), 0, 1),
        (made((1000, UP), (500, DOWN), (250, LOST)), 2 / 3, 0.75),
        (made((1000, UP), (500, DOWN), (250, OFF)), 2 / 3, 1),
        (made((1000, OFF)), None, 1),
        (made((1000, LOST)), None, 0),
        (made((1000, OFF), (400, LOST)), None, 0.6),
    ],
)
def test_what_counts_as_available(
    transitions: Sequence[Transition], availability: float | None, known: float
) -> None:
    """Time that is unknown or switched off is no outage; where no other is left there is no figure."""
    counted = tally(spans_of(transitions, NOW), NOW - 1000, NOW)
    assert counted.availability == (None if availability is None else pytest.approx(availability))
    assert counted.known == pytest.approx(known)


def test_a_clock_that_was_set_back_harms_nothing() -> None:
    """Transitions that seem to lie ahead take no time; the newest is in force."""
    ahead = [*made((10, UP), (-5, LOST), (-9, DOWN))]
    assert spans_of(ahead, NOW) == [Span(NOW - 10, NOW, UP), Span(NOW, NOW, DOWN)]


def test_incidents_are_summed_up() -> None:
    """How many, whether one is open, the longest until now, and how long each waited for somebody."""
    found = [incident(3, 700, None), incident(2, 1000, 800, 940), incident(1, 9000, 8800, 8990)]
    assert troubles(found, NOW) == Troubles(3, is_open=True, longest=700, acknowledged_after=[60, 10])
    assert troubles([], NOW) == Troubles(0, is_open=False, longest=0, acknowledged_after=[])
