"""Messages do not delay each other, and nothing that comes while one is sent is missed."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from structlog.testing import capture_logs

from bot.features.alerts.messenger import AnyNotice, Notice
from bot.features.alerts.outbox_plan import MIN_JOIN_SECONDS
from bot.features.alerts.store import BoardRow, MessageKind, OutboxRow
from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from bot.store.database import Database
from tests.support.by_hand import run
from tests.support.channels import NONCE_SECONDS
from tests.support.check_recorder import FAULTY, WELL, report
from tests.support.ids import GUILD, MEMBER
from tests.support.ids import OTHER_GUILD as OTHER
from tests.support.outbox import OutboxSetup, running
from tests.support.waiting import until


async def test_what_changes_while_it_is_sent_is_shown(setup: OutboxSetup) -> None:
    """A member who acknowledges an incident while its message is posted is in it a moment later."""
    await setup.open_incidents("a")
    setup.messenger.meanwhile = lambda _: setup.acknowledge()
    await setup.pump()
    assert setup.incident(1).acknowledged_by == MEMBER


@pytest.mark.parametrize("fault", ["unanswered", "killed_after"])
async def test_what_arrived_unknown_to_the_bot_is_found(setup: OutboxSetup, fault: str) -> None:
    """A message whose answer was lost is looked for, long after Discord has forgotten its nonce."""
    await setup.open_incidents("a")
    setup.messenger.fault = fault
    with capture_logs(), contextlib.suppress(BaseExceptionGroup):
        await setup.pump()
    setup.clock.now, setup.messenger.fault = setup.clock.now + 10 * NONCE_SECONDS, ""
    await setup.restarted().pump()
    assert len(setup.messenger.alerts(1)) == 1


async def test_what_ends_while_it_is_moved_is_told(setup: OutboxSetup) -> None:
    """If Discord fails while an alert is moved to another channel, it arrives there, closed."""
    await setup.open_incidents("a")
    await setup.pump()
    await setup.checks.route(channel_id=8)
    setup.messenger.fault = "down"
    with capture_logs():
        await setup.pump()
    for _ in range(2):
        await setup.checks.answer(report(WELL))
    setup.clock.now, setup.messenger.fault = setup.checks.now, ""
    await setup.pump()
    assert setup.shown(1).channel_id == 8
    assert setup.incident(1).closed_at is not None


async def test_what_becomes_due_at_the_last_moment_is_sent(
    setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What becomes due after a guild's last look at it, but before its lane is free, is not missed."""
    due = setup.checks.alerts.due

    async def look(guild_id: int, lane: str, now: int) -> list[OutboxRow]:
        rows = await due(guild_id, lane, now)
        if not rows and len(setup.messenger.messages) == 1:
            setup.checks.now += MIN_JOIN_SECONDS
            await setup.open_incidents("a", "b")
            setup.outbox.wake()
            await asyncio.sleep(0.05)
        return rows

    monkeypatch.setattr(setup.checks.alerts, "due", look)
    await setup.open_incidents("a")
    async with running(setup):
        await until(lambda: len(setup.messenger.messages) == 2)


async def test_what_arrives_late_is_brought_up_to_date(setup: OutboxSetup) -> None:
    """If Discord takes a second try for the first one, which said something else, it is edited."""
    await setup.open_incidents("a")
    setup.messenger.fault = "late"
    await setup.pump()
    await setup.acknowledge()
    setup.clock.now, setup.messenger.fault = setup.clock.now + 10, ""
    await setup.pump()
    assert setup.incident(1).acknowledged_by == MEMBER


async def test_one_that_fails_keeps_back_no_other(setup: OutboxSetup) -> None:
    """An alert that cannot be sent is tried again, later each time; the guild's others are sent."""

    def fail_first(notice: AnyNotice) -> None:
        if isinstance(notice, Notice) and notice.route == 1:
            raise RuntimeError

    await setup.open_incidents("a")
    setup.messenger.meanwhile = fail_first
    await setup.checks.route(number=2, channel_id=9)
    with capture_logs() as logs:
        pauses = []
        for _ in range(9):
            await setup.pump()
            alert = await setup.checks.alert(1)
            assert alert is not None
            assert alert.next_at is not None
            pauses.append(alert.next_at - int(setup.clock.now))
            setup.clock.now = alert.next_at
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert [notice.channel_id for notice in setup.messenger.alerts(1).values()] == [9]
    assert {(entry["event"], entry["route"]) for entry in logs} == {("alert_not_sent", 1)}


async def test_a_guild_that_takes_long_keeps_back_no_other(setup: OutboxSetup) -> None:
    """While one guild's channel is slow another guild's is used; the slow one misses nothing."""
    setup.messenger.held = {GUILD}
    async with running(setup):
        await setup.open_incidents("a")
        setup.outbox.wake()
        await until(lambda: (GUILD, MessageKind.ALERT) in setup.outbox._busy)
        await setup.open_incidents("c", guild=OTHER)
        setup.outbox.wake()
        await until(lambda: len(setup.messenger.messages) == 1)
        assert setup.shown(1).guild_id == OTHER
        await setup.checks.answer(report(FAULTY), report(FAULTY, "b"))
        await setup.checks.answer(report(FAULTY), report(FAULTY, "b"))
        setup.clock.now = setup.checks.now
        setup.outbox.wake()
        setup.messenger.released.set()
        await until(lambda: len(setup.messenger.messages) == 3)


async def test_a_database_that_fails_for_a_while_ends_nothing(
    setup: OutboxSetup, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox goes on when its tables can be read again."""
    monkeypatch.setattr("bot.features.alerts.outbox.FIRST_PAUSE", 0.001)
    await setup.open_incidents("a")
    await run(database, "ALTER TABLE outbox RENAME TO elsewhere")
    with capture_logs() as logs:
        async with running(setup):
            await until(lambda: len(logs) > 2)
            await run(database, "ALTER TABLE elsewhere RENAME TO outbox")
            await until(lambda: len(setup.messenger.messages) == 1)
    assert {entry["event"] for entry in logs} == {"outbox_failed"}
    assert ["exc_info" in entry for entry in logs] == [True] + [False] * (len(logs) - 1)


async def test_a_board_that_cannot_be_made_is_tried_less_and_less_often(setup: OutboxSetup) -> None:
    """An unforeseen failure is told in full once; then a line counts the tries, whose pauses grow."""
    await setup.outbox._store.put_board(BoardRow(GUILD, 100, MEMBER), int(setup.clock()))

    async def fail(_guild_id: int) -> None:
        raise ZeroDivisionError

    setup.messenger.render_board = fail  # type: ignore[method-assign, assignment]
    began = setup.clock()
    with capture_logs() as logs:
        while setup.clock() < began + 3600:
            await setup.pump()
            setup.clock.now += 10
    assert [bool(entry["exc_info"]) for entry in logs] == [True] + [False] * (len(logs) - 1)
    assert [entry["tries"] for entry in logs] == list(range(1, len(logs) + 1))
    assert 3 < len(logs) < 8


async def test_a_guild_that_is_not_here_is_left_alone(setup: OutboxSetup) -> None:
    """An alert of a guild that this process does not serve is neither sent nor put off."""
    await setup.open_incidents("a")
    await setup.outbox.pump(setup.messenger, lambda guild_id: guild_id == OTHER)
    assert setup.messenger.calls == []
    await setup.checks.answer(report(WELL))
    await setup.pump()
    assert len(setup.messenger.messages) == 1


async def test_a_channel_that_refuses_is_asked_once(setup: OutboxSetup) -> None:
    """Ten alerts for a channel that refuses cause one refusal, one audit entry and one report."""
    await setup.open_incidents(*"abcdefghij")
    setup.messenger.refusing.add(7)
    setup.messenger.routed = {1: 7}
    await setup.pump()
    assert setup.messenger.calls == [("post", 7)]
    assert [(route.channel_id, route.suspended) for route in setup.messenger.lost_routes] == [
        (7, "forbidden")
    ]
    assert await setup.audited() == [("alerts.lost", "channel · 7", "refused:forbidden")]


async def test_each_guilds_work_counts_as_its_own(setup: OutboxSetup) -> None:
    """What is logged while an alert is sent is cleaned of that guild's secrets."""
    await setup.open_incidents("a")
    await setup.open_incidents("b", guild=OTHER)
    seen: list[tuple[int, int | None]] = []
    setup.messenger.meanwhile = lambda notice: seen.append((notice.guild_id, CURRENT_GUILD.get()))
    with working_for(GUILD):
        await setup.pump()
    assert sorted(seen) == sorted([(GUILD, GUILD), (OTHER, OTHER)])
