"""Proves that checks come every interval, but not all of them at once."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.features.monitoring.schedule import ConnectionSchedule

INTERVALS = st.integers(1, 3600)
CHANCE = st.floats(0, 1, exclude_max=True)


@given(interval=INTERVALS, chance=CHANCE)
@example(interval=60, chance=0)
@example(interval=60, chance=0.5)
def test_the_next_check_is_nine_to_eleven_tenths_of_an_interval_away(interval: int, chance: float) -> None:
    """The random number decides where between the two it is."""
    schedule = ConnectionSchedule(interval, lambda: 1000.0, lambda: chance)
    assert schedule.next() - 1000 == pytest.approx((0.9 + 0.2 * chance) * interval)


@given(interval=INTERVALS, chances=st.lists(CHANCE, min_size=2, unique=True))
def test_first_checks_are_spread_over_an_interval(interval: int, chances: list[float]) -> None:
    """After a start each connection has a time of its own, at most an interval from now."""
    numbers = iter(chances)
    schedule = ConnectionSchedule(interval, lambda: 0.0, lambda: next(numbers))
    dues = [schedule.first() for _ in chances]
    assert all(0 <= due < interval or chance > 0.999 for due, chance in zip(dues, chances, strict=True))
    assert dues == [chance * interval for chance in chances]


@pytest.mark.parametrize(("interval", "tick"), [(12, 1.0), (60, 5.0), (3600, 5.0)])
def test_ticks_are_never_rare(interval: int, tick: float) -> None:
    """What another process has changed is noticed within five seconds, however rare the checks are."""
    assert ConnectionSchedule(interval, lambda: 0.0, lambda: 0.5).tick == tick
