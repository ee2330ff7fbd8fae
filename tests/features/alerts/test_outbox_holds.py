"""What is owed to whom where maintenance, mutes and quiet hours change in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.features.alerts.outbox_plan import MIN_EDIT_SECONDS
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.routes import Recovery
from bot.features.maintenance.service import MaintenanceService
from tests.support.check_recorder import WELL, report
from tests.support.ids import GUILD, MEMBER
from tests.support.outbox import (
    HOUR,
    ROLE,
    OutboxSetup,
    be_quiet,
    channels,
    mentioned,
    open_apart,
    recover,
    turns_of,
)

# --- maintenance and mutes ---


async def test_what_maintenance_kept_back_mentions_somebody(
    setup: OutboxSetup, maintenance: MaintenanceService
) -> None:
    """It joins no alert of the time before, even if it failed at the same moment as another agent."""
    await setup.checks.route(role_id=ROLE)
    setup.clock.now = setup.checks.now
    await maintenance.add(GUILD, "toolzz", "b", 4 * HOUR, member_id=MEMBER)
    await setup.open_incidents("a", "b")
    await setup.pump()
    await setup.pump(4 * HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_what_one_window_kept_back_is_one_message(
    setup: OutboxSetup, maintenance: MaintenanceService
) -> None:
    """Those whose maintenance ends together share an alert, whatever was reported meanwhile."""
    await setup.checks.route(role_id=ROLE)
    setup.clock.now = setup.checks.now
    for each in "ab":
        await maintenance.add(GUILD, "toolzz", each, 5 * HOUR, member_id=MEMBER)
    await open_apart(setup, "a", "b", "d")
    await setup.pump(4 * HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]
    assert [len(notice.incidents) for notice in setup.messenger.alerts(1).values()] == [2]


async def test_a_summary_owes_what_maintenance_keeps_back(
    setup: OutboxSetup, maintenance: MaintenanceService
) -> None:
    """What is in maintenance when quiet hours end mentions somebody when that ends."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.pump(7 * HOUR)
    await maintenance.add(GUILD, "", "", 3 * HOUR, member_id=MEMBER)
    await setup.pump(HOUR)
    assert mentioned(setup) == []
    await setup.pump(3 * HOUR)
    assert mentioned(setup) == [[ROLE]]


@pytest.mark.parametrize("is_moved", [False, True])
async def test_a_route_that_is_set_in_maintenance_mentions_somebody_later(
    setup: OutboxSetup, maintenance: MaintenanceService, is_moved: bool
) -> None:
    """Only what could be told of when it was set, or moved, mentions nobody."""
    if is_moved:
        await setup.checks.route(role_id=ROLE)
    else:
        await setup.checks.groups.delete_route(GUILD, 1)
    setup.clock.now = setup.checks.now
    await maintenance.add(GUILD, "", "", 4 * HOUR, member_id=MEMBER)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.checks.route(role_id=ROLE, channel_id=8)
    await setup.pump()
    await setup.pump(5 * HOUR)
    assert mentioned(setup) == [[ROLE]]


async def test_one_that_ended_while_muted_keeps_no_reply_back(setup: OutboxSetup) -> None:
    """The others have recovered, and that is told."""
    await setup.open_incidents("a", "b")
    await setup.pump()
    until = setup.checks.now + 10 * HOUR
    await setup.checks.store.mute(GUILD, "toolzz", "b", until=until, member_id=1, now=setup.checks.now)
    setup.checks.now += HOUR
    await recover(setup, "a", "b")
    await setup.pump(MIN_EDIT_SECONDS)
    assert len(setup.messenger.recoveries()) == 1


async def test_what_is_no_longer_watched_is_not_told_of(setup: OutboxSetup) -> None:
    """An agent that is unlinked while it is muted, and has failed meanwhile, brings no alert."""
    await setup.checks.answer(report(WELL))
    until = setup.checks.now + 10 * HOUR
    await setup.checks.store.mute(GUILD, "toolzz", "a", until=until, member_id=1, now=setup.checks.now)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.checks.store.stop_watching(GUILD, "toolzz", "a", setup.checks.now)
    await setup.pump()
    assert setup.messenger.messages == {}


# --- quiet hours ---


async def test_what_comes_back_after_a_summary_mentions_somebody(setup: OutboxSetup) -> None:
    """It was over at the end of the quiet hours, so that nobody was mentioned."""
    await setup.checks.route(role_id=ROLE)
    setup.clock.now = setup.checks.now
    await be_quiet(setup, 1)
    setup.checks.now += HOUR - 800
    await setup.open_incidents("a")
    await setup.pump()
    await recover(setup, "a")
    setup.checks.now += 700
    setup.clock.now = setup.checks.now
    await setup.pump()
    await setup.open_incidents("a")
    await setup.pump()
    assert [each.reopened for each in await setup.checks.incidents()] == [1]
    assert mentioned(setup) == [[ROLE]]


async def test_quiet_hours_that_are_changed_have_one_summary(setup: OutboxSetup) -> None:
    """It comes at their new end."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.pump(HOUR)
    await be_quiet(setup, 9)
    await setup.pump()
    await setup.pump(8 * HOUR)
    assert setup.messenger.summaries() == {}
    await setup.pump(2 * HOUR)
    assert len(setup.messenger.summaries()) == 1
    assert mentioned(setup) == [[ROLE]]


async def test_quiet_hours_that_are_set_again_have_another_summary(setup: OutboxSetup) -> None:
    """The first one came when they were removed, and says so."""
    await setup.checks.route(role_id=ROLE)
    setup.clock.now = setup.checks.now
    await be_quiet(setup, 8)
    store = QuietHoursStore(setup.checks.database)
    row = await store.get(GUILD)
    assert row is not None
    await setup.open_incidents("a")
    await setup.pump()
    await store.delete(GUILD, int(setup.clock.now))
    await setup.pump()
    (summary,) = setup.messenger.summaries().values()
    assert summary.until == int(setup.clock.now)
    await store.put(replace(row, set_at=int(setup.clock.now)))
    setup.checks.now += 600
    await open_apart(setup, "b", "c")
    await setup.pump(9 * HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]
    assert len(setup.messenger.summaries()) == 2


async def test_a_summary_leaves_out_what_an_alert_of_its_own_tells_of(setup: OutboxSetup) -> None:
    """The bot was away when quiet hours ended, and finds something new: nobody hears of it twice."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    setup.checks.now += 9 * HOUR
    await open_apart(setup, "b")
    setup.clock.now = setup.checks.now
    await setup.pump()
    (summary,) = setup.messenger.summaries().values()
    assert [each.id for each in summary.incidents] == ["a"]
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_a_recovery_in_quiet_hours_is_mentioned_in_the_summary(setup: OutboxSetup) -> None:
    """The reply itself mentions nobody then."""
    await setup.checks.route(role_id=ROLE, recovery=Recovery.MENTION)
    await setup.open_incidents("a")
    await setup.pump()
    await be_quiet(setup, 2)
    setup.checks.now += HOUR
    await recover(setup, "a")
    await setup.pump()
    assert [list(each.role_ids) for each in setup.messenger.recoveries().values()] == [[]]
    await setup.pump(3 * HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_a_route_that_moves_in_quiet_hours_still_owes_a_mention(setup: OutboxSetup) -> None:
    """The summary is posted where the route leads by then."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.checks.route(role_id=ROLE, channel_id=8)
    await setup.pump()
    await setup.pump(9 * HOUR)
    assert mentioned(setup) == [[ROLE]]
    assert channels(setup) == {8}


async def test_a_summary_costs_no_turn_for_what_is_over(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many alerts a route has had, only what is sent counts towards the limit for all guilds."""
    await setup.checks.route(role_id=ROLE)
    for number in range(5):
        await setup.open_incidents(f"x{number}")
        await setup.pump()
        await recover(setup, f"x{number}")
        await setup.pump(MIN_EDIT_SECONDS)
        setup.checks.now += 2 * HOUR
    setup.clock.now = setup.checks.now
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    turns, calls = turns_of(setup, monkeypatch), len(setup.messenger.calls)
    await setup.pump(8 * HOUR)
    assert len(turns) == len(setup.messenger.calls) - calls == 1
