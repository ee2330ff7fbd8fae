"""Long computations rest or let others have their turn, short ones do not."""

import asyncio
import select
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rests import with_rests, with_turns


class Thread:
    """What a thread has computed, which no busy machine changes, and each of its rests, in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.computed = 0.0
        self.rests: list[float] = []
        monkeypatch.setattr(time, "thread_time", lambda: self.computed)
        monkeypatch.setattr(time, "sleep", self.rests.append)

    def compute(self, count: int, seconds: float) -> Iterator[int]:
        """Yield numbers, each after so many seconds of computation."""
        for number in range(count):
            self.computed += seconds
            yield number


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> Thread:
    return Thread(monkeypatch)


def test_it_rests_longer_than_it_computes(thread: Thread) -> None:
    """Of a long computation's time, the event loop has most."""
    assert list(with_rests(thread.compute(100, 0.0005))) == list(range(100))
    assert sum(thread.rests) > thread.computed * 2


def test_what_is_short_does_not_rest(thread: Thread) -> None:
    """A few rows cost nobody any time."""
    assert list(with_rests(thread.compute(20, 0.00004))) == list(range(20))
    assert thread.rests == []


def test_a_large_servers_states_do_not_rest(thread: Thread) -> None:
    """What takes a few milliseconds has no pause in the middle, in which it would keep a connection."""
    assert list(with_rests(thread.compute(100, 0.000035))) == list(range(100))
    assert thread.rests == []


def test_waiting_is_no_computation(thread: Thread) -> None:
    """What waited for a busy machine is not slowed down once more."""

    def waiting() -> Iterator[int]:
        for number in range(3):
            select.select([], [], [], 0.005)
            yield number

    assert list(with_rests(waiting())) == [0, 1, 2]
    assert thread.rests == []


@given(st.lists(st.integers()))
def test_nothing_is_lost(items: list[int]) -> None:
    """The items come out as they went in."""
    assert list(with_rests(items)) == items


async def test_others_have_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the event loop has it after each millisecond, and nothing is lost."""
    now, order = 0.0, list[int | str]()
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    asyncio.get_running_loop().call_soon(order.append, "another")
    async for item in with_turns(range(6)):
        order.append(item)
        now += 0.0004
    assert order == [0, 1, 2, "another", 3, 4, 5]
