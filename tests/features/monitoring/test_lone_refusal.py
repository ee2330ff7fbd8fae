"""A 401 from in between counts as a refusal if a connection gets nothing else for half an hour, and hardly
any other guild gets it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    IntermediaryError,
    IntermediaryUnauthorizedError,
    NotFoundError,
    ProviderTimeoutError,
    QueueFullError,
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


def key(name: str) -> tuple[int, str, str]:
    """Return a connection: its letter says of which guild, what follows tells it from others of the guild."""
    return ord(name[0]), "x", name[1:]


def noted(*steps: tuple[str, Exception | None, float], interval: float = INTERVAL) -> LoneRefusals:
    """Return the decider after these checks: the connection, its error, and when it ended."""
    decider = LoneRefusals(interval)
    for connection, error, at in steps:
        decider.note(key(connection), error, at)
    return decider


@pytest.mark.parametrize(("seconds", "counts"), [(0, False), (LONG_ENOUGH - 1, False), (LONG_ENOUGH, True)])
def test_half_an_hour_is_long_enough(seconds: float, counts: bool) -> None:
    """The time from the first to the last 401 counts."""
    decider = noted(("a", FOREIGN, 0), ("b", None, 1), ("a", FOREIGN, seconds))
    assert decider.counts(key("a")) is counts
    assert not decider.counts(key("b"))


def test_without_another_connection_nothing_counts() -> None:
    """Nobody knows whether the host is there if it answers nobody."""
    assert not noted(("a", FOREIGN, 0), ("a", FOREIGN, LONG_ENOUGH)).counts(key("a"))


def test_an_answer_from_before_says_nothing() -> None:
    """What the host answered before the first 401 does not count."""
    assert not noted(("b", None, 0), ("a", FOREIGN, 1), ("a", FOREIGN, 1 + LONG_ENOUGH)).counts(key("a"))


def test_three_guilds_are_not_alone() -> None:
    """If two other guilds get the 401 as well, something in between refuses everybody."""
    steps = [(name, FOREIGN, at) for at, name in enumerate("abx")]
    decider = noted(*steps, ("c", None, 5), *((name, FOREIGN, LONG_ENOUGH + at) for name, _, at in steps))
    assert not any(decider.counts(key(name)) for name in "abx")
    decider.forget(key("b"))
    assert decider.counts(key("a"))


@pytest.mark.parametrize("connections", [1, 25])
def test_one_guild_cannot_keep_another_from_being_told(connections: int) -> None:
    """However many connections of one other guild get the 401, they weigh as much as one."""
    noisy = [f"b{number}" for number in range(connections)]
    steps = [("a", FOREIGN, 0.0), *((name, FOREIGN, 1.0) for name in noisy), ("c", None, 2.0)]
    steps += [(name, FOREIGN, LONG_ENOUGH) for name in ("a", *noisy)]
    assert noted(*steps).counts(key("a"))


def test_one_guilds_connections_are_refused_together() -> None:
    """Its other connections often hold the same credentials."""
    steps = [("a1", FOREIGN, 0), ("a2", FOREIGN, 0), ("b", None, 1)]
    decider = noted(*steps, ("a1", FOREIGN, LONG_ENOUGH), ("a2", FOREIGN, LONG_ENOUGH))
    assert decider.counts(key("a1"))
    assert decider.counts(key("a2"))


def test_what_was_not_sent_changes_nothing() -> None:
    """A check that our own queue or a provider's pause stopped says nothing of the credentials."""
    decider = noted(("a", FOREIGN, 0), ("b", None, 1))
    for connection in "ab":
        with pytest.raises(QueueFullError), decider.noting(key(connection), lambda: 2.0):
            raise QueueFullError("x")
    decider.note(key("a"), FOREIGN, LONG_ENOUGH)
    assert decider.counts(key("a"))


@pytest.mark.parametrize("other", [None, *OTHERS], ids=repr)
def test_anything_else_begins_anew(other: Exception | None) -> None:
    """An answer or another error between two 401s ends the row."""
    steps = [("b", None, 1), ("a", FOREIGN, 1), ("a", other, 2), ("a", FOREIGN, 3), ("b", None, 4)]
    assert not noted(*steps, ("a", FOREIGN, 2 + LONG_ENOUGH)).counts(key("a"))
    assert noted(*steps, ("a", FOREIGN, 3 + LONG_ENOUGH)).counts(key("a"))


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_the_last_check_of_the_other_counts(other: Exception) -> None:
    """A host that has stopped answering the other connection answers nobody."""
    steps = [("a", FOREIGN, 0), ("b", None, 1), ("b", other, 2)]
    assert not noted(*steps, ("a", FOREIGN, LONG_ENOUGH)).counts(key("a"))


def test_what_was_removed_is_forgotten() -> None:
    """A connection that is not checked any more does not keep another one from being alone."""
    gone = [("x", FOREIGN, 0), ("y", FOREIGN, 0)]
    steps = [*gone, ("a", FOREIGN, 1), ("b", None, 2), ("a", FOREIGN, LONG_ENOUGH)]
    assert not noted(*steps).counts(key("a"))
    assert noted(*steps, ("b", None, LONG_ENOUGH), ("a", FOREIGN, LONG_ENOUGH + 2)).counts(key("a"))


def test_long_intervals_are_waited_for() -> None:
    """Where checks are an hour apart, the checks of an hour ago still count."""
    steps = [("a", FOREIGN, 0), ("b", None, 1800), ("a", FOREIGN, 3600)]
    assert noted(*steps, interval=3600).counts(key("a"))


def test_a_check_notes_how_it_ends() -> None:
    """The error of a check is noted and raised; without one nothing is noted."""
    decider, times = LoneRefusals(INTERVAL), iter((0.0, LONG_ENOUGH))
    with pytest.raises(IntermediaryUnauthorizedError), decider.noting(key("a"), times.__next__):
        raise FOREIGN
    decider.note(key("b"), None, 1)
    with decider.noting(key("a"), times.__next__):
        pass
    assert not decider.counts(key("a"))
    with pytest.raises(IntermediaryUnauthorizedError), decider.noting(key("a"), times.__next__):
        raise FOREIGN
    assert decider.counts(key("a"))


NAMES = ("a", "a2", "b", "c", "d")


@given(st.lists(st.tuples(st.sampled_from(NAMES), OUTCOMES, st.integers(1, 900)), max_size=50))
def test_it_decides_as_the_rule_says(checks: list[tuple[str, Exception | None, int]]) -> None:
    """In any order of checks, the decision is the one that the whole history leads to."""
    now, kept = 0.0, max(LONG_ENOUGH, 3 * INTERVAL)
    decider = LoneRefusals(INTERVAL)
    history: dict[str, list[tuple[float, Exception | None]]] = {name: [] for name in NAMES}
    for name, error, seconds in checks:
        now += seconds
        decider.note(key(name), error, now)
        history[name].append((now, error))
        for each in NAMES:
            row: list[float] = []
            for at, found in reversed(history[each]):
                if found is not FOREIGN or (row[-1] if row else now) - at > kept:
                    break
                row.append(at)
            latest = {other: past[-1] for other, past in history.items() if other != each and past}
            recent = {other: last for other, last in latest.items() if now - last[0] <= kept}
            guilds = {other[0] for other, (_, found) in recent.items() if found is FOREIGN} - {each[0]}
            expected = (
                bool(row)
                and row[0] - row[-1] >= LONG_ENOUGH
                and len(guilds) <= 1
                and any(found is None and at >= row[-1] for at, found in recent.values())
            )
            assert decider.counts(key(each)) is expected
