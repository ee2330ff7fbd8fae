"""Equal warnings are written once a minute with a count, and nothing is hidden that somebody looks for."""

import io
import itertools
import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from bot.providers.base.redaction import MASK, Redactor
from bot.repeated_lines import MAX_KEPT, WINDOW, Line, RepeatLimitHandler, Repeats
from tests.support.log_capture import logging_to_memory

ROOT = Path(__file__).parents[1]


def line(key: object) -> Line:
    """Return a line that says the same as others with its key."""
    return Line(key, logging.WARNING, "bot.test", "failed")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2 * WINDOW)), max_size=60))
@example([("a", 0), ("a", 0), ("a", WINDOW), ("a", WINDOW - 1), ("a", 1)])
def test_every_line_is_written_or_counted(steps: list[tuple[str, float]]) -> None:
    """Two equal lines are never written within a minute, the first one always is, and counts add up."""
    now = 0.0
    repeats = Repeats(lambda: now)
    logged, accounted, written = Counter[object](), Counter[object](), dict[object, float]()
    for key, seconds in steps:
        now += seconds
        logged[key] += 1
        held = repeats.admit(line(key))
        if held is None:
            assert now - written[key] < WINDOW
        else:
            assert key not in written or now - written[key] >= WINDOW
            written[key] = now
            accounted[key] += 1 + held
        assert repeats.is_holding == (logged != accounted)
    for told, held in repeats.ended(all_of_them=True):
        accounted[told.key] += held
    assert accounted == logged
    assert repeats.ended(all_of_them=True) == []


# Eighths of seconds add up exactly: the sum of any other numbers may be a little less than a minute.
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4 * int(WINDOW))), max_size=60))
def test_what_is_over_is_told_without_another_line(steps: list[tuple[int, int]]) -> None:
    """Asked a minute after the last line, it tells of all that it holds."""
    now = 0.0
    repeats = Repeats(lambda: now)
    accounted = 0
    for key, eighths in steps:
        now += eighths / 8
        held = repeats.admit(line(key))
        accounted += 0 if held is None else 1 + held
        accounted += sum(count for _, count in repeats.ended())
    now += WINDOW
    accounted += sum(count for _, count in repeats.ended())
    assert accounted == len(steps)
    assert not repeats.is_holding


def test_it_remembers_so_many_lines_and_loses_no_count() -> None:
    """Of more different lines the first are dropped, with their counts told."""
    repeats = Repeats(lambda: 0.0)
    for key in range(3 * MAX_KEPT):
        assert repeats.admit(line(key)) == 0
        assert repeats.admit(line(key)) is None
    assert len(repeats._kept) == MAX_KEPT
    assert [held for _, held in repeats.ended(all_of_them=True)] == [1] * (3 * MAX_KEPT)


# --- which lines say the same ---


def written_by(log: Callable[[], object], times: int = 3) -> list[dict[str, Any]]:
    """Return the lines that are written when something is logged several times at once."""
    with logging_to_memory("json") as stream:
        for _ in range(times):
            log()
        return [json.loads(each) for each in stream.getvalue().splitlines()]


def numbered(*logs: Callable[[], object]) -> list[Any]:
    """Return parameters with ids of their own."""
    return [pytest.param(log, id=str(number)) for number, log in enumerate(logs)]


NUMBERS = itertools.count()
OURS, THEIRS = structlog.get_logger("bot.test"), logging.getLogger("somebody.else")


def fail() -> None:
    """Log an error with its traceback."""
    try:
        int(f"sector {next(NUMBERS)}")
    except ValueError:
        OURS.exception("poll_failed")


@pytest.mark.parametrize(
    "log",
    numbered(
        lambda: OURS.warning("check_failed", guild=1, error="timeout"),
        lambda: OURS.error("commands_not_synced", retry_in=next(NUMBERS), error="HTTPException"),
        fail,
        lambda: THEIRS.warning("cannot reach %s", "it"),
        lambda: THEIRS.error("never retrieved: <Task name='Task-%d' at 0x%x>", next(NUMBERS), next(NUMBERS)),
    ),
)
def test_the_same_again_is_written_once(log: Callable[[], object]) -> None:
    """Also where an object's address or a pause differs."""
    assert len(written_by(log)) == 1


@pytest.mark.parametrize(
    "log",
    numbered(
        lambda: OURS.info("ready"),
        lambda: OURS.warning("provider_failed", error="timeout", reference="PB-22222222"),
        lambda: OURS.warning("write_in_doubt", error="timeout", request_id="req-1"),
        lambda: OURS.error("audit_failed", guild=1, action="access.grant", result="done"),
        lambda: OURS.critical("fatal", text="why"),
        lambda: OURS.warning("check_failed", guild=next(NUMBERS), error="timeout"),
        lambda: OURS.warning("alert_not_sent", guild=1, number=next(NUMBERS)),
        lambda: THEIRS.warning("Shard ID %s is gone", next(NUMBERS)),
    ),
)
def test_what_somebody_looks_for_is_always_written(log: Callable[[], object]) -> None:
    """References, audit logs, the end of the process, and whatever is said of another server."""
    assert len(written_by(log)) == 3


def test_two_errors_of_one_event_are_two_lines() -> None:
    """The type of an error and the place where it was raised are a part of what a line says."""

    def log() -> None:
        nothing: dict[str, str] = {}
        wrongs: list[Callable[[], object]] = [
            lambda: 1 / 0,
            lambda: nothing["a"],
            lambda: nothing["b"],
        ]
        for wrong in wrongs:
            try:
                wrong()
            except (ZeroDivisionError, KeyError):
                OURS.exception("poll_failed")

    assert len(written_by(log)) == 3


fields = st.dictionaries(
    st.sampled_from(["guild", "error", "channel", "why"]), st.integers(0, 2) | st.text("ab", max_size=1)
)


@given(fields, fields)
def test_lines_that_differ_in_any_field_are_both_written(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Only lines with equal fields are one line; so no server hides another's."""

    def log() -> None:
        OURS.warning("failed", **one)
        OURS.warning("failed", **two)

    assert len(written_by(log, times=1)) == (1 if one == two else 2)


# --- what tells of them ---


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the limit, in seconds."""
    now = [0.0]
    monkeypatch.setattr(Repeats.__init__, "__defaults__", (lambda: now[0],))
    return now


@pytest.mark.parametrize("style", ["json", "console"])
def test_the_next_line_tells_how_many_there_were(clock: list[float], style: str) -> None:
    """After the minute the line is written again, with the number of those in between."""
    with logging_to_memory(style) as stream:
        for seconds in (0, 1, 58, 2, 1):
            clock[0] += seconds
            OURS.warning("check_failed", guild=1)
            THEIRS.error("no %s", "answer")
        lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert [("suppressed" in each) for each in lines] == [False, False, True, True]
    assert all('"suppressed": 2' in each or "suppressed=2" in each for each in lines[2:])


def handler() -> RepeatLimitHandler:
    """Return the handler that the logs have been set up with."""
    (found,) = logging.getLogger().handlers
    assert isinstance(found, RepeatLimitHandler)
    return found


def test_without_a_next_line_one_of_its_own_tells(clock: list[float]) -> None:
    """A timer tells it when the minute is over, with what the line was about, and only once."""
    with logging_to_memory("json") as stream:
        for _ in range(5):
            OURS.error("check_failed", guild=7, error="timeout", channel=3)
        timer = handler()._timer
        assert timer is not None
        assert timer.daemon
        clock[0] += WINDOW
        timer.function()
        timer.function()
        assert handler()._timer is None
        timer.cancel()
    _, told = (json.loads(each) for each in stream.getvalue().splitlines())
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "lines_suppressed",
        "of": "check_failed",
        "suppressed": 4,
        "level": "error",
        "logger": "bot.test",
        "guild": 7,
        "error": "timeout",
    }


def test_what_it_tells_is_masked_like_the_line_itself(clock: list[float]) -> None:
    """A library's text is masked by the secrets of the server that it was logged for."""
    redactor = Redactor()
    redactor.remember(["FAKE-CANARY-0001"], 7)
    with logging_to_memory("json", redactor=redactor) as stream:
        with structlog.contextvars.bound_contextvars(guild=7):
            for _ in range(2):
                OURS.warning("failed", error="FAKE-CANARY-0001")
        clock[0] += WINDOW
        handler().close()
    assert "CANARY" not in stream.getvalue()
    assert stream.getvalue().count(MASK) == 2


AT_THE_END = """
import structlog
from bot.logs import set_up_logs
from bot.providers.base.redaction import Redactor

set_up_logs("INFO", "json", Redactor())
for _ in range(1000):
    structlog.get_logger("bot.test").warning("check_failed", guild=1)
"""


def test_the_end_of_the_process_loses_no_count() -> None:
    """What is held back when the process ends stands in the last line."""
    ended = subprocess.run(
        [sys.executable, "-c", AT_THE_END], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, last = (json.loads(each) for each in ended.stderr.splitlines())
    assert (first["event"], last["event"], last["suppressed"]) == ("check_failed", "lines_suppressed", 999)


def test_a_value_that_cannot_be_shown_breaks_nothing() -> None:
    """The line is written, or dropped by the formatter, and the next one is written."""

    class Hostile:
        def __repr__(self) -> str:
            raise ValueError

    stream = io.StringIO()
    target = RepeatLimitHandler(stream)
    logger = logging.Logger("other")  # noqa: LOG001 - it is nobody else's
    logger.addHandler(target)
    logger.warning("%d", "no number")
    logger.warning({"event": "odd", "value": Hostile()})
    logger.warning("after")
    assert stream.getvalue().endswith("after\n")
