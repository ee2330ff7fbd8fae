"""Proves what the recorder makes of integrations that a list lacks, or that do not exist any more."""

from __future__ import annotations

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.absence import MISSING
from bot.features.monitoring.check_result import CheckOutcome
from bot.features.monitoring.store import UnitOfWork
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED, Report
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import (
    ALL_BAD,
    LOST,
    OFF,
    UNKNOWN,
    WELL,
    RecordedChecks,
    report,
)
from tests.support.ids import GUILD

ACCEPTED = report(UNKNOWN, detail=NOT_LISTED, guild=None)


async def test_absence_says_nothing(checks: RecordedChecks) -> None:
    """However often a list lacks a linked and another watched integration, both stay as they were."""
    await checks.route(*ALL_BAD)
    await checks.answer(report(), report(LOST, "b"), own=["a"])
    before = await checks.rows()
    for _ in range(50):
        await checks.answer(own=["a"])
    assert await checks.rows() == before
    assert await checks.incidents() == []
    assert await checks.history() == [(60, WELL, "")]


async def test_an_empty_list_ends_no_incident(checks: RecordedChecks) -> None:
    """What was down before the list was empty for a moment is down afterwards, in the same incident."""
    for found in ([report(LOST)], [report(LOST)], [], [], [report(LOST)], [report()], [], [report()]):
        await checks.answer(*found)
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_a_deletion_is_told_of(checks: RecordedChecks) -> None:
    """The mark makes it gone at once, under its name; the incident opens with the route's checks."""
    await checks.route(OFF)
    await checks.answer(report())
    await checks.answer(report(OFF, detail=GONE))
    assert await checks.states() == {"a": (OFF, GONE)}
    assert await checks.incidents() == []
    await checks.answer(report(OFF, detail=GONE))
    (incident,) = await checks.incidents()
    assert (incident.state, incident.detail, incident.label) == (OFF, GONE, "Agent a")


async def test_a_deletion_of_what_was_always_inactive_is_told_of(checks: RecordedChecks) -> None:
    """Somebody switched off an agent and later deleted it, which is news."""
    await checks.route(OFF)
    for _ in range(3):
        await checks.answer(report(OFF))
    for _ in range(2):
        await checks.answer(report(OFF, detail=GONE))
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "")]


async def test_what_does_not_exist_for_ten_minutes_is_gone(checks: RecordedChecks) -> None:
    """Until then it is unknown and nobody is told, even if the route names ``unknown``."""
    await checks.route(OFF, UNKNOWN)
    await checks.answer(report())
    for after in (300, 299):
        await checks.answer(missing="a", after=after)
        assert await checks.states() == {"a": (UNKNOWN, MISSING)}
    await checks.answer(missing="a", after=301)
    assert await checks.states() == {"a": (OFF, GONE)}
    assert await checks.incidents() == []
    await checks.answer(missing="a")
    assert [(each.state, each.detail, each.opened_at) for each in await checks.incidents()] == [
        (OFF, GONE, checks.now - INTERVAL)
    ]
    assert [line[1:] for line in await checks.history()] == [(WELL, ""), (UNKNOWN, MISSING), (OFF, GONE)]


async def test_three_checks_are_needed_however_far_apart(checks: RecordedChecks) -> None:
    """Two that say that it does not exist are not enough, after an hour either."""
    await checks.answer(report())
    for _ in range(2):
        await checks.answer(missing="a", after=250)
        await checks.answer(after=250)
    await checks.answer(after=3600)
    assert await checks.states() == {"a": (UNKNOWN, MISSING)}


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (report(), MISSING),
        (report(LOST), MISSING),
        (Report("a", "", UNKNOWN, "server_fault"), MISSING),
        (ACCEPTED, MISSING),
        (None, GONE),
    ],
    ids=["connected", "lost", "unreadable", "not listed", "not read"],
)
async def test_a_check_that_finds_it_begins_anew(
    checks: RecordedChecks, between: Report | None, expected: str
) -> None:
    """Three checks in a row are needed; one in which it was not its turn does not count either way."""
    await checks.answer(report())
    for _ in range(2):
        await checks.answer(missing="a", after=280)
    await checks.answer(*([] if between is None else [between]))
    await checks.answer(missing="a", after=280)
    assert (await checks.states())["a"][1] == expected


@pytest.mark.parametrize("outcome", [CheckOutcome.DOWN, CheckOutcome.REFUSED, CheckOutcome.FAILED])
async def test_an_outage_and_a_restart_keep_the_count(checks: RecordedChecks, outcome: CheckOutcome) -> None:
    """A check without an answer says nothing about it."""
    await checks.answer(report())
    for _ in range(2):
        await checks.answer(missing="a", after=280)
        await checks.fail(outcome)
        assert await checks.states() == {"a": (UNKNOWN, outcome.name.lower())}
        checks.restart()
    await checks.answer(missing="a", after=280)
    assert await checks.states() == {"a": (OFF, GONE)}


async def test_what_is_gone_can_come_back(checks: RecordedChecks) -> None:
    """Two good checks end the incident; the next time it goes, three checks are needed again."""
    await checks.route(OFF)
    await checks.answer(report())
    for _ in range(5):
        await checks.answer(missing="a", after=200)
    for _ in range(2):
        await checks.answer(report())
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]
    row = (await checks.rows())["a"]
    assert (row.state, row.missing, row.missing_at) == (WELL, 0, None)
    await checks.answer(missing="a", after=200)
    assert await checks.states() == {"a": (UNKNOWN, MISSING)}


async def test_what_is_linked_and_was_never_seen_can_be_gone(checks: RecordedChecks) -> None:
    """It is watched from the first check on."""
    await checks.answer(missing="a", own=["a"])
    assert await checks.states() == {"a": (UNKNOWN, MISSING)}
    for _ in range(2):
        await checks.answer(missing="a", own=["a"], after=300)
    assert await checks.states() == {"a": (OFF, GONE)}


async def test_what_is_not_watched_cannot_be_missing(checks: RecordedChecks) -> None:
    """It may have been unlinked while the check ran."""
    await checks.answer(missing="a")
    assert await checks.rows() == {}


async def test_what_is_accepted_is_told_of_after_half_an_hour(checks: RecordedChecks) -> None:
    """It is watched at once. The manager is told even if the route names neither ``unknown`` nor it."""
    await checks.route(LOST, checks=2)
    began = checks.now + INTERVAL
    while checks.now - began < 1800:
        await checks.answer(ACCEPTED, own=["a"])
        expected = "overdue" if checks.now - began >= 1800 else "accepted"
        assert await checks.states() == {"a": (UNKNOWN, expected)}
        assert await checks.incidents() == []
    await checks.answer(ACCEPTED, own=["a"])
    (incident,) = await checks.incidents()
    assert (incident.state, incident.detail, incident.opened_at) == (UNKNOWN, "overdue", began + 1800)
    for _ in range(2):
        await checks.answer(report(guild=None), own=["a"])
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_what_is_accepted_is_not_told_of_before(checks: RecordedChecks) -> None:
    """This holds for a route that names ``unknown`` as well: it is what everybody expects."""
    await checks.route(*ALL_BAD, checks=1)
    for _ in range(29):
        await checks.answer(ACCEPTED, own=["a"])
    assert await checks.incidents() == []


async def test_what_was_gone_before_it_was_listed_is_accepted_again(checks: RecordedChecks) -> None:
    """That the provider did not know it does not mean that it was in the list."""
    for _ in range(4):
        await checks.answer(missing="a", own=["a"], after=300)
    assert await checks.states() == {"a": (OFF, GONE)}
    await checks.answer(ACCEPTED, own=["a"])
    assert await checks.states() == {"a": (UNKNOWN, "accepted")}


async def test_an_outage_does_not_restart_the_half_hour(checks: RecordedChecks) -> None:
    """The time runs from the first check, whatever came in between."""
    await checks.answer(ACCEPTED, own=["a"])
    await checks.fail(CheckOutcome.DOWN, after=280)
    for _ in range(6):
        await checks.fail(CheckOutcome.DOWN, after=250)
    await checks.answer(ACCEPTED, own=["a"], after=20)
    assert await checks.states() == {"a": (UNKNOWN, "overdue")}


@pytest.mark.parametrize("state", [WELL, OFF, LOST, UNKNOWN])
async def test_what_was_listed_is_never_overdue(checks: RecordedChecks, state: State) -> None:
    """A replica that is no longer listed is unknown for as long as it takes, also one without a state."""
    await checks.answer(report(state))
    for _ in range(40):
        await checks.answer(ACCEPTED)
    assert await checks.states() == {"a": (UNKNOWN, NOT_LISTED)}
    assert await checks.incidents() == []


async def test_what_is_unlinked_while_a_check_runs_stays_unlinked(checks: RecordedChecks) -> None:
    """The check that began before the unlinking watches it no more."""
    await checks.answer(report(guild=None), own=["a"])
    result = checks.result(report(guild=None), missing="b", own=["a", "b"])
    await checks.store.stop_watching(GUILD, "toolzz", "a", checks.now)
    await checks.unlink("a")
    await checks.recorder.record(result)
    assert await checks.rows() == {}


async def test_what_is_ignored_while_a_check_runs_stays_ignored(checks: RecordedChecks) -> None:
    """The check that began before watches it no more, and does not offer it."""
    await checks.answer(report(), report(integration="b", guild=None))
    result = checks.result(report(), report(integration="b", guild=None))
    await checks.ignore("a")
    await checks.ignore("b")
    await checks.recorder.record(result)
    assert await checks.rows() == {}
    assert await checks.rows(Kind.CANDIDATE) == {}


async def test_what_is_ignored_is_dropped(checks: RecordedChecks) -> None:
    """Its incident ends as unwatched, and whatever is reported of it, it is neither watched nor offered."""
    for _ in range(2):
        await checks.answer(report(LOST), report(LOST, "b"))
    for _ in range(2):
        await checks.answer(report(LOST), report(LOST, "b"), missing="a", ignored=["a"])
    assert set(await checks.rows()) == {"b"}
    assert await checks.rows(Kind.CANDIDATE) == {}
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "unwatched"), (Kind.INTEGRATION, "b", "")]
    await checks.answer(report())
    assert (await checks.states())["a"] == (WELL, "")


async def test_what_an_earlier_version_watched_stays_watched(checks: RecordedChecks) -> None:
    """A row without bot and access stays, though the list lacks it or names another server or none."""
    await checks.answer(report())
    (row,) = (await checks.rows()).values()

    async def put(unit: UnitOfWork) -> None:
        await unit.put(row)

    for found in ([], [report(guild=None)], [report(LOST, guild=None)], [report(guild=GUILD + 1)]):
        await checks.store.transact(put)
        await checks.answer(*found)
        assert set(await checks.rows()) == {"a"}
