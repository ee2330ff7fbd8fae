"""Compares when incidents open, change and close with a model that looks back instead of counting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.features.alerts.incident_store import OVERDUE, RECOVERED, UNWATCHED, Incident, Kind
from bot.features.alerts.service import MAX_CHECKS
from bot.features.monitoring.incidents import (
    MAX_COUNTED,
    Alarming,
    Health,
    IncidentStep,
    count_check,
    good_checks_needed,
    health_of,
    next_step,
)
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE
from tests.support.incident_model import Checked, ExpectedIncident, expected_incidents

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
OPEN = Incident(1, 1, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "4004", opened_at=0)
ALARMING = (State.ERROR, State.DISCONNECTED)


def in_state(state: State, detail: str = "", *, kind: Kind = Kind.INTEGRATION) -> WatchedRow:
    """Return the row with this state."""
    return replace(ROW, kind=kind, state=state, detail=detail)


class Machine:
    """Counts checks, takes the steps that follow, and asserts that each of them is possible."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        self.row = ROW
        self.incidents: list[Incident] = []
        self.steps: list[IncidentStep] = []

    def check(self, health: Health, at: int) -> None:
        """Count one more check."""
        latest = self.incidents[-1] if self.incidents else None
        is_open = latest is not None and latest.closed_at is None
        self.row = count_check(self.row, health, at, is_open=is_open)
        taken = next_step(self.row, health, latest, self.needed)
        self.steps.append(taken)
        if taken is IncidentStep.OPEN:
            assert not is_open
            assert self.row.bad_at is not None
            self.incidents.append(replace(OPEN, opened_at=self.row.bad_at))
        elif taken is not IncidentStep.NOTHING:
            assert latest is not None
            assert is_open is (taken is not IncidentStep.REOPEN)
            self.incidents[-1] = {
                IncidentStep.CHANGE: latest,
                IncidentStep.CLOSE: replace(latest, closed_at=at, ended=RECOVERED),
                IncidentStep.REOPEN: replace(latest, closed_at=None, ended="", reopened=latest.reopened + 1),
            }[taken]


def compared(machine: Machine) -> list[ExpectedIncident]:
    """Return the machine's incidents as the model has them."""
    return [ExpectedIncident(each.opened_at, each.closed_at, each.reopened) for each in machine.incidents]


HEALTH = st.sampled_from([Health.BAD, Health.BAD, Health.GOOD, Health.GOOD, Health.NEITHER])
STRETCHES = st.lists(
    st.tuples(HEALTH, st.integers(1, 6) | st.integers(15, 25), st.sampled_from([1, 60, 60, 300])), max_size=25
)
"""Results, each so often in a row and so many seconds apart."""


@settings(max_examples=300)
@given(STRETCHES, st.integers(1, 3) | st.integers(1, MAX_CHECKS))
def test_incidents_are_those_of_the_model(stretches: list[tuple[Health, int, int]], needed: int) -> None:
    """No incident is missing, opened twice or closed too early; only the last one may be open."""
    machine, checks, at = Machine(needed), list[Checked](), 0
    for health, times, seconds in stretches:
        for _ in range(times):
            at += seconds
            checks.append(Checked(at, health))
            machine.check(health, at)
    assert compared(machine) == expected_incidents(checks, needed)
    assert [each.closed_at for each in machine.incidents[:-1] if each.closed_at is None] == []
    opened = machine.steps.count(IncidentStep.OPEN) + machine.steps.count(IncidentStep.REOPEN)
    is_open = bool(machine.incidents) and machine.incidents[-1].closed_at is None
    assert opened == machine.steps.count(IncidentStep.CLOSE) + is_open


@pytest.mark.parametrize("needed", [1, 2, 20])
def test_an_incident_opens_after_so_many_bad_checks(needed: int) -> None:
    """It opens once, and begins with the first bad check. A good check in between restarts the count."""
    machine = Machine(needed)
    for at, health in enumerate([Health.BAD] * (needed - 1) + [Health.GOOD] + [Health.BAD] * (needed + 30)):
        machine.check(health, at)
    assert machine.steps.index(IncidentStep.OPEN) == 2 * needed - 1
    assert compared(machine) == [ExpectedIncident(opened_at=needed)]


def test_more_bad_checks_than_needed_open_an_incident() -> None:
    """The row may have been counted for a route that asked for more checks."""
    row = replace(ROW, bad=4, bad_at=0)
    assert next_step(row, Health.BAD, None, 2) is IncidentStep.OPEN


def test_an_incident_that_comes_back_needs_more_good_checks() -> None:
    """The same incident needs 2, 4, 8, 16 and then always 20 good checks; no other one opens meanwhile."""
    machine, at, took = Machine(1), 0, list[int]()
    for _ in range(7):
        machine.check(Health.BAD, at)
        before = len(machine.steps)
        while machine.incidents[-1].closed_at is None:
            at += 1
            machine.check(Health.GOOD, at)
        took.append(len(machine.steps) - before)
    assert took == [2, 4, 8, 16, 20, 20, 20]
    assert compared(machine) == [ExpectedIncident(0, at, reopened=6)]


@pytest.mark.parametrize(("later", "taken"), [(899, IncidentStep.REOPEN), (900, IncidentStep.OPEN)])
def test_after_fifteen_minutes_it_is_a_new_incident(later: int, taken: IncidentStep) -> None:
    """A new incident needs as many good checks as any other."""
    machine = Machine(1)
    for at, health in [(0, Health.BAD), (1, Health.GOOD), (2, Health.GOOD), (2 + later, Health.BAD)]:
        machine.check(health, at)
    assert machine.steps[-1] is taken
    assert good_checks_needed(machine.incidents[-1]) == (4 if taken is IncidentStep.REOPEN else 2)


def test_an_incident_that_ended_unwatched_does_not_come_back() -> None:
    """It is a new incident, because nobody knows whether the old one was over."""
    ended = replace(OPEN, closed_at=10, ended=UNWATCHED)
    assert next_step(replace(ROW, bad=1, bad_at=11), Health.BAD, ended, 1) is IncidentStep.OPEN


@pytest.mark.parametrize("changed", [{"state": State.DISCONNECTED}, {"detail": "4014"}, {"label": "Nora II"}])
def test_a_change_of_what_the_alert_shows_is_a_step(changed: dict[str, str]) -> None:
    """Another state, detail or name changes the incident while the checks are bad, and only then."""
    row = replace(ROW, bad=3, bad_at=0, **changed)  # type: ignore[arg-type] # one field of its own type
    assert next_step(row, Health.BAD, OPEN, 2) is IncidentStep.CHANGE
    assert next_step(replace(ROW, bad=3, bad_at=0), Health.BAD, OPEN, 2) is IncidentStep.NOTHING
    for health in (Health.GOOD, Health.NEITHER):
        assert next_step(row, health, OPEN, 2) is IncidentStep.NOTHING


def test_counters_stop() -> None:
    """Neither a long incident nor a long time without one changes the row with each check."""
    machine = Machine(2)
    for at in range(MAX_COUNTED):
        machine.check(Health.BAD, at)
    broken = machine.row
    machine.check(Health.BAD, 99)
    assert machine.row == broken
    machine.check(Health.GOOD, 100)
    machine.check(Health.GOOD, 101)
    well = machine.row
    machine.check(Health.GOOD, 102)
    assert machine.row == well


@pytest.mark.parametrize(
    ("kind", "state", "health"),
    [
        (Kind.INTEGRATION, State.ERROR, Health.BAD),
        (Kind.INTEGRATION, State.DISCONNECTED, Health.NEITHER),
        (Kind.INTEGRATION, State.BLOCKED, Health.NEITHER),
        (Kind.INTEGRATION, State.UNKNOWN, Health.NEITHER),
        (Kind.INTEGRATION, State.INACTIVE, Health.GOOD),
        (Kind.INTEGRATION, State.CONNECTED, Health.GOOD),
        (Kind.CONNECTION, State.ERROR, Health.BAD),
        (Kind.CONNECTION, State.UNKNOWN, Health.NEITHER),
        (Kind.CONNECTION, State.CONNECTED, Health.GOOD),
        (Kind.PROVIDER, State.DISCONNECTED, Health.BAD),
        (Kind.PROVIDER, State.CONNECTED, Health.GOOD),
    ],
)
def test_only_states_of_the_route_are_bad(kind: Kind, state: State, health: Health) -> None:
    """Another bad state counts neither way. Refused credentials and an outage always count."""
    assert health_of(in_state(state, kind=kind), Alarming([State.ERROR]), ROW) is health


@pytest.mark.parametrize("kind", Kind)
def test_unknown_counts_if_the_route_names_it(kind: Kind) -> None:
    """The state may come from the provider itself."""
    assert health_of(in_state(State.UNKNOWN, kind=kind), Alarming([State.UNKNOWN]), ROW) is Health.BAD


@pytest.mark.parametrize(
    ("before", "health"),
    [
        (None, Health.GOOD),
        (replace(ROW, found=""), Health.GOOD),
        (replace(ROW, found=State.UNKNOWN), Health.GOOD),
        (replace(ROW, found=State.INACTIVE), Health.GOOD),
        (replace(ROW, found=State.INACTIVE, bad=1), Health.BAD),
        (replace(ROW, found=State.CONNECTED), Health.BAD),
        (replace(ROW, found=State.ERROR, bad=1), Health.BAD),
    ],
    ids=[
        "new",
        "never read",
        "said nothing",
        "always off",
        "switched off before",
        "switched off now",
        "off for an error",
    ],
)
def test_an_integration_that_was_always_inactive_is_good(before: WatchedRow | None, health: Health) -> None:
    """It is bad only if it was connected before and the route names ``inactive``."""
    assert health_of(in_state(State.INACTIVE), Alarming((*ALARMING, State.INACTIVE)), before) is health


def test_what_is_gone_is_bad_even_if_it_was_always_inactive() -> None:
    """Somebody deleted it, which is not how it was from the first."""
    gone, before = in_state(State.INACTIVE, GONE), replace(ROW, state=State.INACTIVE, found=State.INACTIVE)
    assert health_of(gone, Alarming([State.INACTIVE]), before) is Health.BAD
    assert health_of(gone, Alarming([State.INACTIVE]), None) is Health.BAD


@pytest.mark.parametrize("states", [(), ALARMING, tuple(State)])
def test_what_is_accepted_and_not_listed_for_too_long_is_always_bad(states: tuple[State, ...]) -> None:
    """The route need not name ``unknown``. Before it is too long, it counts only if the route names it."""
    assert health_of(in_state(State.UNKNOWN, OVERDUE), Alarming(states), ROW) is Health.BAD


@pytest.mark.parametrize(
    ("detail", "partial", "health"),
    [("", True, Health.GOOD), ("usable 3 5", True, Health.BAD), ("usable 3 5", False, Health.GOOD)],
)
def test_some_channels_are_bad_only_if_the_route_says_so(
    detail: str, health: Health, *, partial: bool
) -> None:
    """An agent that can answer in some of its channels is connected."""
    assert health_of(in_state(State.CONNECTED, detail), Alarming(ALARMING, partial), ROW) is health


def test_a_connection_is_never_partial() -> None:
    """Connections and providers have no channels."""
    for kind in (Kind.CONNECTION, Kind.PROVIDER):
        now = in_state(State.CONNECTED, kind=kind)
        assert health_of(now, Alarming(ALARMING, partial=True), ROW) is Health.GOOD
