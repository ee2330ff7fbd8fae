"""Proves when the breaker of a host opens, allows a trial and closes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import (
    ForbiddenError,
    IntermediaryError,
    NotFoundError,
    NotJsonError,
    ProviderTimeoutError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnreachableError,
)
from bot.features.monitoring.breaker import DOWN, FIRST_PAUSE, MAX_FAILURES, MAX_PAUSE, Breaker
from tests.support.clock import Clock


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """A closed breaker."""
    return Breaker("api.test", clock)


def fail(breaker: Breaker, times: int) -> None:
    """Make so many requests that fail."""
    for _ in range(times):
        assert breaker.may_ask()
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """The fifth failure in a row opens it. An answer in between restarts the count."""
    fail(breaker, MAX_FAILURES - 1)
    breaker.succeeded()
    fail(breaker, MAX_FAILURES - 1)
    assert not breaker.is_open
    fail(breaker, 1)
    assert breaker.is_open
    assert not breaker.may_ask()


def test_the_pause_doubles(breaker: Breaker, clock: Clock) -> None:
    """A trial is allowed after 30 seconds; each trial that fails doubles the pause, up to ten minutes."""
    fail(breaker, MAX_FAILURES)
    pauses = []
    for _ in range(7):
        start = clock.now
        while not breaker.may_ask():
            clock.now += 1
        pauses.append(clock.now - start)
        breaker.failed()
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    clock.now += MAX_PAUSE
    assert breaker.may_ask()
    breaker.succeeded()
    fail(breaker, MAX_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()


def test_one_request_is_the_trial(breaker: Breaker, clock: Clock) -> None:
    """Nobody else may ask until it ends; after a success everybody may."""
    fail(breaker, MAX_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()
    clock.now += MAX_PAUSE - 1
    assert not breaker.may_ask()
    breaker.succeeded()
    assert all(breaker.may_ask() for _ in range(3))


def test_a_trial_that_never_ends_is_given_up(breaker: Breaker, clock: Clock) -> None:
    """After the longest pause another trial is allowed."""
    fail(breaker, MAX_FAILURES)
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()
    clock.now += MAX_PAUSE
    assert breaker.may_ask()
    assert not breaker.may_ask()


def test_requests_from_before_it_opened_do_not_count(breaker: Breaker, clock: Clock) -> None:
    """Their failures do not make the pause longer."""
    assert all(breaker.may_ask() for _ in range(MAX_FAILURES + 5))
    for _ in range(MAX_FAILURES + 5):
        breaker.failed()
    clock.now += FIRST_PAUSE
    assert breaker.may_ask()


def test_a_host_may_ask_for_a_pause(breaker: Breaker, clock: Clock) -> None:
    """The longest Retry-After holds, whatever else the host answers."""
    breaker.hold(90)
    breaker.hold(10)
    breaker.succeeded()
    clock.now += 89
    assert not breaker.may_ask()
    clock.now += 1
    assert breaker.may_ask()
    fail(breaker, MAX_FAILURES)
    breaker.hold(FIRST_PAUSE * 3)
    clock.now += FIRST_PAUSE
    assert not breaker.may_ask()


def test_it_logs_once(breaker: Breaker, clock: Clock) -> None:
    """The log has one line when the host goes down and one when it is back."""
    with capture_logs() as logged:
        fail(breaker, MAX_FAILURES)
        breaker.failed()
        clock.now += FIRST_PAUSE
        fail(breaker, 1)
        clock.now += MAX_PAUSE
        assert breaker.may_ask()
        breaker.succeeded()
        breaker.succeeded()
    assert [(entry["event"], entry["host"]) for entry in logged] == [
        ("host_down", "api.test"),
        ("host_back", "api.test"),
    ]


def test_an_answer_is_no_failure() -> None:
    """No answer, a late one, a server fault and a gateway's page are failures; a refusal is not."""
    assert set(DOWN) == {
        UnreachableError,
        ProviderTimeoutError,
        ServerFaultError,
        IntermediaryError,
        NotJsonError,
    }
    for kind in (UnauthorizedError, ForbiddenError, NotFoundError, RateLimitedError):
        assert not issubclass(kind, DOWN)


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "fail", "hold", "wait"]), st.integers(0, 120))))
def test_an_open_breaker_allows_only_trials(steps: list[tuple[str, int]]) -> None:
    """In any order of events, an open breaker allows one request at a time and none within the pause, and
    only an answer closes it.
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
                    assert tried_at is None or clock.now - tried_at >= MAX_PAUSE
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
