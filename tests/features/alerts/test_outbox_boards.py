"""A board is rendered when it may have changed, edited when it has, put off when it fails, and given up."""

from __future__ import annotations

import contextlib

import pytest
from structlog.testing import capture_logs

from bot.errors import InvalidInputError, UnreachableError
from bot.features.alerts.messenger import AnyNotice, Notice
from bot.features.alerts.outbox import GATHER_SECONDS, MAX_BOARDS_AT_ONCE, MAX_IDLE_SECONDS
from bot.features.alerts.store import RETRY_SECONDS, RETRY_SPACING_SECONDS
from tests.support.channels import KilledError
from tests.support.ids import GUILD, MEMBER
from tests.support.outbox import BOARD_CHANNEL, OutboxSetup, running
from tests.support.waiting import until

POST, EDIT = ("post", BOARD_CHANNEL), ("edit", BOARD_CHANNEL)


async def test_a_board_is_rendered_when_its_guild_changes_and_once_a_minute(setup: OutboxSetup) -> None:
    """Changes are gathered for some seconds; a board that is up to date costs no request and no write."""
    assert await setup.put_up_board() is not None
    await setup.pump()
    setup.messenger.board = {"title": "changed"}
    setup.outbox.wake(GUILD)
    await setup.pump(GATHER_SECONDS - 1)
    setup.outbox.wake(GUILD)
    assert setup.messenger.board_calls == [POST]
    await setup.pump(1)
    assert setup.messenger.board_calls == [POST, EDIT]
    setup.messenger.board = {"title": "out of date"}
    await setup.pump(MAX_IDLE_SECONDS - GATHER_SECONDS - 1)
    assert setup.messenger.board_calls == [POST, EDIT]
    await setup.pump(1)
    assert setup.messenger.board_calls == [POST, EDIT, EDIT]
    before = await setup.board_row()
    await setup.pump(MAX_IDLE_SECONDS)
    assert setup.messenger.board_calls == [POST, EDIT, EDIT]
    assert await setup.board_row() == before


async def test_a_board_that_was_posted_after_a_failure_is_brought_up_to_date(setup: OutboxSetup) -> None:
    """Where Discord takes a second try for the first one, which showed something else, it is edited."""
    setup.messenger.fault, setup.messenger.board = "late", {"title": "before"}
    with capture_logs():
        assert await setup.put_up_board() is None
    setup.messenger.fault, setup.messenger.board = "", {"title": "after"}
    await setup.pump(60)
    assert setup.shown_board() == {"title": "after"}


async def test_a_board_that_fails_is_tried_less_and_less_often(setup: OutboxSetup) -> None:
    """The pause doubles from a minute to an hour; a change of the guild does not shorten it."""
    setup.messenger.fault = "down"
    pauses = []
    with capture_logs() as logs:
        assert await setup.put_up_board() is None
        for _ in range(8):
            row = await setup.board_row()
            assert row is not None
            assert row.next_at is not None
            pauses.append(row.next_at - int(setup.clock.now))
            calls = len(setup.messenger.board_calls)
            setup.outbox.wake(GUILD)
            await setup.pump(pauses[-1] - 1)
            assert len(setup.messenger.board_calls) == calls
            await setup.pump(1)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert {entry["event"] for entry in logs} == {"board_not_shown"}


async def test_an_outage_of_a_guild_is_no_failure_of_its_board(setup: OutboxSetup) -> None:
    """During the outage Discord is asked nothing; the board is right within a minute after it."""
    await setup.put_up_board()
    setup.messenger.board = None
    with capture_logs() as logs:
        for _ in range(10):
            await setup.pump(MAX_IDLE_SECONDS)
    assert logs == []
    setup.messenger.board = {"title": "after"}
    await setup.pump(MAX_IDLE_SECONDS)
    assert setup.shown_board() == {"title": "after"}


async def test_few_boards_are_sent_at_once_and_none_delays_an_alert(setup: OutboxSetup) -> None:
    """While boards wait for Discord, as many as may be sent at once, an alert of the same guild is posted."""
    guilds = [GUILD, *range(1, 2 * MAX_BOARDS_AT_ONCE)]
    setup.messenger.fault = "down"
    with capture_logs():
        for guild in guilds:
            await setup.outbox.put_up_board(setup.messenger, guild, BOARD_CHANNEL, member_id=MEMBER)
    setup.messenger.fault, waiting = "", []

    async def wait(notice: AnyNotice) -> None:
        waiting.append(notice.guild_id)
        await setup.messenger.released.wait()

    setup.messenger.meanwhile = lambda notice: None if isinstance(notice, Notice) else wait(notice)
    await setup.open_incidents("a")
    async with running(setup):
        await until(lambda: len(waiting) == MAX_BOARDS_AT_ONCE and len(setup.messenger.messages) == 1)
        assert setup.shown(1).guild_id == GUILD
        setup.messenger.released.set()
        await until(lambda: len(setup.messenger.boards()) == len(guilds))


async def test_a_board_that_hangs_is_put_off(setup: OutboxSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that takes too long ends, and what it may have posted is looked for later."""
    setup.messenger.held = {GUILD}
    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr("bot.features.alerts.board_mover.MAX_BOARD_SECONDS", 0.5)
        assert await setup.put_up_board() is None
    assert [entry["event"] for entry in logs] == ["board_not_shown"]
    setup.messenger.held.clear()
    await setup.pump(60)
    assert setup.messenger.board_calls == [("find", BOARD_CHANNEL), POST, EDIT]


async def test_a_channel_that_refuses_a_new_board_is_an_error_of_the_member(setup: OutboxSetup) -> None:
    """Nothing is kept, and no entry is added to the one that the member's command makes."""
    setup.messenger.refusing.add(BOARD_CHANNEL)
    with capture_logs(), pytest.raises(InvalidInputError) as caught:
        await setup.put_up_board()
    assert caught.value.values == {"field": "board_channel"}
    assert not await setup.has_board()
    assert await setup.audited() == []


async def test_a_board_whose_channel_refuses_later_is_suspended(setup: OutboxSetup) -> None:
    """The audit log says so and a manager is told; an hour later it is tried again."""
    await setup.put_up_board()
    setup.messenger.refusing.add(BOARD_CHANNEL)
    setup.messenger.board = {"title": "changed"}
    with capture_logs() as logs:
        await setup.pump(MAX_IDLE_SECONDS)
        await setup.pump(MAX_IDLE_SECONDS)
    assert len(setup.messenger.board_calls) == 2
    assert await setup.audited() == [("integrations.board", "channel · 9", "refused:forbidden")]
    assert [entry["event"] for entry in logs] == ["board_suspended"]
    assert [board.suspended for board in setup.messenger.lost_boards] == ["forbidden"]
    await setup.pump(RETRY_SECONDS)
    assert len(setup.messenger.board_calls) == 3
    assert len(setup.messenger.lost_boards) == 1
    setup.messenger.refusing.clear()
    await setup.pump(RETRY_SECONDS)
    assert setup.shown_board() == {"title": "changed"}
    board = await setup.checks.alerts.board(GUILD)
    assert board is not None
    assert (board.suspended, board.retry_at, board.is_reported) == ("", None, False)


async def test_a_board_is_tried_again_when_its_guild_changes(setup: OutboxSetup) -> None:
    """It need not wait for the hour to pass, but it is asked once a minute at most."""
    await setup.put_up_board()
    setup.messenger.refusing.add(BOARD_CHANNEL)
    setup.messenger.board = {"title": "changed"}
    with capture_logs():
        await setup.pump(MAX_IDLE_SECONDS)
    setup.messenger.refusing.clear()
    await setup.outbox.retry(GUILD)
    await setup.pump(RETRY_SPACING_SECONDS - 1)
    assert len(setup.messenger.board_calls) == 2
    await setup.pump(1)
    assert setup.shown_board() == {"title": "changed"}


async def test_a_board_whose_message_was_deleted_is_given_up(setup: OutboxSetup) -> None:
    """Whoever deleted it does not want it there: the audit log says so, and nothing more is asked."""
    await setup.put_up_board()
    setup.messenger.messages.clear()
    setup.messenger.board = {"title": "changed"}
    with capture_logs() as logs:
        await setup.pump(MAX_IDLE_SECONDS)
        await setup.pump(MAX_IDLE_SECONDS)
    assert await setup.audited() == [("integrations.board", "channel · 9", "refused:not_found")]
    assert [entry["event"] for entry in logs] == ["board_given_up"]
    assert not await setup.has_board()


@pytest.mark.parametrize("fault", ["unanswered", "killed_after"])
async def test_a_board_of_which_nobody_knows_is_taken_down_too(setup: OutboxSetup, fault: str) -> None:
    """A board whose post was not answered is found before it is deleted."""
    setup.messenger.fault = fault
    with capture_logs(), contextlib.suppress(KilledError):
        await setup.put_up_board()
    setup.messenger.fault = ""
    assert len(setup.messenger.boards()) == 1
    taken_down = await setup.restarted().outbox.take_down_board(setup.messenger, GUILD)
    assert taken_down is not None
    assert taken_down.channel_id == BOARD_CHANNEL
    assert setup.messenger.boards() == {}
    assert not await setup.has_board()


async def test_a_board_that_cannot_be_deleted_stays(setup: OutboxSetup) -> None:
    """The member gets the error, and the board stays live."""
    await setup.put_up_board()
    setup.messenger.fault = "down"
    with pytest.raises(UnreachableError):
        await setup.outbox.take_down_board(setup.messenger, GUILD)
    setup.messenger.fault, setup.messenger.board = "", {"title": "changed"}
    await setup.pump(MAX_IDLE_SECONDS)
    assert setup.shown_board() == {"title": "changed"}
