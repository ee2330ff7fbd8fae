"""A 401 from in between counts as a refusal if one connection alone gets nothing else for half an hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    IntermediaryError,
    IntermediaryUnauthorizedError,
    NotFoundError,
    ProviderTimeoutError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.features.monitoring.lone_refusal import LONG_ENOUGH, LoneRefusals

INTERVAL = 60.0
FOREIGN = IntermediaryUnauthorizedError("x", status=401)
OTHERS = [
    IntermediaryError("x", status=403),
    ServerFaultError("x", status=500),
    ProviderTimeoutError("x"),
    UnauthorizedError("x", status=401),
    NotFoundError("x", status=404),
    ZeroDivisionError(),
]
OUTCOMES = st.none() | st.sampled_from([FOREIGN, FOREIGN, FOREIGN, *OTHERS])


def noted(*steps: tuple[str, Exception | None, float], interval: float = INTERVAL) -> LoneRefusals:
    """Return the decider after these checks: the connection, its error, and when it ended."""
    decider = LoneRefusals(interval)
    for connection, error, at in steps:
        decider.note(connection, error, at)
    return decider


@pytest.mark.parametrize(("seconds", "counts"), [(0, False), (LONG_ENOUGH - 1, False), (LONG_ENOUGH, True)])
def test_half_an_hour_is_long_enough(seconds: float, counts: bool) -> None:
    """The time from the first to the last 401 counts."""
    decider = noted(("a", FOREIGN, 0), ("b", None, 1), ("a", FOREIGN, seconds))
    assert decider.counts("a") is counts
    assert not decider.counts("b")


def test_without_another_connection_nothing_counts() -> None:
    """Nobody knows whether the host is there if it answers nobody."""
    assert not noted(("a", FOREIGN, 0), ("a", FOREIGN, LONG_ENOUGH)).counts("a")


def test_an_answer_from_before_says_nothing() -> None:
    """What the host answered before the first 401 does not count."""
    assert not noted(("b", None, 0), ("a", FOREIGN, 1), ("a", FOREIGN, 1 + LONG_ENOUGH)).counts("a")


def test_two_connections_are_not_alone() -> None:
    """If another connection gets the 401 as well, something in between refuses everybody."""
    steps = [("a", FOREIGN, 0), ("b", FOREIGN, 1), ("c", None, 2), ("a", FOREIGN, LONG_ENOUGH)]
    decider = noted(*steps, ("b", FOREIGN, LONG_ENOUGH + 1))
    assert not decider.counts("a")
    assert not decider.counts("b")
    decider.forget("b")
    assert decider.counts("a")


@pytest.mark.parametrize("other", [None, *OTHERS], ids=repr)
def test_anything_else_begins_anew(other: Exception | None) -> None:
    """An answer or another error between two 401s ends the row."""
    steps = [("b", None, 1), ("a", FOREIGN, 1), ("a", other, 2), ("a", FOREIGN, 3), ("b", None, 4)]
    assert not noted(*steps, ("a", FOREIGN, 2 + LONG_ENOUGH)).counts("a")
    assert noted(*steps, ("a", FOREIGN, 3 + LONG_ENOUGH)).counts("a")


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_the_last_check_of_the_other_counts(other: Exception) -> None:
    """A host that has stopped answering the other connection answers nobody."""
    steps = [("a", FOREIGN, 0), ("b", None, 1), ("b", other, 2)]
    assert not noted(*steps, ("a", FOREIGN, LONG_ENOUGH)).counts("a")


def test_what_was_removed_is_forgotten() -> None:
    """A connection that is not checked any more does not keep another one from being alone."""
    steps = [("gone", FOREIGN, 0), ("a", FOREIGN, 1), ("b", None, 2), ("a", FOREIGN, LONG_ENOUGH)]
    assert not noted(*steps).counts("a")
    assert noted(*steps, ("b", None, LONG_ENOUGH), ("a", FOREIGN, LONG_ENOUGH + 2)).counts("a")


def test_long_intervals_are_waited_for() -> None:
    """Where checks are an hour apart, the checks of an hour ago still count."""
    steps = [("a", FOREIGN, 0), ("b", None, 1800), ("a", FOREIGN, 3600)]
    assert noted(*steps, interval=3600).counts("a")


def test_a_check_notes_how_it_ends() -> None:
    """The error of a check is noted and raised; without one nothing is noted."""
    decider, times = LoneRefusals(INTERVAL), iter((0.0, LONG_ENOUGH))
    with pytest.raises(IntermediaryUnauthorizedError), decider.noting("a", times.__next__):
        raise FOREIGN
    decider.note("b", None, 1)
    with decider.noting("a", times.__next__):
        pass
    assert not decider.counts("a")
    with pytest.raises(IntermediaryUnauthorizedError), decider.noting("a", times.__next__):
        raise FOREIGN
    assert decider.counts("a")


@given(st.lists(st.tuples(st.sampled_from("abc"), OUTCOMES, st.integers(1, 900)), max_size=40))
def test_it_decides_as_the_rule_says(checks: list[tuple[str, Exception | None, int]]) -> None:
    """In any order of checks, the decision is the one that the whole history leads to."""
    now, kept = 0.0, max(LONG_ENOUGH, 3 * INTERVAL)
    decider = LoneRefusals(INTERVAL)
    history: dict[str, list[tuple[float, Exception | None]]] = {name: [] for name in "abc"}
    for name, error, seconds in checks:
        now += seconds
        decider.note(name, error, now)
        history[name].append((now, error))
        for each in "abc":
            row: list[float] = []
            for at, found in reversed(history[each]):
                if found is not FOREIGN or (row[-1] if row else now) - at > kept:
                    break
                row.append(at)
            latest = [past[-1] for other, past in history.items() if other != each and past]
            recent = [(at, found) for at, found in latest if now - at <= kept]
            expected = (
                bool(row)
                and row[0] - row[-1] >= LONG_ENOUGH
                and all(found is not FOREIGN for _, found in recent)
                and any(found is None and at >= row[-1] for at, found in recent)
            )
            assert decider.counts(each) is expected
