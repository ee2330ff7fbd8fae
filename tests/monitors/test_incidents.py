"""When an incident opens, goes on and closes, held against a model that looks back instead of counting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.kit.integration import State
from bot.monitors.incidents import MOST_COUNTED, Sign, Step, counted, good_needed, sign_of, step
from bot.services.alerts import MOST_CHECKS
from bot.services.watching import RECOVERED, UNWATCHED, Kind
from bot.store.watching import IncidentRow, WatchedRow
from tests.monitors.model import Checked, Told, incidents

ROW = WatchedRow(
    guild_id=1,
    kind=Kind.INTEGRATION,
    provider="toolzz",
    id="a",
    connection="default",
    label="Nora",
    state=State.ERROR,
    detail="4004",
    changed_at=0,
)
OPEN = IncidentRow(1, 1, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "4004", opened_at=0)
WANTED = (State.ERROR, State.DISCONNECTED)


class Machine:
    """Does with each step what it says, and minds that it can be done."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        self.row = ROW
        self.incidents: list[IncidentRow] = []
        self.steps: list[Step] = []

    def check(self, sign: Sign, at: int) -> None:
        """Take one more check."""
        latest = self.incidents[-1] if self.incidents else None
        is_open = latest is not None and latest.closed_at is None
        self.row = counted(self.row, sign, at, is_open=is_open)
        taken = step(self.row, sign, latest, self.needed)
        self.steps.append(taken)
        if taken is Step.OPEN:
            assert not is_open
            assert self.row.bad_at is not None
            self.incidents.append(replace(OPEN, opened_at=self.row.bad_at))
        elif taken is not Step.NOTHING:
            assert latest is not None
            assert is_open is (taken is not Step.REOPEN)
            self.incidents[-1] = {
                Step.CHANGE: latest,
                Step.CLOSE: replace(latest, closed_at=at, ended=RECOVERED),
                Step.REOPEN: replace(latest, closed_at=None, ended="", reopened=latest.reopened + 1),
            }[taken]


def told(machine: Machine) -> list[Told]:
    """Return what there is to compare."""
    return [Told(each.opened_at, each.closed_at, each.reopened) for each in machine.incidents]


SIGNS = st.sampled_from([Sign.BAD, Sign.BAD, Sign.GOOD, Sign.GOOD, Sign.NEITHER])
STRETCHES = st.lists(
    st.tuples(SIGNS, st.integers(1, 6) | st.integers(15, 25), st.sampled_from([1, 60, 60, 300])), max_size=25
)
"""Signs, how often in a row, and so many seconds apart."""


@settings(max_examples=300)
@given(STRETCHES, st.integers(1, 3) | st.integers(1, MOST_CHECKS))
def test_incidents_are_those_of_the_model(stretches: list[tuple[Sign, int, int]], needed: int) -> None:
    """None is missed, opened twice or closed too soon; each is closed, or it is the last and open."""
    machine, checks, at = Machine(needed), list[Checked](), 0
    for sign, times, seconds in stretches:
        for _ in range(times):
            at += seconds
            checks.append(Checked(at, sign))
            machine.check(sign, at)
    assert told(machine) == incidents(checks, needed)
    assert [each.closed_at for each in machine.incidents[:-1] if each.closed_at is None] == []
    opened = machine.steps.count(Step.OPEN) + machine.steps.count(Step.REOPEN)
    is_open = bool(machine.incidents) and machine.incidents[-1].closed_at is None
    assert opened == machine.steps.count(Step.CLOSE) + is_open


@pytest.mark.parametrize("needed", [1, 2, 20])
def test_it_opens_with_the_last_of_so_many(needed: int) -> None:
    """Not one check earlier, once, and from the first bad one on; a good one between them begins anew."""
    machine = Machine(needed)
    for at, sign in enumerate([Sign.BAD] * (needed - 1) + [Sign.GOOD] + [Sign.BAD] * (needed + 30)):
        machine.check(sign, at)
    assert machine.steps.index(Step.OPEN) == 2 * needed - 1
    assert told(machine) == [Told(opened_at=needed)]


def test_what_comes_back_is_held_longer_each_time() -> None:
    """The same incident needs 2, 4, 8, 16 and then always 20 good checks; nothing new is opened meanwhile."""
    machine, at, took = Machine(1), 0, list[int]()
    for _ in range(7):
        machine.check(Sign.BAD, at)
        before = len(machine.steps)
        while machine.incidents[-1].closed_at is None:
            at += 1
            machine.check(Sign.GOOD, at)
        took.append(len(machine.steps) - before)
    assert took == [2, 4, 8, 16, 20, 20, 20]
    assert told(machine) == [Told(0, at, reopened=6)]


@pytest.mark.parametrize(("later", "taken"), [(899, Step.REOPEN), (900, Step.OPEN)])
def test_fifteen_minutes_make_it_another_one(later: int, taken: Step) -> None:
    """What was well for so long is a new incident, with nothing held back."""
    machine = Machine(1)
    for at, sign in [(0, Sign.BAD), (1, Sign.GOOD), (2, Sign.GOOD), (2 + later, Sign.BAD)]:
        machine.check(sign, at)
    assert machine.steps[-1] is taken
    assert good_needed(machine.incidents[-1]) == (4 if taken is Step.REOPEN else 2)


def test_what_nobody_watched_does_not_come_back() -> None:
    """Nobody knows whether it ever was well: it is a new incident."""
    ended = replace(OPEN, closed_at=10, ended=UNWATCHED)
    assert step(replace(ROW, bad=1, bad_at=11), Sign.BAD, ended, 1) is Step.OPEN


@pytest.mark.parametrize("changed", [{"state": State.DISCONNECTED}, {"detail": "4014"}, {"label": "Nora II"}])
def test_what_was_told_is_told_anew_when_it_changes(changed: dict[str, str]) -> None:
    """Another state, reason or name is news while it is bad, and only then."""
    row = replace(ROW, bad=3, bad_at=0, **changed)  # type: ignore[arg-type] # one field of its own type
    assert step(row, Sign.BAD, OPEN, 2) is Step.CHANGE
    assert step(replace(ROW, bad=3, bad_at=0), Sign.BAD, OPEN, 2) is Step.NOTHING
    for sign in (Sign.GOOD, Sign.NEITHER):
        assert step(row, sign, OPEN, 2) is Step.NOTHING


def test_what_goes_on_and_on_stops_writing() -> None:
    """Counters end, so that neither a long incident nor a long peace changes a row with each check."""
    machine = Machine(2)
    for at in range(MOST_COUNTED):
        machine.check(Sign.BAD, at)
    broken = machine.row
    machine.check(Sign.BAD, 99)
    assert machine.row == broken
    machine.check(Sign.GOOD, 100)
    machine.check(Sign.GOOD, 101)
    well = machine.row
    machine.check(Sign.GOOD, 102)
    assert machine.row == well


@pytest.mark.parametrize(
    ("kind", "state", "sign"),
    [
        (Kind.INTEGRATION, State.ERROR, Sign.BAD),
        (Kind.INTEGRATION, State.DISCONNECTED, Sign.NEITHER),
        (Kind.INTEGRATION, State.UNKNOWN, Sign.NEITHER),
        (Kind.INTEGRATION, State.INACTIVE, Sign.GOOD),
        (Kind.INTEGRATION, State.CONNECTED, Sign.GOOD),
        (Kind.CONNECTION, State.ERROR, Sign.BAD),
        (Kind.CONNECTION, State.UNKNOWN, Sign.NEITHER),
        (Kind.CONNECTION, State.CONNECTED, Sign.GOOD),
        (Kind.PROVIDER, State.DISCONNECTED, Sign.BAD),
        (Kind.PROVIDER, State.CONNECTED, Sign.GOOD),
    ],
)
def test_only_what_a_guild_wants_to_hear_of_is_bad(kind: Kind, state: State, sign: Sign) -> None:
    """A bad state that it does not want counts neither way; a refusal and an outage always count."""
    assert sign_of(kind, state, [State.ERROR], ROW) is sign


@pytest.mark.parametrize("kind", Kind)
def test_unknown_counts_where_it_is_wanted(kind: Kind) -> None:
    """A guild may want to hear of what its provider itself calls unknown."""
    assert sign_of(kind, State.UNKNOWN, [State.UNKNOWN], ROW) is Sign.BAD


@pytest.mark.parametrize(
    ("before", "sign"),
    [
        (None, Sign.GOOD),
        (replace(ROW, found=""), Sign.GOOD),
        (replace(ROW, found=State.INACTIVE), Sign.GOOD),
        (replace(ROW, found=State.INACTIVE, bad=1), Sign.BAD),
        (replace(ROW, found=State.CONNECTED), Sign.BAD),
        (replace(ROW, found=State.ERROR, bad=1), Sign.BAD),
    ],
    ids=["new", "never read", "always off", "switched off before", "switched off now", "off for an error"],
)
def test_nobody_is_told_of_what_was_always_off(before: WatchedRow | None, sign: Sign) -> None:
    """Only what was on can be missed, also where a guild wants to hear of what is switched off."""
    assert sign_of(Kind.INTEGRATION, State.INACTIVE, (*WANTED, State.INACTIVE), before) is sign
