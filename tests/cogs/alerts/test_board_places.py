"""The board goes up, moves and is taken down, where both the member and the bot may write."""

from typing import Any

import discord
import pytest

from tests.support.board_steps import (
    BAD,
    REFUSALS,
    SOON,
    audited_changes,
    board_text,
    boards_in,
    check,
    is_given_up,
    put_up_board,
    put_up_board_of,
    with_fake_provider,
)
from tests.support.harness import BotHarness, embed_of, shown


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with a provider that reports what a test says, and with a viewer."""
    return await with_fake_provider(harness)


async def test_it_moves_and_is_taken_down(harness: BotHarness) -> None:
    """A server has one board; without a channel it is deleted, and without a board the answer says so."""
    await put_up_board_of(harness)
    other = harness.guild.create_text_channel("status")
    await put_up_board(harness, other)
    assert boards_in(harness.channel) == []
    assert len(boards_in(other)) == 1
    down = await harness.member.slash(harness.channel, "integrations board")
    assert other.mention in shown(down)
    assert boards_in(other) == []
    assert await is_given_up(harness)
    none = await harness.member.slash(harness.channel, "integrations board")
    assert harness.texts("integrations.board.none") in (embed_of(none).title or "")
    assert [target for _, target, _ in await audited_changes(harness)][1:] == [f"channel · {other.id}", "off"]


@pytest.mark.parametrize(("status", "code"), [(403, 40333), (500, 0)])
async def test_it_stays_where_discord_cannot_delete_it(harness: BotHarness, status: int, code: int) -> None:
    """The answer says that Discord is at fault, and the board is kept up to date."""
    message = await put_up_board_of(harness)
    path = f"/channels/{harness.channel.id}/messages/{message.id}"
    harness.env.inject_error("DELETE", path, status=status, code=code, times=None)
    failed = await harness.member.slash(harness.channel, "integrations board")
    title = harness.texts("problem.unreachable.title", provider="Discord")
    assert embed_of(failed).title == f"❌ {title}"
    assert (await audited_changes(harness))[-1] == (harness.member.id, "off", "failed:unreachable")
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert "🔴" in board_text(harness)


@pytest.mark.parametrize(("status", "code", "reason"), REFUSALS)
async def test_it_goes_back_where_another_channel_refuses_it(
    harness: BotHarness, status: int, code: int, reason: str
) -> None:
    """The permissions that the bot knows of can be out of date; only the member who moves it is told."""
    await put_up_board_of(harness)
    other = harness.guild.create_text_channel("status")
    harness.env.inject_error(
        "POST", f"/channels/{other.id}/messages", status=status, code=code, message=reason
    )
    before = len(harness.env.http_requests)
    moved = await put_up_board(harness, other)
    assert harness.texts("problem.invalid_input.board_channel.title") in shown(moved)
    await harness.env.advance_time(SOON)
    assert (len(boards_in(harness.channel)), len(boards_in(other))) == (1, 0)
    assert [
        entry for entry in harness.env.http_requests[before:] if entry.path == "/users/@me/channels"
    ] == []
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert "🔴" in board_text(harness)


async def test_nobody_makes_the_bot_write_where_they_may_not(harness: BotHarness) -> None:
    """Both must be allowed to write there; the present board stays, and the log says who tried."""
    await put_up_board_of(harness)
    lacks = {
        "bot_cannot_post": ("view_channel", "send_messages", "embed_links"),
        # Of a channel that a member does not see the simulated Discord takes no command.
        "you_cannot_post": ("send_messages",),
    }
    for who, lacking in ((who, lacking) for who, all_ in lacks.items() for lacking in all_):
        is_bots = who == "bot_cannot_post"
        overwrites: Any = {
            harness.guild.default_role: discord.PermissionOverwrite(**{lacking: not is_bots}),
            harness.member: discord.PermissionOverwrite(**{lacking: is_bots}),
        }
        closed = harness.guild.create_text_channel("closed", overwrites=overwrites)
        assert harness.texts(f"problem.invalid_input.{who}.title") in shown(
            await put_up_board(harness, closed)
        )
        assert boards_in(closed) == []
        assert (await audited_changes(harness))[-1] == (
            harness.member.id,
            f"channel · {closed.id}",
            "refused:invalid_input",
        )
    assert len(boards_in(harness.channel)) == 1
