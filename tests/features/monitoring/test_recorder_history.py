"""Proves which history the recorder stores, also over times without checks."""

from __future__ import annotations

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.check_result import CheckOutcome
from bot.providers.base.integration import State
from bot.providers.base.report import Report
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import FAULTY, LOST, OFF, START, WELL, RecordedChecks, report
from tests.support.ids import GUILD

GAP = 3600
"""Seconds without checks."""


async def test_a_time_without_checks_is_unknown(checks: RecordedChecks) -> None:
    """It begins an interval after the last check and ends with the next one; checks from before do not
    count.
    """
    await checks.answer(report())
    await checks.answer(report(LOST))
    checks.restart()
    await checks.answer(report(LOST), after=GAP)
    assert await checks.history() == [
        (60, WELL, ""),
        (120, LOST, ""),
        (180, State.UNKNOWN, "not_checked"),
        (120 + GAP, LOST, ""),
    ]
    assert await checks.incidents() == []
    assert (await checks.rows())["a"].changed_at == START + 120
    await checks.answer(report(LOST))
    assert [each.opened_at for each in await checks.incidents()] == [START + 120 + GAP]


async def test_an_incident_survives_restarts(checks: RecordedChecks) -> None:
    """It stays open, and closes like any other."""
    for _ in range(2):
        await checks.answer(report(LOST))
    for state in (LOST, LOST, WELL, WELL):
        checks.restart()
        await checks.answer(report(state), after=GAP)
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_an_inactive_integration_keeps_its_incident_over_an_outage(checks: RecordedChecks) -> None:
    """After a time without checks and an outage, it does not count as one that was always inactive."""
    await checks.route(OFF)
    for state in (WELL, OFF, OFF):
        await checks.answer(report(state))
    await checks.fail(CheckOutcome.FAILED, after=GAP)
    for _ in range(3):
        await checks.answer(report(OFF))
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "")]


@pytest.mark.parametrize("late", [5 * INTERVAL, 5 * INTERVAL + 1])
async def test_a_check_may_be_five_intervals_late(checks: RecordedChecks, late: int) -> None:
    """Only a later one leaves a time without checks, and none is stored if the state was unknown anyway."""
    await checks.answer(report())
    await checks.fail(CheckOutcome.DOWN)
    await checks.answer(report(), after=late)
    await checks.answer(report(), after=late)
    missed = [at for at, _, detail in await checks.history() if detail == "not_checked"]
    assert missed == ([] if late == 5 * INTERVAL else [checks.now - START - late + INTERVAL])


async def test_of_two_checks_in_one_second_the_second_counts(checks: RecordedChecks) -> None:
    """A check on request may follow another one at once: one second has one state."""
    await checks.answer(report())
    await checks.answer(report(LOST, detail="x"))
    await checks.answer(report(FAULTY, detail="y"), after=0)
    assert await checks.history() == [(60, WELL, ""), (120, FAULTY, "y")]
    assert (await checks.states())["a"] == (FAULTY, "y")
    (incident,) = await checks.incidents()
    assert (incident.state, incident.opened_at) == (FAULTY, START + 120)


async def test_history_grows_with_changes_and_not_with_checks(checks: RecordedChecks) -> None:
    """Only another state or detail adds a row, not another name and not one more check."""
    for state, detail, label in [
        (WELL, "", "Nora"),
        (WELL, "", "Nora II"),
        (LOST, "4004", "Nora"),
        (LOST, "4004", "Nora"),
        (LOST, "4014", "Nora"),
    ] * 2:
        await checks.answer(Report("a", label, state, detail, str(GUILD)))
    assert [line[1:] for line in await checks.history()] == [(WELL, ""), (LOST, "4004"), (LOST, "4014")] * 2
