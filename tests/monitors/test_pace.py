"""Checks come every interval, but never all of them at once."""

from hypothesis import given
from hypothesis import strategies as st

from bot.monitors.pace import Pace

INTERVALS = st.integers(1, 3600)
CHANCE = st.floats(0, 1, exclude_max=True)


@given(interval=INTERVALS, chance=CHANCE)
def test_the_next_check_is_an_interval_away_give_or_take_a_tenth(interval: int, chance: float) -> None:
    """Whatever chance says, it is neither sooner than nine tenths of an interval nor later than eleven."""
    pace = Pace(interval, lambda: 1000.0, lambda: chance)
    assert 0.9 * interval - 1e-6 <= pace.next() - 1000 <= 1.1 * interval + 1e-6


@given(interval=INTERVALS, chances=st.lists(CHANCE, min_size=2, unique=True))
def test_first_checks_are_spread_over_an_interval(interval: int, chances: list[float]) -> None:
    """After a start each has its own moment, none later than an interval from now."""
    dues = [Pace(interval, lambda: 0.0, lambda chance=chance: chance).spread() for chance in chances]  # type: ignore[misc]
    assert all(0 <= due < interval or chance > 0.999 for due, chance in zip(dues, chances, strict=True))
    assert sorted(dues) == [chance * interval for chance in sorted(chances)]
