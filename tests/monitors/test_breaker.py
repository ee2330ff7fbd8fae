"""A host that is down is left alone, and is found to be back by one question at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import (
    ForbiddenError,
    NotFoundError,
    NotJsonError,
    ProviderTimeoutError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnreachableError,
)
from bot.monitors.breaker import DOWN, FIRST_PAUSE, LONGEST_PAUSE, MOST_FAILURES, Breaker


@dataclass
class Clock:
    """Goes when it is told to."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("api.test", clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.may_ask()
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """An answer in between makes the count begin anew; the fifth failure without one lets nobody through."""
    fail(breaker, MOST_FAILURES - 1)
    breaker.succeeded()
    fail(breaker, MOST_FAILURES - 1)
    assert not breaker.is_open
    fail(breaker, 1)
    assert breaker.is_open
    assert not breaker.may_ask()


def test_the_pause_doubles(breaker: Breaker, clock: Clock) -> None:
    """One is let through after 30 seconds, and each time it fails after twice as long, up to ten minutes."""
    fail(breaker, MOST_FAILURES)
    pauses = []
    for _ in range(7):
        start = clock.now
        while not breaker.may_ask():
            clock.now += 1
        pauses.append(clock.now - start)
        breaker.failed()
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    clock.now += LONGEST_PAUSE
    assert breaker.may_ask()
    breaker.succeeded()
    fail(breaker, MOST_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()


def test_one_tries_and_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    """Until the one has said how it went nobody else asks, and then either all do or none."""
    fail(breaker, MOST_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()
    clock.now += LONGEST_PAUSE - 1
    assert not breaker.may_ask()
    breaker.succeeded()
    assert all(breaker.may_ask() for _ in range(3))


def test_a_trial_without_a_word_is_given_up(breaker: Breaker, clock: Clock) -> None:
    """Where the one that tries never comes back, another one may after the longest pause."""
    fail(breaker, MOST_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()
    clock.now += LONGEST_PAUSE
    assert breaker.may_ask()
    assert not breaker.may_ask()


def test_what_was_under_way_does_not_count(breaker: Breaker, clock: Clock) -> None:
    """Failures of those who asked before it opened make the pause no longer."""
    assert all(breaker.may_ask() for _ in range(MOST_FAILURES + 5))
    for _ in range(MOST_FAILURES + 5):
        breaker.failed()
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()


def test_a_host_may_ask_for_a_pause(breaker: Breaker, clock: Clock) -> None:
    """What a host says with Retry-After is kept to, the longest that it said, whatever else it answers."""
    breaker.hold(90)
    breaker.hold(10)
    breaker.succeeded()
    clock.now += 89
    assert not breaker.may_ask()
    clock.now += 1
    assert breaker.may_ask()
    fail(breaker, MOST_FAILURES)
    breaker.hold(FIRST_PAUSE * 3)
    clock.now += FIRST_PAUSE
    assert not breaker.may_ask()


def test_it_says_so_once(breaker: Breaker, clock: Clock) -> None:
    """The log has one line when the host goes down and one when it is back, however long it took."""
    with capture_logs() as logged:
        fail(breaker, MOST_FAILURES)
        breaker.failed()
        clock.now += FIRST_PAUSE
        fail(breaker, 1)
        clock.now += LONGEST_PAUSE
        assert breaker.may_ask()
        breaker.succeeded()
        breaker.succeeded()
    assert [(entry["event"], entry["host"]) for entry in logged] == [
        ("host_down", "api.test"),
        ("host_back", "api.test"),
    ]


def test_an_answer_is_no_failure() -> None:
    """No answer, a late one, a fault of the host's own and a gateway's page are failures, refusals none."""
    assert set(DOWN) == {UnreachableError, ProviderTimeoutError, ServerFaultError, NotJsonError}
    for kind in (UnauthorizedError, ForbiddenError, NotFoundError, RateLimitedError):
        assert not issubclass(kind, DOWN)


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "fail", "hold", "wait"]), st.integers(0, 120))))
def test_nobody_is_let_through_but_one(steps: list[tuple[str, int]]) -> None:
    """Whatever happens in whatever order: while it is open one asks at a time and none within the pause, and
    nothing but an answer closes it.
    """
    clock = Clock()
    breaker = Breaker("api.test", clock)
    asking = 0
    opened_at, held_until = clock.now, clock.now
    tried_at: float | None = None
    for step, seconds in [*steps * 3, ("ask", 0), ("ask", 0)]:
        was_open = breaker.is_open
        match step:
            case "ask" if breaker.may_ask():
                assert clock.now >= held_until
                if was_open:
                    assert tried_at is None or clock.now - tried_at >= LONGEST_PAUSE
                    assert clock.now - opened_at >= FIRST_PAUSE
                    tried_at = clock.now
                asking += 1
            case "answer" if asking:
                breaker.succeeded()
                asking, tried_at = asking - 1, None
                assert not breaker.is_open
            case "fail" if asking:
                breaker.failed()
                asking -= 1
                if breaker.is_open and (not was_open or tried_at is not None):
                    opened_at, tried_at = clock.now, None
                assert breaker.is_open or not was_open
            case "hold":
                breaker.hold(seconds)
                held_until = max(held_until, clock.now + seconds)
            case "wait":
                clock.now += seconds
        if step != "answer":
            assert breaker.is_open >= was_open
