"""`/integrations board`: one message that shows every state, edited when something changes, and only then."""

import json
import re
import sqlite3
from contextlib import closing

import discord
import pytest

from bot.discord.text import length
from bot.discord.theme import DESCRIPTION
from bot.errors import RateLimitedError, UnreachableError
from bot.features.alerts.service import RouteSettings
from bot.features.alerts.store import RETRY_SECONDS
from bot.features.monitoring.service import STALE_CHECKS
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from cogs.alerts.board_embed import REFRESH_SECONDS
from tests.support.alert_steps import suspend_routes
from tests.support.board_steps import (
    BAD,
    GOOD,
    REFUSALS,
    SOON,
    audited_changes,
    board_text,
    boards_in,
    check,
    is_given_up,
    message_requests,
    only_board,
    put_up_board,
    put_up_board_of,
    sent_body,
    with_fake_provider,
)
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, shown
from tests.support.hostile import ATTACKS, marks

OLD = 2 * 3600
"""Seconds after which a message is old: Discord limits the edits of one from more than an hour ago."""


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with a provider that reports what a test says, and with a viewer."""
    return await with_fake_provider(harness)


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_shows_how_everything_is(harness: BotHarness, locale: str) -> None:
    """It lists states, worst first, in the server's language, and pings nobody; the answer links to it."""
    harness.locale = locale
    harness.bot.get_guild(harness.guild.id).preferred_locale = discord.Locale(locale)  # type: ignore[union-attr]
    texts = harness.texts
    await check(harness, {"Alpha": State.CONNECTED, "Beta": State.ERROR, "Gamma": State.INACTIVE})
    answered = await put_up_board(harness)
    message = only_board(harness)
    assert final(answered).ephemeral
    assert message.jump_url in shown(answered)
    assert field(answered, texts("next_step")) == harness.linked(texts("integrations.board.up_next"))
    now = f"<t:{int(harness.env.now().timestamp())}:R>"
    assert message.embeds[0].title == f"📡 {texts.plural('board.title', 3, connected=1)}"
    assert message.embeds[0].footer.text == texts("board.footer")
    shown_squares = {
        "🟩": "state.connected",
        "🟥": "board.down",
        "⬜": "state.inactive",
        "▫️": "board.no_data",
    }
    meanings = " · ".join(f"{square} {texts(key)}" for square, key in shown_squares.items())
    checked = texts("board.checked", time=now)
    assert board_text(harness).splitlines() == [
        f"**{texts.plural('board.attention', 1)} · {texts.plural('board.inactive', 1)}**",
        "",
        f"🟠 **Beta** · {texts('state.error')}",
        "▫️▫️▫️▫️▫️▫️▫️🟥",
        f"↳ {texts('board.since', time=now)}",
        f"⚪ **Gamma** · {texts('state.inactive')}",
        "▫️▫️▫️▫️▫️▫️▫️⬜",
        f"🟢 **Alpha** · {texts('state.connected')}",
        "▫️▫️▫️▫️▫️▫️▫️🟩",
        "",
        texts("board.legend", duration="3 h", meanings=meanings),
        f"{checked} · {harness.linked(texts('board.more'))}",
    ]
    (sent,) = message_requests(harness, "POST")
    assert sent_body(sent)["allowed_mentions"]["parse"] == []
    assert sent_body(sent)["flags"] == discord.MessageFlags(suppress_notifications=True).value
    assert await audited_changes(harness) == [(harness.member.id, f"channel · {harness.channel.id}", "done")]


async def test_it_is_edited_on_change_only(harness: BotHarness) -> None:
    """Checks that find nothing new cost no request; changes close together cost one."""
    await harness.env.advance_time(-harness.env.now().timestamp() % REFRESH_SECONDS)
    message = await put_up_board_of(harness)
    harness.env.http_requests.clear()
    for _ in range(4):
        await harness.env.advance_time(120)
        await check(harness, GOOD)
    assert message_requests(harness, "PATCH", "POST", "GET", "DELETE") == []
    await check(harness, {**GOOD, "Third desk": State.CONNECTED})
    await harness.env.advance_time(1)
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert "🔴 **Night desk** · Disconnected\n" in board_text(harness)
    assert only_board(harness).id == message.id
    assert len(message_requests(harness, "PATCH", "POST", "GET", "DELETE")) == 1
    assert sent_body(message_requests(harness, "PATCH")[0])["allowed_mentions"]["parse"] == []


async def test_the_time_of_the_last_check_is_refreshed(harness: BotHarness) -> None:
    """That alone edits a board at most once in fifteen minutes, and only after a check."""
    await harness.env.advance_time(-harness.env.now().timestamp() % REFRESH_SECONDS)
    await put_up_board_of(harness)
    harness.env.http_requests.clear()
    for _ in range(5):
        await harness.env.advance_time(REFRESH_SECONDS / 5)
        await check(harness, GOOD)
    checked = f"Checked <t:{int(harness.env.now().timestamp())}:R>"
    assert checked not in board_text(harness)
    await harness.env.advance_time(SOON + 60)
    assert checked in board_text(harness)
    assert len(message_requests(harness, "PATCH", "POST", "GET", "DELETE")) == 1
    await harness.env.advance_time(REFRESH_SECONDS)
    assert len(message_requests(harness, "PATCH", "POST", "GET", "DELETE")) == 1


async def test_it_shows_what_is_done_about_it_and_what_is_down(harness: BotHarness) -> None:
    """It names who looks after an incident, the end of a mute and, first, a provider that does not answer."""
    await put_up_board_of(harness, BAD)
    await check(harness, BAD)
    worst, _ = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert worst.incident is not None
    await harness.bot.services.alerts.acknowledge(
        harness.guild.id, worst.incident.number, member_id=harness.manager.id
    )
    until = await harness.bot.services.monitoring.mute(
        harness.guild.id, worst, 600, member_id=harness.manager.id
    )
    await harness.env.advance_time(SOON)
    number = worst.incident.number
    assert f" · #{number} · 🙋 <@{harness.manager.id}> · 🔕 ends <t:{until}:R>" in board_text(harness)
    await harness.env.advance_time(700)
    assert "🔕" not in board_text(harness)
    await check(harness, {}, UnreachableError("parrots"))
    await harness.env.advance_time(SOON)
    assert board_text(harness).splitlines()[0] == f"**{harness.texts.plural('board.unknown', 2)}**"
    assert board_text(harness).splitlines()[1].startswith("🔴 **Parrot House** · Not responding · ")
    assert only_board(harness).embeds[0].title == "📡 0 of 2 agents connected"


@pytest.mark.parametrize("check_interval", [120])
async def test_what_gets_out_of_date_says_so(harness: BotHarness) -> None:
    """Without any check, the board says within a minute, with one edit, that a state is out of date."""
    await put_up_board_of(harness)
    harness.bot.services.provider(FakeProvider).failure = RateLimitedError(
        FakeProvider.slug, retry_after=3600
    )
    harness.env.http_requests.clear()
    await harness.env.advance_time(STALE_CHECKS * 120 + 70)
    assert board_text(harness).startswith(f"**{harness.texts.plural('board.stale', 2)}**\n")
    assert "⏳ **Night desk** · Out of date: last known Connected\n" in board_text(harness)
    assert "↳ Parrot House last responded <t:" in board_text(harness)
    assert len(message_requests(harness, "PATCH")) == 1
    assert "0 of 2" in (only_board(harness).embeds[0].title or "")


async def test_it_keeps_its_message_as_long_as_discord_takes_edits(harness: BotHarness) -> None:
    """So it stays pinned, however old it is; where Discord refuses an edit, it is posted anew."""
    first = await put_up_board_of(harness)
    await harness.env.advance_time(OLD)
    harness.env.http_requests.clear()
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert only_board(harness).id == first.id
    assert "🔴" in board_text(harness)
    harness.env.http_requests.clear()
    harness.env.inject_error("PATCH", "/channels/*", status=429, code=30046)
    await check(harness, GOOD)
    await harness.env.advance_time(SOON)
    assert only_board(harness).id != first.id
    assert "🔴" not in board_text(harness)
    assert [entry.method for entry in message_requests(harness, "PATCH", "DELETE", "POST")] == [
        "PATCH",
        "DELETE",
        "POST",
    ]


async def test_it_says_that_alerts_reach_nobody(harness: BotHarness) -> None:
    """It does so if no manager could be told, and no longer once alerts arrive."""
    await put_up_board_of(harness)
    elsewhere = harness.guild.create_text_channel("alerts")
    await harness.bot.services.alerts.set_route(
        harness.guild.id, elsewhere.id, RouteSettings(), member_id=harness.manager.id
    )
    warning = harness.texts("board.undelivered", channel=elsewhere.mention)
    for is_reported, is_shown in ((False, True), (True, False)):
        await suspend_routes(harness, elsewhere, is_reported=is_reported)
        await harness.env.advance_time(70)
        assert (warning in board_text(harness)) is is_shown


async def test_it_survives_a_restart(harness: BotHarness) -> None:
    """The same message is kept; nothing is sent while it is right, and what changed meanwhile is shown."""
    message = await put_up_board_of(harness)
    harness.env.http_requests.clear()
    await harness.restart()
    assert message_requests(harness, "PATCH", "POST", "DELETE") == []
    await check(harness, BAD)
    await harness.restart()
    assert only_board(harness).id == message.id
    assert "🔴" in board_text(harness)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_bot_that_was_killed_leaves_no_two_boards(harness: BotHarness, when: str) -> None:
    """If it was killed just before posting, the next bot posts; if just after, it finds the message."""
    message = await put_up_board_of(harness)
    assert await harness.bot.services.outbox._store.board(harness.guild.id) is not None
    columns = "message_id = NULL, tried_at = posted_at, next_at = posted_at"
    if when == "before":
        columns += ", old_channel_id = channel_id, old_message_id = message_id"
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute(f"UPDATE outbox SET {columns}, content = '' WHERE kind = 'board'")  # noqa: S608 - a constant
    await check(harness, BAD)
    await harness.restart()
    await harness.env.advance_time(70)
    assert (only_board(harness).id == message.id) is (when == "after")
    assert "🔴" in board_text(harness)


@pytest.mark.parametrize(("status", "code", "reason"), REFUSALS)
async def test_a_channel_that_refuses_is_left_alone_for_a_while(
    harness: BotHarness, status: int, code: int, reason: str
) -> None:
    """Nothing more is sent at first, the audit log says so, and an hour later the board is right again."""
    await put_up_board_of(harness)
    harness.env.inject_error("PATCH", "/channels/*", status=status, code=code, times=None)
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert len(message_requests(harness, "PATCH")) == 1
    assert (await audited_changes(harness))[1:] == [
        (None, f"channel · {harness.channel.id}", f"refused:{reason}")
    ]
    board = await harness.bot.services.alerts.board(harness.guild.id)
    assert board is not None
    assert board.suspended == reason
    harness.env.backend.faults.clear()
    await harness.env.advance_time(RETRY_SECONDS + SOON)
    assert "🔴" in board_text(harness)


@pytest.mark.parametrize("age", [0, OLD])
async def test_a_board_that_somebody_deleted_stays_deleted(harness: BotHarness, age: int) -> None:
    """The bot does not post it again, however old it was."""
    message = await put_up_board_of(harness)
    harness.env.backend.delete_message(harness.channel.id, message.id)
    await harness.env.advance_time(age)
    await check(harness, BAD)
    await harness.env.advance_time(SOON)
    assert boards_in(harness.channel) == []
    assert await is_given_up(harness)


async def test_what_fails_for_now_is_tried_again_less_and_less_often(harness: BotHarness) -> None:
    """A refusal by a proxy ends no board; when it is over, the board is right again."""
    await put_up_board_of(harness)
    harness.env.inject_error("PATCH", "/channels/*", status=403, code=0, times=None)
    await check(harness, BAD)
    await harness.env.advance_time(2000)
    assert 2 <= len(message_requests(harness, "PATCH")) <= 6
    harness.env.backend.faults.clear()
    await harness.env.advance_time(2000)
    assert "🔴" in board_text(harness)


async def test_what_could_not_be_posted_at_once_is_posted_later(harness: BotHarness) -> None:
    """The answer says so, and the board comes."""
    harness.env.inject_error("POST", f"/channels/{harness.channel.id}/messages", status=400)
    late = await put_up_board(harness)
    assert harness.texts("integrations.board.late") in (embed_of(late).title or "")
    assert boards_in(harness.channel) == []
    await harness.env.advance_time(140)
    assert harness.linked(harness.texts("board.none")) in board_text(harness)


async def test_servers_are_apart(harness: BotHarness) -> None:
    """Each board shows its own server, in its language; a change in one edits no other board."""
    there = harness.other_guild()
    there.member = there.moderator()
    await connect_fake_provider(there)
    harness.bot.get_guild(there.guild.id).preferred_locale = discord.Locale(PORTUGUESE)  # type: ignore[union-attr]
    await put_up_board_of(harness)
    await put_up_board_of(there, {"Cais": State.CONNECTED})
    harness.env.http_requests.clear()
    await check(there, {"Cais": State.ERROR})
    await harness.env.advance_time(SOON)
    (edit,) = message_requests(harness, "PATCH")
    assert edit.path.startswith(f"/channels/{there.channel.id}/")
    assert "Front desk" not in json.dumps(edit.json)
    assert "Cais" not in board_text(harness)
    assert "🟠 **Cais** · Com erro\n" in board_text(there)


async def test_what_others_wrote_does_nothing(harness: BotHarness) -> None:
    """Hostile names are shown as plain characters, as many as there is room for."""
    hostile = {f"{number} {ATTACKS[number % len(ATTACKS)]}": State.ERROR for number in range(90)}
    await put_up_board_of(harness, hostile)
    text = board_text(harness)
    assert length(text) <= DESCRIPTION
    assert re.search(r"^\+\d+ more$", text, re.MULTILINE)
    ours = {"bold", "time", "command"}
    assert set(marks(text)) <= ours


@pytest.mark.parametrize("fails", [False, True])
async def test_it_goes_with_the_server_s_data(harness: BotHarness, fails: bool) -> None:
    """Without its row nobody would keep it live; a failure of Discord does not stop the erasure."""
    message = await put_up_board_of(harness)
    if fails:
        path = f"/channels/{harness.channel.id}/messages/{message.id}"
        harness.env.inject_error("DELETE", path, status=500, code=0, message="boom")
    question = await harness.manager.slash(harness.channel, "privacy delete")
    total = (await harness.bot.services.privacy.stored(harness.guild.id)).total
    await harness.manager.click(
        final(question).message, label=harness.texts.plural("privacy.delete.button", total)
    )
    assert (await harness.bot.services.privacy.stored(harness.guild.id)).total == 0
    assert len(boards_in(harness.channel)) == fails
