"""What is owed to whom where quiet hours, maintenance, routes, channels and clocks change in between."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.messenger import AnyNotice, ChannelRefusedError, NotSentError
from bot.features.alerts.outbox_plan import MIN_EDIT_SECONDS
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.routes import Recovery
from bot.features.alerts.store import RETRY_SECONDS
from bot.features.maintenance.service import MaintenanceService
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import WELL, report
from tests.support.ids import GUILD, MEMBER
from tests.support.outbox import (
    HOUR,
    ROLE,
    SECOND_ROLE,
    OutboxSetup,
    be_quiet,
    mentioned,
    recover,
)


def channels(setup: OutboxSetup) -> set[int]:
    """Return where messages are."""
    return {notice.channel_id for notice in setup.messenger.messages.values()}


def turns_of(setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows by each turn that the outbox takes of the limit for all guilds."""
    turns: list[float] = []
    pause = setup.outbox._rate_limiter.pause

    def take(now: float) -> float:
        turns.append(now)
        return pause(now)

    monkeypatch.setattr(setup.outbox._rate_limiter, "pause", take)
    return turns


async def open_apart(setup: OutboxSetup, *integrations: str) -> None:
    """Open incidents that have an alert each."""
    for each in integrations:
        await setup.open_incidents(each)
        await setup.pump()
        setup.checks.now += HOUR
    setup.clock.now = setup.checks.now


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


# --- channels ---


async def test_edits_that_work_do_not_hide_that_posts_are_refused(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may not post may still edit: managers and the audit log are told once."""
    await open_apart(setup, "a")

    async def refuse(_: AnyNotice) -> NoReturn:
        raise ChannelRefusedError("forbidden")

    monkeypatch.setattr(setup.messenger, "post", refuse)
    monkeypatch.setattr(setup.messenger, "can_post", lambda *_: False)
    await setup.open_incidents("b")
    with capture_logs():
        await setup.pump()
        await setup.acknowledge()
        for _ in range(6):
            await setup.pump(RETRY_SECONDS)
    assert len(setup.messenger.lost_routes) == 1
    assert len(await setup.audited()) == 1


async def test_routes_to_one_channel_are_suspended_together(setup: OutboxSetup) -> None:
    """One refusal is enough for all of them, and so is one report."""
    await setup.checks.route(number=2)
    await setup.checks.route(number=3)
    setup.messenger.refusing.add(7)
    with capture_logs():
        await setup.open_incidents("a")
        await setup.pump()
    assert setup.messenger.calls == [("post", 7)]
    assert len(setup.messenger.lost_routes) == 1


async def test_a_route_without_alerts_to_send_is_resumed_as_well(setup: OutboxSetup) -> None:
    """Within a minute after its next try is due, once nothing is known that keeps the bot from posting."""
    await setup.open_incidents("a")
    await setup.pump()
    setup.messenger.refusing.add(7)
    await setup.acknowledge()
    with capture_logs():
        await setup.pump()
    await recover(setup, "a")
    setup.messenger.refusing.clear()
    await setup.pump(RETRY_SECONDS)
    route = await setup.checks.alerts.route(GUILD, 1)
    assert route is not None
    assert route.suspended == ""


async def test_a_channel_that_took_a_test_gets_everything(setup: OutboxSetup) -> None:
    """The summary as well, which carries the mention of the night."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    setup.messenger.refusing.add(7)
    with capture_logs():
        await setup.pump(8 * HOUR)
    setup.messenger.refusing.clear()
    await setup.checks.alerts.resume(GUILD, 7, int(setup.clock.now))
    await setup.pump(1)
    assert mentioned(setup) == [[ROLE]]


async def test_what_was_refused_for_what_it_says_is_not_tried_all_the_time(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often something changes in the guild."""
    posts: list[AnyNotice] = []

    async def reject(notice: AnyNotice) -> NoReturn:
        posts.append(notice)
        raise NotSentError("400", "auto_moderation")

    await setup.open_incidents("a")
    monkeypatch.setattr(setup.messenger, "post", reject)
    with capture_logs():
        for _ in range(10):
            await setup.outbox.retry(GUILD)
            await setup.pump(1)
    assert len(posts) <= 2


async def test_what_joined_a_deleted_message_is_posted_anew(setup: OutboxSetup) -> None:
    """Whoever deleted the message has not seen that another agent failed."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a")
    await setup.pump()
    setup.messenger.messages.clear()
    setup.checks.now -= INTERVAL
    await setup.open_incidents("b")
    await setup.pump()
    await setup.pump(MIN_EDIT_SECONDS)
    assert [each.id for notice in setup.messenger.alerts(2).values() for each in notice.incidents] == ["b"]
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_what_was_over_before_it_was_posted_mentions_somebody_when_it_comes_back(
    setup: OutboxSetup,
) -> None:
    """Nobody was mentioned when the channel took it at last."""
    await setup.checks.route(role_id=ROLE)
    setup.messenger.refusing.add(7)
    with capture_logs():
        await setup.open_incidents("a")
        await setup.pump()
        await recover(setup, "a")
        await setup.pump()
    setup.messenger.refusing.clear()
    await setup.outbox.retry(GUILD)
    await setup.pump(60)
    setup.checks.now += 60
    await setup.open_incidents("a")
    await setup.pump(MIN_EDIT_SECONDS)
    assert mentioned(setup) == [[ROLE]]


# --- routes ---


@pytest.mark.parametrize("what", ["post", "edit"])
async def test_a_route_that_moves_during_a_request_leaves_no_message_behind(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """What Discord did meanwhile in the former channel is deleted there."""
    await setup.checks.route(role_id=ROLE)
    await open_apart(setup, "a", "b") if what == "edit" else await open_apart(setup, "a")
    if what == "edit":
        store = IncidentStore(setup.checks.database)
        await store.acknowledge(GUILD, 2, MEMBER, setup.checks.now)
    else:
        await setup.open_incidents("b")
    request = getattr(setup.messenger, what)

    async def move(*values: object) -> object:
        monkeypatch.setattr(setup.messenger, what, request)
        await setup.checks.route(role_id=ROLE, channel_id=8)
        return await request(*values)

    monkeypatch.setattr(setup.messenger, what, move)
    await setup.pump()
    await setup.pump(MIN_EDIT_SECONDS)
    await setup.pump(HOUR)
    assert channels(setup) == {8}


async def test_what_a_route_replaced_is_deleted_however_late(setup: OutboxSetup) -> None:
    """Old rows are cleared up in between."""
    await setup.checks.route(role_id=ROLE)
    await open_apart(setup, "a", "b")
    await setup.checks.route(role_id=ROLE, channel_id=8)
    setup.messenger.fault = "down"
    with capture_logs():
        await setup.pump()
    await setup.checks.store.compact(0)
    setup.messenger.fault = ""
    await setup.pump(RETRY_SECONDS)
    assert channels(setup) == {8}


async def test_a_route_that_was_removed_waits_for_nothing(setup: OutboxSetup) -> None:
    """What it could not send is no news any more."""
    await setup.open_incidents("a")
    setup.messenger.fault = "down"
    with capture_logs():
        await setup.pump()
    await setup.checks.groups.delete_route(GUILD, 1)
    setup.messenger.fault = ""
    await setup.pump(100)
    assert await setup.checks.alerts.waiting(GUILD) == []


async def test_a_second_role_that_is_added_later_is_not_mentioned_at_once(setup: OutboxSetup) -> None:
    """Its time begins when the route was changed."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.pump(5 * HOUR)
    setup.checks.now = int(setup.clock.now)
    await setup.checks.route(role_id=ROLE, second_role_id=SECOND_ROLE, escalate=900, set_at=setup.checks.now)
    await setup.pump(899)
    assert mentioned(setup) == [[ROLE]]
    await setup.pump(1)
    assert mentioned(setup) == [[ROLE], [SECOND_ROLE]]


# --- clocks ---


async def test_a_clock_that_is_set_back_lets_nothing_join(setup: OutboxSetup) -> None:
    """The next incident has an alert of its own that mentions somebody."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a")
    await setup.pump()
    setup.checks.now -= 10 * HOUR
    await setup.open_incidents("b")
    await setup.pump()
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_a_clock_that_is_corrected_a_little_costs_nothing(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked at again because of a millisecond."""
    await setup.checks.route(remind=HOUR)
    await setup.open_incidents("a", "b")
    await setup.pump()
    turns = turns_of(setup, monkeypatch)
    due_lanes = setup.checks.alerts.due_lanes
    lanes: list[object] = []

    async def look(now: int) -> list[tuple[int, str]]:
        lanes.extend(found := await due_lanes(now))
        return found

    monkeypatch.setattr(setup.checks.alerts, "due_lanes", look)
    await setup.pump(0.5)
    await setup.pump(-0.001)
    assert (turns, lanes) == ([], [])
