"""Long computations rest, short ones do not."""

import select
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rests import with_rests


def busy(count: int, seconds: float) -> Iterator[int]:
    """Yield numbers, each after some computation."""
    for number in range(count):
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass
        yield number


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the seconds of each rest."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_it_rests_longer_than_it_computes(rests: list[float]) -> None:
    """Of a long computation's time, the event loop has most."""
    began = time.thread_time()
    assert list(with_rests(busy(100, 0.0005))) == list(range(100))
    assert sum(rests) > (time.thread_time() - began) * 2


def test_what_is_short_does_not_rest(rests: list[float]) -> None:
    """A few rows cost nobody any time."""
    assert list(with_rests(range(20))) == list(range(20))
    assert rests == []


def test_waiting_is_no_computation(rests: list[float]) -> None:
    """What waited for a busy machine is not slowed down once more."""

    def waiting() -> Iterator[int]:
        for number in range(3):
            select.select([], [], [], 0.005)
            yield number

    assert list(with_rests(waiting())) == [0, 1, 2]
    assert rests == []


@given(st.lists(st.integers()))
def test_nothing_is_lost(items: list[int]) -> None:
    """The items come out as they went in."""
    assert list(with_rests(items)) == items
