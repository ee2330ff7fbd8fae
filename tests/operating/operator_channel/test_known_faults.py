"""A fault that comes and goes is told once an hour at most, and nothing of it is lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.operating.operator_channel.known_faults import QUIET_SECONDS, FaultNotice, KnownFaults, News

LOOK = 30.0
"""Seconds between two looks."""
HOUR = int(QUIET_SECONDS / LOOK)
"""Looks in the time in which a fault is not told again."""
KEY, TEXT = "database", "The database takes no writes."

runs = st.lists(st.tuples(st.booleans(), st.integers(1, HOUR)), max_size=12).map(
    lambda parts: [found for found, looks in parts for _ in range(looks)]
)
"""Whether each look finds the fault: spells of up to an hour."""


def told(looks: list[bool]) -> list[tuple[int, FaultNotice]]:
    """Return the notices, each with the number of the look that led to it."""
    faults = KnownFaults()
    return [
        (number, notice)
        for number, found in enumerate(looks)
        for notice in faults.compare({KEY: TEXT} if found else {}, number * LOOK)
    ]


@given(runs)
def test_a_fault_is_told_once_an_hour_at_most(looks: list[bool]) -> None:
    """Between two notices that a fault has begun lies an hour, and after each comes one that it is over."""
    notices = told(looks)
    begun = [number for number, notice in notices if notice.news is News.BEGUN]
    assert all(later - former >= HOUR for former, later in pairwise(begun))
    kinds = [notice.news for _, notice in notices if notice.news is not News.CAME_AND_WENT]
    assert kinds == [News.BEGUN if number % 2 == 0 else News.OVER for number in range(len(kinds))]


@given(runs, st.booleans())
def test_in_the_end_the_channel_knows_how_it_is(looks: list[bool], found: bool) -> None:
    """Once nothing has changed for an hour, the last notice says how it is."""
    notices = told([*looks, *[found] * (HOUR + 2)])
    is_on = bool(notices) and notices[-1][1].news is News.BEGUN
    assert is_on == found


@given(runs)
def test_each_time_is_counted_once(looks: list[bool]) -> None:
    """All notices together count each time that the fault began and did not pass by itself."""
    looks = [*looks, *[False] * (HOUR + 2)]
    text = "".join("x" if found else " " for found in looks)
    began = sum(len(spell) > 1 for spell in text.split())
    counted = [notice.times for _, notice in told(looks) if notice.news is not News.OVER]
    assert sum(counted) == began


def test_what_passes_by_itself_is_not_told() -> None:
    """A single look that finds a fault tells nothing; the second in a row does."""
    assert told([True, False, True, False]) == []
    assert told([True, True]) == [(1, FaultNotice(News.BEGUN, TEXT, 1))]


def test_faults_do_not_hide_each_other() -> None:
    """Each key has its own hour, and the text that was found last."""
    faults = KnownFaults()
    list(faults.compare({"a": "A", "b": "B"}, 0))
    assert [notice.text for notice in faults.compare({"a": "A 2", "b": "B"}, LOOK)] == ["A 2", "B"]
    assert list(faults.compare({"b": "B"}, 2 * LOOK)) == [FaultNotice(News.OVER, "A 2", 0)]
