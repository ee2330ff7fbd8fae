"""Durations are counted in steps, and none is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.durations import BOUNDS, Durations


@given(st.lists(st.one_of(st.floats(0, 100), st.sampled_from(BOUNDS))))
def test_each_duration_is_counted_in_its_step(taken: list[float]) -> None:
    """Up to each bound there are as many as took at most so long, and the sum is that of all."""
    durations = Durations()
    for seconds in taken:
        durations.add(seconds)
    for number, bound in enumerate(BOUNDS):
        assert sum(durations.counts[: number + 1]) == sum(seconds <= bound for seconds in taken)
    assert sum(durations.counts) == len(taken)
    assert durations.total == sum(taken)


def test_a_failure_takes_time_as_well() -> None:
    """What raises is counted like what succeeds."""
    durations = Durations()
    with pytest.raises(LookupError), durations.measured():
        raise LookupError
    assert sum(durations.counts) == 1
