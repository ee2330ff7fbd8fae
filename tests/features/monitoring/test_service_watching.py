"""Proves what members see of linked integrations, of candidates, and of what is no longer watched."""

from __future__ import annotations

import pytest

from bot.errors import InvalidInputError, NotWatchedError
from bot.features.alerts.incident_store import Kind
from bot.features.history.store import HistoryStore
from bot.features.monitoring.service import MonitoringService
from bot.providers.base.integration import State
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import LOST, UNKNOWN, WELL, RecordedChecks, report
from tests.support.ids import GUILD, OTHER_GUILD


@pytest.fixture
def monitoring(checks: RecordedChecks) -> MonitoringService:
    """The service over what is recorded."""
    return MonitoringService(
        checks.store,
        HistoryStore(checks.database),
        checks.changes,
        lambda: checks.now,
        interval=INTERVAL,
        history_days=90,
    )


async def test_what_is_linked_is_seen_from_the_first_moment(
    checks: RecordedChecks, monitoring: MonitoringService
) -> None:
    """Before its first check it is unknown, with its name and its bot; then it is as the check says."""
    await checks.link("a", bot_id=7)
    (found,) = await monitoring.integrations(GUILD)
    assert (found.id, found.label, found.connection, found.bot_id) == ("a", "Linked", "default", 7)
    assert (found.state, found.detail, found.is_stale, found.incident) == (UNKNOWN, "not_yet", False, None)
    assert (await monitoring.find(GUILD, "toolzz:a")).detail == "not_yet"
    assert await monitoring.integrations(OTHER_GUILD) == []
    await checks.answer(report(guild=None), own=["a"])
    (found,) = await monitoring.integrations(GUILD)
    assert (found.state, found.detail) == (WELL, "")


async def test_a_candidate_that_was_just_linked_is_seen_once(
    checks: RecordedChecks, monitoring: MonitoringService
) -> None:
    """Until the next check its row is still that of a candidate."""
    await checks.answer(report(guild=None))
    await checks.link("a")
    assert [each.detail for each in await monitoring.integrations(GUILD)] == ["not_yet"]


async def test_what_is_not_checked_yet_cannot_be_muted(
    checks: RecordedChecks, monitoring: MonitoringService
) -> None:
    """There is no row that could keep it."""
    await checks.link("a")
    (found,) = await monitoring.integrations(GUILD)
    with pytest.raises(InvalidInputError) as caught:
        await monitoring.mute(GUILD, found, 60, member_id=1)
    assert caught.value.field == "not_yet"
    assert list(await monitoring.history(GUILD, found, 0)) == []


async def test_candidates_are_shown_by_themselves(
    checks: RecordedChecks, monitoring: MonitoringService
) -> None:
    """They are among neither the integrations nor the troubles, and are found by no name."""
    await checks.answer(report(), report(LOST, "b", guild=None), report(State.ERROR, "c", guild=None))
    assert [each.id for each in await monitoring.candidates(GUILD)] == ["c", "b"]
    assert await monitoring.candidates(OTHER_GUILD) == []
    troubles, integrations = await monitoring.troubles_and_integrations(GUILD)
    assert (troubles, [each.id for each in integrations]) == ([], ["a"])
    for key in ("b", "toolzz:b", "Agent b"):
        with pytest.raises(NotWatchedError):
            await monitoring.find(GUILD, key)


async def test_what_is_no_longer_watched_is_forgotten_and_its_incident_ends(
    checks: RecordedChecks, monitoring: MonitoringService
) -> None:
    """Its alert is due, listeners are told, and the second time the result is False."""
    await checks.route()
    for _ in range(2):
        await checks.answer(report(LOST), report(LOST, "b"))
    assert await checks.alert() is not None
    told: list[int] = []
    checks.changes.subscribe(told.append)
    assert await monitoring.stop_watching(GUILD, "toolzz", "a")
    assert not await monitoring.stop_watching(GUILD, "toolzz", "a")
    assert told == [GUILD, GUILD]
    assert [each.id for each in await monitoring.integrations(GUILD)] == ["b"]
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "unwatched"), (Kind.INTEGRATION, "b", "")]
    alert = await checks.alert()
    assert alert is not None
    assert (alert.next_at, alert.desired_version) == (checks.now, 3)


async def test_a_candidate_can_be_forgotten(checks: RecordedChecks, monitoring: MonitoringService) -> None:
    """So it is gone from the screen at once when a manager ignores it."""
    await checks.answer(report(guild=None))
    assert await monitoring.stop_watching(GUILD, "toolzz", "a")
    assert await monitoring.candidates(GUILD) == []


@pytest.mark.parametrize(
    ("guild", "provider", "integration"),
    [
        (OTHER_GUILD, "toolzz", "a"),
        (GUILD, "sensay", "a"),
        (GUILD, "toolzz", "default"),
        (GUILD, "toolzz", "toolzz"),
    ],
)
async def test_nothing_else_is_forgotten(
    checks: RecordedChecks, monitoring: MonitoringService, guild: int, provider: str, integration: str
) -> None:
    """Another guild, another provider, and the rows of connections and providers are out of reach."""
    await checks.answer(report())
    before = await checks.store.watched(GUILD)
    assert not await monitoring.stop_watching(guild, provider, integration)
    assert await checks.store.watched(GUILD) == before
