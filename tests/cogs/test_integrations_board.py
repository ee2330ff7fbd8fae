"""`/integrations board`: one message that shows how things are, changed when they change, and only then."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord
from simcord.types import HttpLogEntry

from bot.errors import ProviderError, RateLimitedError, UnreachableError
from bot.i18n.catalog import LOCALES
from bot.kit.integration import State
from bot.kit.redaction import Redactor
from bot.runtime.client import PatchbayBot
from bot.services.boards import EDITABLE_SECONDS
from bot.services.watching import STALE_CHECKS
from tests.cogs.parrots import Parrots, open_house
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, shown
from tests.ui.hostile import ATTACKS, marks

SOON = 8.0
"""Seconds after which a change shows."""
GOOD = {"Front desk": State.CONNECTED, "Night desk": State.CONNECTED}
BAD = {"Front desk": State.CONNECTED, "Night desk": State.DISCONNECTED}
OVER = [(403, 50001, "forbidden"), (404, 10003, "not_found")]


@pytest.fixture
async def town(town: Town) -> Town:
    """The town with a provider that reports what it is told to, and a member who looks after agents."""
    town.member = town.moderator()
    parrots = await open_house(town)
    start_bot = town.start_bot

    async def start_with_house(redactor: Redactor) -> PatchbayBot:
        bot = await start_bot(redactor)
        bot.providers[parrots.slug] = parrots  # type: ignore[index] # a dict, in truth
        return bot

    town.start_bot = start_with_house
    return town


def house(town: Town) -> Parrots:
    """Return the provider."""
    return town.bot.provider(Parrots)


async def found(town: Town, states: Mapping[str, State], failure: ProviderError | None = None) -> None:
    """Have a check find these integrations, by their names, or fail."""
    known = house(town)
    known.birds.clear()
    for number, (label, state) in enumerate(states.items()):
        known.teach(f"agent-{number}", label, state)
    known.failure = failure
    await town.bot.poller.check_guild(town.guild.id)


async def put_up(town: Town, channel: simcord.ChannelHandle | None = None) -> simcord.InteractionResult:
    """Have the member put the board up."""
    return await town.member.slash(town.channel, "integrations board", channel=channel or town.channel)


async def with_board(town: Town, states: Mapping[str, State] = GOOD) -> discord.Message:
    """Put a board up that shows these states."""
    await found(town, states)
    await put_up(town)
    return board(town)


def boards(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """Return the boards in a channel."""
    return [
        message
        for message in channel.history()
        if any((embed.title or "").startswith("📡") for embed in message.embeds)
    ]


def board(town: Town) -> discord.Message:
    """Return the only one."""
    (only,) = boards(town.channel)
    return only


def said(town: Town) -> str:
    """Return the board's text."""
    return board(town).embeds[0].description or ""


def body(entry: HttpLogEntry) -> Any:  # noqa: ANN401 - JSON
    """Return what was sent."""
    return entry.json


def requests(town: Town, *methods: str) -> list[HttpLogEntry]:
    """Return what was asked of Discord about messages in channels."""
    return [
        entry
        for entry in town.env.http_requests
        if entry.method in methods and entry.path.startswith("/channels/") and "/messages" in entry.path
    ]


async def is_given_up(town: Town) -> bool:
    """Tell whether the bot keeps no board any more, and asks Discord nothing about it."""
    before = len(town.env.http_requests)
    await found(town, GOOD)
    await town.env.advance_time(120)
    silent = len(town.env.http_requests) == before
    return silent and await town.bot.board_records.board(town.guild.id) is None


async def results(town: Town) -> list[tuple[int | None, str, str]]:
    """Return who changed the board, where, and how it ended, as the audit log has it."""
    rows, _ = await town.bot.audit.export(town.guild.id)
    return [(row.member, row.target, row.result) for row in rows if row.action == "integrations.board"]


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_shows_how_everything_is(town: Town, locale: str) -> None:
    """By state, worst first, in the server's language, pinging nobody; the answer leads there."""
    town.locale = locale
    town.bot.get_guild(town.guild.id).preferred_locale = discord.Locale(locale)  # type: ignore[union-attr]
    texts = town.texts
    await found(town, {"Alpha": State.CONNECTED, "Beta": State.ERROR, "Gamma": State.INACTIVE})
    answered = await put_up(town)
    message = board(town)
    assert final(answered).ephemeral
    assert message.jump_url in shown(answered)
    assert field(answered, texts("next_step")) == town.linked(texts("integrations.board.up_next"))
    since = f"<t:{int(town.env.now().timestamp())}:R>"
    assert message.embeds[0].title == f"📡 {texts('board.title', connected=1, count=3)}"
    assert message.embeds[0].footer.text == texts("board.footer")
    assert said(town) == "\n\n".join(
        [
            f"🟠 **{texts('state.error')}** · 1\nBeta · Parrot House · {since}",
            f"⚪ **{texts('state.inactive')}** · 1\nGamma · Parrot House · {since}",
            f"🟢 **{texts('state.connected')}** · 1\nAlpha · Parrot House · {since}",
            town.linked(texts("board.more")),
        ]
    )
    (sent,) = requests(town, "POST")
    assert body(sent)["allowed_mentions"]["parse"] == []
    assert body(sent)["flags"] == discord.MessageFlags(suppress_notifications=True).value
    assert await results(town) == [(town.member.id, f"channel · {town.channel.id}", "done")]


async def test_it_is_edited_on_change_only(town: Town) -> None:
    """An hour of checks that find nothing new costs no request; changes close together cost one."""
    message = await with_board(town)
    town.env.http_requests.clear()
    for _ in range(4):
        await town.env.advance_time(600)
        await found(town, GOOD)
    assert requests(town, "PATCH", "POST", "GET", "DELETE") == []
    await found(town, {**GOOD, "Third desk": State.CONNECTED})
    await town.env.advance_time(1)
    await found(town, BAD)
    await town.env.advance_time(SOON)
    assert "🔴 **Disconnected** · 1\nNight desk" in said(town)
    assert board(town).id == message.id
    assert len(requests(town, "PATCH", "POST", "GET", "DELETE")) == 1
    assert body(requests(town, "PATCH")[0])["allowed_mentions"]["parse"] == []


async def test_it_shows_what_is_done_about_it_and_what_is_down(town: Town) -> None:
    """Who looks after an incident, until when it is muted, and on top that a provider does not answer."""
    await with_board(town, BAD)
    await found(town, BAD)
    worst, _ = await town.bot.watching.integrations(town.guild.id)
    assert worst.incident is not None
    await town.bot.alerts.acknowledge(town.guild.id, worst.incident.number, member_id=town.manager.id)
    until = await town.bot.alerts.mute(town.guild.id, worst, 600, member_id=town.manager.id)
    await town.env.advance_time(SOON)
    assert f" · 🙋 <@{town.manager.id}> · 🔕 <t:{until}:R>" in said(town)
    await town.env.advance_time(700)
    assert "🔕" not in said(town)
    await found(town, {}, UnreachableError("parrots"))
    await town.env.advance_time(SOON)
    assert said(town).startswith("🔴 **Parrot House** · Not answering · <t:")
    assert board(town).embeds[0].title == "📡 Integrations · 0 of 2 connected"


@pytest.mark.parametrize("check_interval", [120])
async def test_what_gets_out_of_date_says_so(town: Town) -> None:
    """Although no check comes in: within a minute, with one edit."""
    await with_board(town)
    house(town).failure = RateLimitedError(Parrots.slug, retry_after=3600)
    town.env.http_requests.clear()
    await town.env.advance_time(STALE_CHECKS * 120 + 70)
    assert "⏳ **Out of date: last known Connected** · 2" in said(town)
    assert len(requests(town, "PATCH")) == 1
    assert "0 of 2" in (board(town).embeds[0].title or "")


async def test_it_is_posted_anew_before_discord_takes_no_more_edits(town: Town) -> None:
    """With the first change after fifty minutes, or as soon as Discord says so; there is one at any time."""
    first = await with_board(town)
    await town.env.advance_time(EDITABLE_SECONDS)
    town.env.http_requests.clear()
    await found(town, BAD)
    await town.env.advance_time(SOON)
    second = board(town)
    assert second.id != first.id
    assert "🔴" in said(town)
    assert [entry.method for entry in requests(town, "PATCH", "DELETE", "POST")] == ["DELETE", "POST"]
    town.env.inject_error("PATCH", "/channels/*", status=429, code=30046)
    await found(town, GOOD)
    await town.env.advance_time(SOON)
    assert board(town).id != second.id
    assert "🔴" not in said(town)
    await found(town, BAD)
    await town.env.advance_time(SOON)
    assert "🔴" in said(town)


async def test_it_survives_a_restart(town: Town) -> None:
    """The same message goes on; nothing is sent where it is right, and what changed meanwhile shows."""
    message = await with_board(town)
    town.env.http_requests.clear()
    await town.restart()
    assert requests(town, "PATCH", "POST", "DELETE") == []
    await found(town, BAD)
    await town.restart()
    assert board(town).id == message.id
    assert "🔴" in said(town)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_bot_that_was_killed_leaves_no_two_boards(town: Town, when: str) -> None:
    """Killed right before it posted anew, or right after: the next one posts it, or finds what was posted."""
    message = await with_board(town)
    kept = await town.bot.board_records.board(town.guild.id)
    assert kept is not None
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("UPDATE board SET message_id = NULL")
        if when == "before":
            database.execute(
                "UPDATE board SET old_channel_id = ?, old_message_id = ?", (town.channel.id, message.id)
            )
    await found(town, BAD)
    await town.restart()
    await town.env.advance_time(70)
    assert (board(town).id == message.id) is (when == "after")
    assert "🔴" in said(town)


@pytest.mark.parametrize(("status", "code", "reason"), OVER)
async def test_a_channel_that_was_lost_is_given_up(town: Town, status: int, code: int, reason: str) -> None:
    """After the first refusal nothing more is asked, and the audit log says so."""
    await with_board(town)
    town.env.inject_error("PATCH", "/channels/*", status=status, code=code, times=None)
    await found(town, BAD)
    await town.env.advance_time(SOON)
    assert len(requests(town, "PATCH")) == 1
    assert await is_given_up(town)
    assert (await results(town))[1:] == [(None, f"channel · {town.channel.id}", f"refused:{reason}")]


@pytest.mark.parametrize("age", [0, EDITABLE_SECONDS])
async def test_a_board_that_somebody_deleted_stays_deleted(town: Town, age: int) -> None:
    """They do not want it there, however old it was."""
    message = await with_board(town)
    town.env.backend.delete_message(town.channel.id, message.id)
    await town.env.advance_time(age)
    await found(town, BAD)
    await town.env.advance_time(SOON)
    assert boards(town.channel) == []
    assert await is_given_up(town)


async def test_what_fails_for_now_is_tried_again_less_and_less_often(town: Town) -> None:
    """A refusal that is not Discord's own ends no board; when it is over, the board is right again."""
    await with_board(town)
    town.env.inject_error("PATCH", "/channels/*", status=403, code=0, times=None)
    await found(town, BAD)
    await town.env.advance_time(2000)
    assert 2 <= len(requests(town, "PATCH")) <= 6
    town.env.backend.faults.clear()
    await town.env.advance_time(2000)
    assert "🔴" in said(town)


async def test_what_could_not_be_posted_at_once_is_posted_later(town: Town) -> None:
    """The member is told so, and nothing is lost."""
    town.env.inject_error("POST", f"/channels/{town.channel.id}/messages", status=400)
    late = await put_up(town)
    assert town.texts("integrations.board.late") in (embed_of(late).title or "")
    assert boards(town.channel) == []
    await town.env.advance_time(140)
    assert town.linked(town.texts("board.none")) in said(town)


async def test_it_moves_and_is_taken_down(town: Town) -> None:
    """There is one in a server at any time; without a channel it goes, and with none that is said."""
    await with_board(town)
    other = town.guild.create_text_channel("status")
    await put_up(town, other)
    assert boards(town.channel) == []
    assert len(boards(other)) == 1
    down = await town.member.slash(town.channel, "integrations board")
    assert other.mention in shown(down)
    assert boards(other) == []
    assert await is_given_up(town)
    none = await town.member.slash(town.channel, "integrations board")
    assert town.texts("integrations.board.none") in (embed_of(none).title or "")
    assert [target for _, target, _ in await results(town)][1:] == [f"channel · {other.id}", "off"]


async def test_nobody_makes_the_bot_write_where_they_may_not(town: Town) -> None:
    """Both must be allowed to; the board that there is stays, and the log says who tried."""
    await with_board(town)
    lacks = {
        "board_channel": ("view_channel", "send_messages", "embed_links"),
        # Of a channel that a member does not see the simulated Discord takes no command.
        "board_channel_yours": ("send_messages",),
    }
    for who, lacking in ((who, lacking) for who, all_ in lacks.items() for lacking in all_):
        is_bots = who == "board_channel"
        overwrites: Any = {
            town.guild.default_role: discord.PermissionOverwrite(**{lacking: not is_bots}),
            town.member: discord.PermissionOverwrite(**{lacking: is_bots}),
        }
        closed = town.guild.create_text_channel("closed", overwrites=overwrites)
        assert town.texts(f"problem.invalid_input.{who}.title") in shown(await put_up(town, closed))
        assert boards(closed) == []
        assert (await results(town))[-1] == (
            town.member.id,
            f"channel · {closed.id}",
            "refused:invalid_input",
        )
    assert len(boards(town.channel)) == 1


async def test_servers_are_apart(town: Town) -> None:
    """Each shows its own, in its own language; what happens in one changes nothing in the other."""
    there = town.abroad()
    there.member = there.moderator()
    await open_house(there)
    town.bot.get_guild(there.guild.id).preferred_locale = discord.Locale(PORTUGUESE)  # type: ignore[union-attr]
    await with_board(town)
    await with_board(there, {"Cais": State.CONNECTED})
    town.env.http_requests.clear()
    await found(there, {"Cais": State.ERROR})
    await town.env.advance_time(SOON)
    (edit,) = requests(town, "PATCH")
    assert edit.path.startswith(f"/channels/{there.channel.id}/")
    assert "Front desk" not in json.dumps(edit.json)
    assert "Cais" not in said(town)
    assert "🟠 **Erro** · 1\nCais" in said(there)


async def test_what_others_wrote_does_nothing(town: Town) -> None:
    """Hostile names are shown as the characters that they are, and as many as there is room for."""
    hostile = {f"{number} {ATTACKS[number % len(ATTACKS)]}": State.ERROR for number in range(90)}
    await with_board(town, hostile)
    text = said(town)
    assert len(text) <= 4096
    assert "more" in text.splitlines()[-3]
    ours = {"bold", "time", "command"}
    assert set(marks(text)) <= ours


@pytest.mark.parametrize("fails", [False, True])
async def test_it_goes_with_the_server_s_data(town: Town, fails: bool) -> None:
    """Without its row nobody would keep it live; that Discord fails holds up no erasure."""
    message = await with_board(town)
    if fails:
        path = f"/channels/{town.channel.id}/messages/{message.id}"
        town.env.inject_error("DELETE", path, status=500, code=0, message="boom")
    question = await town.manager.slash(town.channel, "privacy delete")
    total = (await town.bot.privacy.stored(town.guild.id)).total
    await town.manager.click(final(question).message, label=town.texts.plural("privacy.delete.button", total))
    assert (await town.bot.privacy.stored(town.guild.id)).total == 0
    assert len(boards(town.channel)) == fails
