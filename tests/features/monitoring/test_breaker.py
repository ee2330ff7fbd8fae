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
    ProviderError,
    ProviderTimeoutError,
    QueueFullError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnreachableError,
)
from bot.features.monitoring.breaker import DOWN, FIRST_PAUSE, MAX_FAILURES, MIN_WINDOW, TURN_SECONDS, Breaker
from bot.features.monitoring.host import Host

A, B, C = 1, 2, 3
LONGEST = 600.0


def failing(*guilds: int) -> Breaker:
    """Return the breaker after so many failures of each of the guilds at time 0."""
    breaker = Breaker("api.test", interval=1)
    for guild in guilds:
        for _ in range(MAX_FAILURES):
            breaker.note(guild, 0, ok=False)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    """The fifth failure in a row opens it, if nobody was answered within the last minute."""
    breaker = Breaker("api.test", interval=1)
    breaker.note(A, 0, ok=True)
    for _ in range(9):
        breaker.note(B, MIN_WINDOW - 1, ok=False)
    assert not breaker.is_open
    breaker.note(B, MIN_WINDOW, ok=False)
    assert breaker.is_open


def test_the_pause_doubles() -> None:
    """Each trial that fails doubles the pause, up to eight minutes."""
    breaker, now, pauses = failing(A), 0.0, []
    for _ in range(7):
        start = now
        while not breaker.may_ask(A, now):
            now += 1
        pauses.append(now - start)
        breaker.note(A, now, ok=False)
    assert pauses == [30, 60, 120, 240, 480, 480, 480]


def test_guilds_try_in_turn() -> None:
    """A guild that has tried leaves the next trial to one that waits, but not for ever."""
    breaker = failing(A, B)
    assert not breaker.may_ask(A, 1)
    assert not breaker.may_ask(B, 1)
    assert breaker.may_ask(A, FIRST_PAUSE)
    breaker.note(A, FIRST_PAUSE, ok=False)
    due = 3 * FIRST_PAUSE
    assert not breaker.may_ask(A, due)
    assert breaker.may_ask(B, due)
    breaker.note(B, due, ok=False)
    assert not breaker.may_ask(A, due)
    due += 4 * FIRST_PAUSE
    assert breaker.may_ask(A, due)
    breaker.note(A, due, ok=False)
    assert not breaker.may_ask(B, due)
    assert breaker.may_ask(A, due + 8 * FIRST_PAUSE + TURN_SECONDS)


def test_a_guild_that_has_not_failed_tries_at_once() -> None:
    """One guild that was checked first does not hold the others; an answer to anybody closes it."""
    breaker = failing(A)
    assert not breaker.may_ask(A, 1)
    assert breaker.may_ask(B, 1)
    assert not breaker.may_ask(C, 1)
    breaker.note(B, 2, ok=True)
    assert not breaker.is_open
    assert breaker.may_ask(A, 2)


def test_a_trial_that_sent_nothing_leaves_its_place() -> None:
    """Another guild need not wait for the longest pause; who was not the trial changes nothing."""
    breaker = failing(A, B)
    assert breaker.may_ask(A, FIRST_PAUSE)
    breaker.give_back(B, FIRST_PAUSE)
    assert not breaker.may_ask(B, FIRST_PAUSE)
    breaker.give_back(A, FIRST_PAUSE)
    assert breaker.is_open
    assert breaker.may_ask(B, FIRST_PAUSE)


UNSENT = ServerFaultError("x", status=503)
UNSENT.is_unsent = True


@pytest.mark.parametrize("error", [QueueFullError("x"), UNSENT], ids=repr)
def test_what_was_not_sent_says_nothing_of_the_host(error: ProviderError) -> None:
    """A full queue of our own, or a pause that is obeyed, is neither a failure nor an answer."""
    host = Host("api.test", lambda: 0.0, interval=1)
    for _ in range(2 * MAX_FAILURES):
        with pytest.raises(type(error)), host.report_to_breaker(A):
            raise error
    assert not host.breaker.is_open
    for _ in range(MAX_FAILURES):
        host.breaker.note(A, 0, ok=False)
    assert host.breaker.is_open
    with pytest.raises(type(error)), host.report_to_breaker(A):
        raise error
    assert host.breaker.is_open


def test_it_logs_once() -> None:
    """The log has one line when the host goes down and one when it is back."""
    with capture_logs() as logged:
        breaker = failing(A, B)
        breaker.note(A, 1, ok=True)
        breaker.note(A, 2, ok=True)
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


_STEPS = st.tuples(
    st.sampled_from(["ask", "ok", "fail", "fail"]), st.sampled_from([A, B, C]), st.integers(0, 90)
)


@pytest.mark.parametrize("interval", [1, 60])
@given(steps=st.lists(_STEPS, max_size=80))
def test_it_decides_as_the_rule_says(interval: float, steps: list[tuple[str, int, int]]) -> None:
    """In any order: it is closed while some guild that asked in the last minute succeeded last, and whoever
    asks ten minutes after the last trial may try.
    """
    breaker, now, opened_or_tried = Breaker("api.test", interval), 0.0, 0.0
    last: dict[int, tuple[float, bool]] = {}
    trying: int | None = None
    for step, guild, seconds in steps:
        now += seconds
        was_open = breaker.is_open
        if step == "ask":
            allowed = breaker.may_ask(guild, now)
            assert allowed or (was_open and now - opened_or_tried < LONGEST)
            if allowed:
                opened_or_tried, trying = now, guild
        else:
            breaker.note(guild, now, ok=step == "ok")
            last[guild] = now, step == "ok"
            if was_open != breaker.is_open or guild == trying:
                opened_or_tried, trying = now, None
        if any(ok and now - at < MIN_WINDOW for at, ok in last.values()):
            assert not breaker.is_open
