"""What is owed to whom where routes, channels and clocks change in between."""

from __future__ import annotations

from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.messenger import AnyNotice, ChannelRefusedError, Notice, NotSentError
from bot.features.alerts.outbox_plan import MIN_EDIT_SECONDS
from bot.features.alerts.store import RETRY_SECONDS
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import WELL, report
from tests.support.ids import GUILD, MEMBER
from tests.support.outbox import (
    HOUR,
    ROLE,
    SECOND_ROLE,
    OutboxSetup,
    be_quiet,
    channels,
    mentioned,
    open_apart,
    recover,
    turns_of,
)

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
    await setup.checks.route(number=2, partial=True)
    await setup.checks.route(number=3, provider="toolzz")
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


async def test_a_route_that_moves_during_a_request_keeps_what_it_gathers_in_one_alert(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits behind the request is looked at as it is by then, so that the next incident may join it."""
    await open_apart(setup, "a", "b")
    await setup.checks.answer(report(WELL))
    await setup.checks.answer(report(WELL))
    await IncidentStore(setup.checks.database).acknowledge(GUILD, 2, MEMBER, setup.checks.now)
    setup.clock.now = setup.checks.now
    edit = setup.messenger.edit

    async def move(notice: AnyNotice, message_id: int) -> None:
        monkeypatch.setattr(setup.messenger, "edit", edit)
        await setup.checks.route(channel_id=8)
        await edit(notice, message_id)

    monkeypatch.setattr(setup.messenger, "edit", move)
    await setup.pump()
    row = await setup.checks.alert(2)
    assert row is not None
    assert (row.channel_id, row.began_at) == (8, setup.checks.now)


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
    assert await setup.checks.waiting() == []


@pytest.mark.parametrize("channel", [7, 8])
async def test_a_route_that_is_narrowed_tells_no_more_of_the_rest(setup: OutboxSetup, channel: int) -> None:
    """In the same channel or another: what it is no longer about is in no message and mentions nobody."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a", "b")
    await setup.pump()
    await setup.checks.route(role_id=ROLE, channel_id=channel, integration="b", remind=HOUR)
    await setup.pump(MIN_EDIT_SECONDS)
    assert [
        (notice.channel_id, [each.id for each in notice.incidents])
        for notice in setup.messenger.messages.values()
        if isinstance(notice, Notice)
    ] == [(channel, ["b"])]
    await setup.checks.route(role_id=ROLE, channel_id=channel, integration="c", remind=HOUR)
    await setup.pump(MIN_EDIT_SECONDS)
    assert setup.messenger.messages == {}
    await setup.pump(2 * HOUR)
    assert mentioned(setup) == [[ROLE]]


async def test_nobody_is_called_second_who_was_not_called_first(setup: OutboxSetup) -> None:
    """A route that is set while agents are down mentions nobody, and so not its second role alone."""
    await setup.checks.groups.delete_route(GUILD, 1)
    await setup.open_incidents("a")
    await setup.checks.route(role_id=ROLE, second_role_id=SECOND_ROLE, escalate=900, remind=HOUR)
    await setup.pump()
    await setup.pump(1000)
    assert mentioned(setup) == []
    await setup.pump(HOUR)
    await setup.pump(900)
    assert mentioned(setup) == [[ROLE], [SECOND_ROLE]]


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
