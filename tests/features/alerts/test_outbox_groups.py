"""Incidents that begin together share a message; mentions come once, late enough, and to the right people."""

from __future__ import annotations

from typing import Final

import pytest
from structlog.testing import capture_logs

from bot.features.alerts.outbox_plan import MIN_EDIT_SECONDS, MIN_REPLIED_SECONDS
from bot.features.alerts.routes import Recovery
from bot.features.alerts.store import RETRY_SECONDS
from bot.features.maintenance.service import MaintenanceService
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import FAULTY, LOST, OFF, WELL, report
from tests.support.ids import GUILD, MEMBER
from tests.support.outbox import HOUR, ROLE, SECOND_ROLE, OutboxSetup, be_quiet, mentioned, recover

MANY: Final = [f"agent-{number}" for number in range(31)]


async def test_a_storm_is_one_message_one_mention_and_one_reminder(setup: OutboxSetup) -> None:
    """31 agents that fail together are in one alert; each has its own incident, which ends by itself."""
    await setup.checks.route(role_id=ROLE, remind=HOUR)
    await setup.open_incidents(*MANY)
    await setup.pump()
    assert setup.messenger.calls == [("post", 7)]
    assert [each.number for each in setup.shown(1).incidents] == list(range(1, 32))
    await setup.pump(HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]
    assert len(setup.messenger.messages) == 1
    await recover(setup, *MANY[1:])
    await setup.pump()
    closed = [each.number for each in setup.shown(1).incidents if each.closed_at is not None]
    assert closed == list(range(2, 32))


async def test_what_begins_soon_after_joins_by_an_edit(setup: OutboxSetup) -> None:
    """Nobody is mentioned again, and edits come every ten seconds at most; what begins later is apart."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a")
    await setup.pump()
    setup.checks.now -= INTERVAL  # the next checks end within an interval
    await setup.open_incidents("b")
    await setup.pump()
    assert setup.messenger.calls == [("post", 7), ("edit", 7)]
    await setup.acknowledge()
    await setup.pump(MIN_EDIT_SECONDS - 1)
    assert setup.messenger.calls == [("post", 7), ("edit", 7)]
    await setup.pump(1)
    assert setup.incident(1).acknowledged_by == MEMBER
    setup.checks.now += 1
    await setup.open_incidents("c")
    await setup.pump()
    assert [each.number for each in setup.shown(1).incidents] == [1, 2]
    assert [each.number for each in setup.shown(3).incidents] == [3]
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_what_waits_for_a_channel_is_one_message(setup: OutboxSetup) -> None:
    """However long the channel refuses, what is reported afterwards is one alert with one mention."""
    await setup.checks.route(role_id=ROLE)
    setup.messenger.refusing.add(7)
    with capture_logs():
        for name in "abc":
            await setup.open_incidents(name)
            setup.checks.now += HOUR
            await setup.pump()
    setup.messenger.refusing.clear()
    await setup.pump(RETRY_SECONDS)
    assert [each.number for each in setup.shown(1).incidents] == [1, 2, 3]
    assert mentioned(setup) == [[ROLE]]


async def test_each_route_tells_of_what_it_is_about(setup: OutboxSetup) -> None:
    """By agent, by state, and after its own number of checks; an incident has an alert on each."""
    await setup.checks.route(FAULTY, LOST)
    await setup.checks.route(FAULTY, number=2, channel_id=8, integration="b", provider="toolzz")
    await setup.checks.route(OFF, number=3, channel_id=9)
    await setup.checks.route(FAULTY, number=4, channel_id=10, checks=4)
    await setup.checks.answer(report(WELL), report(WELL, "b"), report(WELL, "c"))
    for _ in range(2):
        await setup.checks.answer(report(FAULTY), report(LOST, "b"), report(OFF, "c"))
    setup.clock.now = setup.checks.now
    await setup.pump()

    def channels(number: int) -> list[int]:
        return sorted(notice.channel_id for notice in setup.messenger.alerts(number).values())

    assert [channels(number) for number in (1, 2, 3)] == [[7], [7], [9]]
    for _ in range(2):
        await setup.checks.answer(report(FAULTY), report(FAULTY, "b"), report(OFF, "c"))
    setup.clock.now = setup.checks.now
    await setup.pump(MIN_EDIT_SECONDS)
    assert [channels(number) for number in (1, 2, 3)] == [[7, 10], [7, 8, 10], [9]]


async def test_nobody_who_acknowledges_brings_the_second_role(setup: OutboxSetup) -> None:
    """It is mentioned once, when nobody has acknowledged in time."""
    await setup.checks.route(role_id=ROLE, second_role_id=SECOND_ROLE, escalate=900)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.pump(899)
    assert mentioned(setup) == [[ROLE]]
    await setup.pump(1)
    await setup.pump(9000)
    assert mentioned(setup) == [[ROLE], [SECOND_ROLE]]
    assert setup.shown(1).escalated_at == int(setup.clock.now) - 9000


async def test_whoever_acknowledges_in_time_spares_the_second_role(setup: OutboxSetup) -> None:
    """After that nobody is mentioned any more."""
    await setup.checks.route(role_id=ROLE, second_role_id=SECOND_ROLE, escalate=900, remind=HOUR)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.acknowledge()
    await setup.pump(9000)
    assert mentioned(setup) == [[ROLE]]


async def test_quiet_hours_delay_mentions_until_a_summary(setup: OutboxSetup) -> None:
    """Alerts are posted meanwhile; at the end one message mentions the role for all that is still open."""
    await setup.checks.route(role_id=ROLE, second_role_id=SECOND_ROLE, escalate=900, remind=HOUR)
    await setup.open_incidents("old")
    await setup.pump()
    await be_quiet(setup, 8)
    setup.checks.now += HOUR
    await setup.open_incidents("new", "brief")
    await setup.pump()
    await recover(setup, "brief")
    await setup.pump(3 * HOUR)
    assert mentioned(setup) == [[ROLE]]
    assert len(setup.messenger.alerts(2)) == 1
    await setup.pump(8 * HOUR)
    (summary,) = setup.messenger.summaries().values()
    assert [(each.id, each.closed_at is None) for each in summary.incidents] == [
        ("old", True),
        ("new", True),
        ("brief", False),
    ]
    # The old one was told of 900 seconds before; the new one is told of by the summary.
    assert mentioned(setup) == [[ROLE], [ROLE], [SECOND_ROLE]]
    await setup.pump(900)
    assert mentioned(setup)[3:] == [[SECOND_ROLE]]
    await setup.pump(HOUR - 901)
    assert len(mentioned(setup)) == 4


async def test_after_quiet_hours_nobody_is_mentioned_in_vain(setup: OutboxSetup) -> None:
    """What is over, or acknowledged, by then is in the summary, which mentions nobody."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.open_incidents("a")
    await setup.pump()
    await setup.acknowledge()
    await setup.pump(8 * HOUR)
    assert len(setup.messenger.summaries()) == 1
    assert mentioned(setup) == []


async def test_a_quiet_night_without_incidents_has_no_summary(setup: OutboxSetup) -> None:
    """There is nothing to say."""
    await setup.checks.route(role_id=ROLE)
    await be_quiet(setup, 8)
    await setup.pump(9 * HOUR)
    assert setup.messenger.messages == {}


async def test_maintenance_keeps_alerts_back(setup: OutboxSetup, maintenance: MaintenanceService) -> None:
    """What is open at its end is announced then, in one message; what ended inside is not."""
    await setup.checks.route(role_id=ROLE, remind=HOUR)
    setup.clock.now = setup.checks.now
    await maintenance.add(GUILD, "", "", 4 * HOUR, member_id=MEMBER)
    await setup.open_incidents("a", "b")
    await setup.pump()
    await recover(setup, "b")
    setup.checks.now += HOUR
    await setup.open_incidents("c")
    await setup.pump()
    assert setup.messenger.messages == {}
    await setup.pump(4 * HOUR)
    assert [each.id for each in setup.shown(1).incidents] == ["a", "c"]
    assert setup.messenger.alerts(2) == {}
    assert mentioned(setup) == [[ROLE]]


async def test_maintenance_of_one_agent_concerns_no_other(
    setup: OutboxSetup, maintenance: MaintenanceService
) -> None:
    """The others are told of as always; a window that is cancelled tells of it at once."""
    setup.clock.now = setup.checks.now
    window = await maintenance.add(GUILD, "toolzz", "a", 4 * HOUR, member_id=MEMBER)
    await setup.open_incidents("a", "b")
    await setup.pump()
    assert (len(setup.messenger.alerts(1)), len(setup.messenger.alerts(2))) == (0, 1)
    await maintenance.end(GUILD, window.number)
    await setup.pump()
    assert len(setup.messenger.alerts(1)) == 1


async def test_a_recovery_is_told_of_once_and_kept_true(setup: OutboxSetup) -> None:
    """One reply says that all is over; it mentions nobody, and shows when it breaks again."""
    await setup.checks.route(role_id=ROLE)
    await setup.open_incidents("a", "b")
    await setup.pump()
    setup.checks.now += MIN_REPLIED_SECONDS
    await recover(setup, "a")
    await setup.pump()
    assert setup.messenger.recoveries() == {}
    await recover(setup, "a", "b")
    await setup.pump(MIN_EDIT_SECONDS)
    (reply,) = setup.messenger.recoveries().values()
    assert reply.reply_to in setup.messenger.alerts(1)
    assert all(each.closed_at is not None for each in reply.incidents)
    await setup.open_incidents("a")
    await setup.pump(MIN_EDIT_SECONDS)
    await recover(setup, "a", "b")
    await recover(setup, "a", "b")
    await setup.pump(MIN_EDIT_SECONDS)
    (reply,) = setup.messenger.recoveries().values()
    assert all(each.closed_at is not None for each in reply.incidents)
    assert mentioned(setup) == [[ROLE]]


@pytest.mark.parametrize(
    ("recovery", "seconds", "replies"),
    [(Recovery.OFF, MIN_REPLIED_SECONDS, []), (Recovery.QUIET, 0, []), (Recovery.MENTION, 900, [[ROLE]])],
)
async def test_a_route_decides_about_the_reply(
    setup: OutboxSetup, recovery: Recovery, seconds: int, replies: list[list[int]]
) -> None:
    """It can be switched off, or mention the role; what was short gets none."""
    await setup.checks.route(role_id=ROLE, recovery=recovery)
    await setup.open_incidents("a")
    await setup.pump()
    setup.checks.now += seconds
    await recover(setup, "a")
    await setup.pump(MIN_EDIT_SECONDS)
    assert [list(each.role_ids) for each in setup.messenger.recoveries().values()] == replies


async def test_a_route_that_is_set_late_tells_quietly(setup: OutboxSetup) -> None:
    """What is open already is in one message without a mention; what begins next mentions the role."""
    await setup.checks.groups.delete_route(GUILD, 1)
    await setup.open_incidents("a", "b")
    setup.checks.now += HOUR
    await setup.open_incidents("c")
    await setup.checks.route(role_id=ROLE)
    await setup.pump()
    assert [each.number for each in setup.shown(1).incidents] == [1, 2, 3]
    assert mentioned(setup) == []
    setup.checks.now -= INTERVAL
    await setup.open_incidents("d")
    await setup.pump()
    assert [each.number for each in setup.shown(4).incidents] == [4]
    assert mentioned(setup) == [[ROLE]]


async def test_a_route_that_moves_gathers_its_alerts_quietly(setup: OutboxSetup) -> None:
    """In the new channel one message tells of all that is open; the old ones are deleted."""
    await setup.checks.route(role_id=ROLE)
    for name in "ab":
        await setup.open_incidents(name)
        await setup.pump()
        setup.checks.now += HOUR
    await setup.checks.route(role_id=ROLE, channel_id=8)
    setup.clock.now = setup.checks.now
    await setup.pump()
    assert [(each.channel_id, len(each.incidents)) for each in setup.messenger.alerts(1).values()] == [(8, 2)]
    assert len(setup.messenger.messages) == 1
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_a_clock_that_is_set_back_loses_no_alert(setup: OutboxSetup) -> None:
    """The next incident is a new one with a new alert and a mention; reminders come in time."""
    await setup.checks.route(role_id=ROLE, remind=HOUR)
    await setup.open_incidents("a")
    await setup.pump()
    await recover(setup, "a")
    await setup.pump(MIN_EDIT_SECONDS)
    setup.checks.now -= 10 * HOUR
    await setup.open_incidents("a")
    await setup.pump()
    assert len(setup.messenger.alerts(2)) == 1
    assert mentioned(setup) == [[ROLE], [ROLE]]
    await setup.pump(HOUR)
    assert mentioned(setup) == [[ROLE]] * 3


async def test_a_reminder_does_not_wait_for_a_clock_that_was_ahead(setup: OutboxSetup) -> None:
    """After a restart as well: what happened in the future counts as happening now."""
    await setup.checks.route(role_id=ROLE, remind=HOUR)
    await setup.open_incidents("a")
    await setup.pump()
    setup.clock.now -= 10 * HOUR
    await setup.restarted().pump()
    await setup.pump(HOUR)
    assert mentioned(setup) == [[ROLE], [ROLE]]


async def test_a_bot_that_is_timed_out_waits_and_tells_nobody(setup: OutboxSetup) -> None:
    """That passes by itself: alerts arrive then, and the route needs no command."""
    await setup.open_incidents("a")
    setup.messenger.refusing.add(7)
    setup.messenger.refused_until = int(setup.clock.now) + 60
    with capture_logs():
        await setup.pump()
    route = await setup.checks.alerts.route(GUILD, 1)
    assert route is not None
    assert (route.suspended, route.is_reported) == ("timed_out", 0)
    assert setup.messenger.lost_routes == []
    setup.messenger.refusing.clear()
    await setup.pump(59)
    assert setup.messenger.messages == {}
    await setup.pump(1)
    assert len(setup.messenger.alerts(1)) == 1
    route = await setup.checks.alerts.route(GUILD, 1)
    assert route is not None
    assert (route.suspended, route.retry_at) == ("", None)


async def test_a_lost_channel_is_reported_until_somebody_hears_of_it(setup: OutboxSetup) -> None:
    """Each hourly try that fails tells the managers, unless one of them was told."""
    await setup.open_incidents("a")
    setup.messenger.refusing.add(7)
    setup.messenger.is_anybody_reached = False
    with capture_logs():
        await setup.pump()
        setup.messenger.is_anybody_reached = True
        for _ in range(3):
            await setup.pump(RETRY_SECONDS)
    assert len(setup.messenger.lost_routes) == 2
    assert await setup.audited() == [("alerts.lost", "channel · 7", "refused:forbidden")]
    route = await setup.checks.alerts.route(GUILD, 1)
    assert route is not None
    assert bool(route.is_reported)


async def test_why_an_alert_waits_is_known(setup: OutboxSetup) -> None:
    """The reason and the next try can be shown, and are forgotten once it is sent."""
    await setup.open_incidents("a")
    setup.messenger.fault = "down"
    with capture_logs():
        await setup.pump()
    (waiting,) = await setup.checks.waiting()
    assert (waiting.route, waiting.why, waiting.count) == (1, "unavailable", 1)
    assert waiting.next_at == int(setup.clock.now) + 5
    setup.messenger.fault = ""
    await setup.pump(5)
    assert await setup.checks.waiting() == []
