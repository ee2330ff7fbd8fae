"""A worker that fails waits longer each time, and its log does not fill."""

import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.backoff import Backoff


@given(st.floats(0.01, 100), st.floats(100, 10_000), st.integers(1, 2000))
def test_pauses_grow_up_to_the_longest(first: float, longest: float, failures: int) -> None:
    """No pause is shorter than the one before, and none is longer than allowed."""
    backoff = Backoff(first, longest)
    pauses = [backoff.fail() for _ in range(failures)]
    assert pauses == sorted(pauses)
    assert first <= pauses[0] <= pauses[-1] <= longest
    backoff.succeed()
    assert backoff.fail() == pauses[0]


def test_a_traceback_is_logged_once() -> None:
    """Then a line counts the failures; another kind of error is told in full, and so is the next outage."""
    backoff, log = Backoff(1, 60), structlog.get_logger()
    with capture_logs() as lines:
        for error in (ValueError("x"), ValueError("x"), ValueError("x"), KeyError("y")):
            backoff.fail_with(log, "worker_failed", error, guild=1)
        backoff.succeed()
        backoff.fail_with(log, "worker_failed", KeyError("y"))
    assert [("exc_info" in line, line.get("failures")) for line in lines] == [
        (True, None), (False, 2), (False, 3), (True, None), (True, None),
    ]  # fmt: skip
