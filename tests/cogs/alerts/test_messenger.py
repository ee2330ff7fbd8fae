"""What an alert shows, whom it mentions, and what happens if Discord does not take it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.features.alerts.messenger import BoardNotice, ChannelRefusedError, Notice, NotSentError
from bot.features.alerts.outbox_plan import MIN_EDIT_SECONDS
from bot.features.alerts.store import MessageKind
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from cogs.alerts.messenger import DiscordMessenger
from tests.support.alert_notices import OPEN, notice_of, over, recovery_of, summary_of
from tests.support.alert_steps import (
    DOWN,
    UP,
    audited_changes,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
)
from tests.support.harness import ENGLISH, PORTUGUESE, BotHarness
from tests.support.posting_steps import managers_channel, open_thread

HOSTILE = "@everyone [x](https://evil.example) discord.gg/abc"


@pytest.fixture
async def watched(harness: BotHarness) -> BotHarness:
    """A server with a connection whose checks the test records."""
    await connect_toolzz(harness)
    return harness


def set_language(harness: BotHarness, locale: str) -> None:
    """Set the language of the server, and of whoever acts next."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    harness.locale = locale


def sent_bodies(harness: BotHarness, method: str, channel: simcord.ChannelHandle) -> list[dict[str, Any]]:
    """Return the bodies of the bot's requests about a channel's messages."""
    start = f"/channels/{channel.id}/messages"
    return [
        dict(entry.json or {})
        for entry in harness.env.http_requests
        if entry.method == method and entry.path.startswith(start)
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_one_message_tells_of_an_incident_from_its_beginning_to_its_end(
    watched: BotHarness, locale: str
) -> None:
    """The message is in the server's language; it mentions the one role once and is edited from then on."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    role = harness.guild.create_role("On call", mentionable=True)
    set_language(harness, locale)
    await run_alerts(harness, "set", channel=channel, role=role)
    await record_checks(harness, {HOSTILE: State.DISCONNECTED})
    (begun,) = embed_messages(channel)
    assert begun.content == role.mention
    assert [each.id for each in begun.role_mentions] == [role.id]
    assert not begun.mention_everyone
    (embed,) = begun.embeds
    state = harness.texts("state.disconnected")
    assert (embed.title or "").startswith(f"🔴 #1 · {state} · @\N{ZERO WIDTH SPACE}everyone \\[x\\]")
    assert embed.colour == discord.Colour(Tone.BAD.colour)
    assert (embed.footer.text or "").endswith(harness.texts("alerts.message.footer", reference="1-1"))
    await harness.bot.services.alerts.acknowledge(harness.guild.id, 1, member_id=harness.member.id)
    await record_checks(harness, {HOSTILE: State.CONNECTED})
    await harness.env.advance_time(MIN_EDIT_SECONDS)
    (ended,) = embed_messages(channel)
    assert ended.id == begun.id
    (embed,) = ended.embeds
    assert (embed.title or "").startswith(f"✅ #1 · {harness.texts('alerts.message.recovered')} · ")
    assert embed.colour == discord.Colour(Tone.GOOD.colour)
    assert f"<@{harness.member.id}>" in str(embed.to_dict())
    assert embed.fields[-1].value == harness.linked(harness.texts("alerts.message.next_history"))
    assert not ended.components
    (post,) = sent_bodies(harness, "POST", channel)
    assert post["allowed_mentions"] == {"parse": [], "roles": [role.id]}
    edits = sent_bodies(harness, "PATCH", channel)
    assert len(edits) == 2
    assert [edit["allowed_mentions"] for edit in edits] == [{"parse": []}] * 2


async def test_what_is_open_is_reminded_of_at_the_bottom_of_the_channel(toolzz_connected: BotHarness) -> None:
    """The message is posted anew with its mention, and the one before is deleted."""
    role = toolzz_connected.guild.create_role("On call", mentionable=True)
    channel = toolzz_connected.guild.create_text_channel("alerts")
    await run_alerts(toolzz_connected, "set", channel=channel, role=role, remind="1h")
    for _ in range(2):
        await toolzz_connected.bot.services.poller.check_guild(toolzz_connected.guild.id)
    await toolzz_connected.env.settle()
    begun = {each.id for each in embed_messages(channel)}
    await toolzz_connected.env.advance_time(3600)
    again = embed_messages(channel)
    assert len(again) == len(begun) > 0
    assert not begun & {each.id for each in again}
    assert {each.content for each in again} == {role.mention}
    assert [each for each in again if not (each.embeds[0].footer.text or "").endswith("-2")] == []


@pytest.mark.parametrize(("status", "code"), [(500, 0), (403, 0), (404, 0), (403, 40333), (400, 50035)])
async def test_what_is_not_the_channels_fault_is_tried_again(
    watched: BotHarness, status: int, code: int
) -> None:
    """After a fault of Discord or a refusal by a proxy, the alert comes a little later, and once."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    await run_alerts(harness, "set", channel=channel)
    harness.env.inject_error("POST", f"/channels/{channel.id}/messages", status=status, code=code, times=1)
    await record_checks(harness, DOWN)
    await harness.env.advance_time(10)
    assert len(embed_messages(channel)) == 1
    tries = sent_bodies(harness, "POST", channel)
    assert len(tries) > 1
    assert all(each["enforce_nonce"] and len(each["nonce"]) <= 25 for each in tries)
    assert len({each["nonce"] for each in tries}) == 1
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert not route.suspended


@pytest.mark.parametrize(
    ("locale", "status", "code", "why", "in_private"),
    [
        (ENGLISH, 403, 50001, "forbidden", False),
        (ENGLISH, 403, 50013, "forbidden", True),
        (PORTUGUESE, 404, 10003, "not_found", False),
        (PORTUGUESE, 400, 50008, "forbidden", True),
    ],
)
async def test_that_a_channel_takes_no_alerts_is_told_once(
    watched: BotHarness, locale: str, status: int, code: int, why: str, *, in_private: bool
) -> None:
    """A channel of the managers, or who set the route, is told; a new route gets what was kept."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    set_language(harness, locale)
    office = None if in_private else managers_channel(harness)
    await run_alerts(harness, "set", channel=channel)
    path = f"/channels/{channel.id}/messages"
    harness.env.inject_error("POST", path, status=status, code=code, times=None)
    await record_checks(harness, {**DOWN, "Back office": State.ERROR})
    await harness.env.advance_time(1200)
    assert len(sent_bodies(harness, "POST", channel)) == 1
    there = office or harness.manager.user.dm_channel
    (told,) = embed_messages(there)
    assert told.embeds[0].title == f"⚠️ {harness.texts('alerts.lost.title')}"
    assert channel.mention in (told.embeds[0].description or "")
    assert "/alerts set" in str(told.embeds[0].to_dict())
    assert (await audited_changes(harness))[-1] == (
        "alerts.lost",
        f"channel · {channel.id}",
        f"refused:{why}",
    )
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert route.suspended == why
    elsewhere = harness.guild.create_text_channel("elsewhere")
    await record_checks(harness, UP)
    await run_alerts(harness, "set", channel=elsewhere)
    (kept,) = embed_messages(elsewhere)
    assert [mark for mark in ("🟠 #2 · ", "✅ #1 · ") if mark not in (kept.embeds[0].description or "")] == []
    assert len(embed_messages(there)) == 1


async def test_a_message_of_which_nobody_knows_is_found_again(watched: BotHarness) -> None:
    """If the bot is killed right after Discord took a message, it is not posted a second time."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    await run_alerts(harness, "set", channel=channel)
    await record_checks(harness, DOWN)
    store = harness.bot.services.outbox._store
    alert = await store.message(harness.guild.id, MessageKind.ALERT, 1, 1)
    assert alert is not None
    now = int(harness.env.now().timestamp())
    unknown = replace(
        alert, message_id=None, posts=0, sent_version=0, posted_at=None, tried_at=now, next_at=now
    )
    await store.note(unknown, alert)
    await harness.restart()
    await harness.env.settle()
    assert len(embed_messages(channel)) == 1
    after = await store.message(harness.guild.id, MessageKind.ALERT, 1, 1)
    assert after is not None
    assert (after.message_id, after.tried_at) == (alert.message_id, None)


async def test_a_message_that_takes_no_more_edits_is_posted_anew(watched: BotHarness) -> None:
    """Discord takes few edits of a message older than an hour: the new message mentions nobody."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    role = harness.guild.create_role("On call", mentionable=True)
    await run_alerts(harness, "set", channel=channel, role=role)
    await record_checks(harness, DOWN)
    harness.env.inject_error(
        "PATCH", f"/channels/{channel.id}/messages/*", status=400, code=30046, times=None
    )
    await record_checks(harness, UP)
    (ended,) = embed_messages(channel)
    assert (ended.embeds[0].title or "").startswith("✅")
    assert ended.content == ""


async def test_a_message_that_somebody_deleted_is_not_posted_again(watched: BotHarness) -> None:
    """The bot accepts that a member has deleted it."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    await run_alerts(harness, "set", channel=channel)
    await record_checks(harness, DOWN)
    await embed_messages(channel)[0].delete()
    await record_checks(harness, UP)
    assert embed_messages(channel) == []


# --- what Discord refuses, and whom it lets the bot mention ---


def notice_in(harness: BotHarness, *role_ids: int) -> Notice:
    """Return what an alert shows in the harness's channel."""
    here = {"guild_id": harness.guild.id, "channel_id": harness.channel.id}
    return notice_of(replace(OPEN, guild_id=harness.guild.id), **here, role_ids=role_ids)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (400, 200000, "auto_moderation"),
        (400, 50035, "rejected"),
        (400, 50006, "rejected"),
        (429, 20028, "rate_limited"),
        (400, 0, "unavailable"),
        (403, 40333, "unavailable"),
        (503, 0, "unavailable"),
    ],
)
async def test_why_a_message_is_not_taken_is_told_apart(
    harness: BotHarness, status: int, code: int, why: str
) -> None:
    """A blocked text, one that Discord never takes, a pause, and what passes by itself."""
    path = f"/channels/{harness.channel.id}/messages"
    harness.env.inject_error("POST", path, status=status, code=code, times=None)
    with pytest.raises(NotSentError) as failed:
        await DiscordMessenger(harness.bot).post(notice_in(harness))
    assert failed.value.why == why


async def test_a_bot_that_is_timed_out_waits_until_that_ends(harness: BotHarness) -> None:
    """The refusal says until when; a timeout that is over does not count."""
    path = f"/channels/{harness.channel.id}/messages"
    harness.env.inject_error("POST", path, status=403, code=50013, times=None)
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    for seconds, why in ((600, "timed_out"), (-1, "forbidden")):
        until = harness.env.now() + timedelta(seconds=seconds)
        guild.me.timed_out_until = until
        with pytest.raises(ChannelRefusedError) as refused:
            await DiscordMessenger(harness.bot).post(notice_in(harness))
        assert refused.value.why == why
        assert refused.value.until == (int(until.timestamp()) if seconds > 0 else None)


async def test_only_roles_that_can_be_mentioned_are(harness: BotHarness) -> None:
    """A role that is gone or not mentionable is named in the embed, without a mention."""
    crew = harness.guild.create_role("Crew", mentionable=True)
    silent = harness.guild.create_role("Silent")
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    for role in guild.me.roles:
        role._permissions &= ~(discord.Permissions(administrator=True, mention_everyone=True).value)
    notice = notice_in(harness, crew.id, silent.id, 999, guild.id)
    await DiscordMessenger(harness.bot).post(notice)
    (message,) = embed_messages(harness.channel)
    assert message.content == crew.mention
    (body,) = sent_bodies(harness, "POST", harness.channel)
    assert body["allowed_mentions"] == {"parse": [], "roles": [crew.id]}
    description, texts = message.embeds[0].description or "", harness.texts
    for role_id, why in ((silent.id, "not_mentionable"), (999, "deleted"), (guild.id, "not_mentionable")):
        assert texts(f"alerts.message.no_mention.{why}", role=f"<@&{role_id}>") in description


async def test_that_a_role_cannot_be_mentioned_stays_said(watched: BotHarness) -> None:
    """An edit mentions nobody, and still says which role nobody was mentioned by."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    role = harness.guild.create_role("On call", mentionable=True)
    await run_alerts(harness, "set", channel=channel, role=role)
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild._remove_role(role.id)
    await record_checks(harness, DOWN)
    await harness.bot.services.alerts.acknowledge(harness.guild.id, 1, member_id=harness.member.id)
    await harness.env.settle()
    (message,) = embed_messages(channel)
    description = message.embeds[0].description or ""
    assert f"<@{harness.member.id}>" in description
    assert harness.texts("alerts.message.no_mention.deleted", role=role.mention) in description


async def test_a_recovery_replies_to_its_alert(harness: BotHarness) -> None:
    """It mentions the author of nothing; without the right to read the history it is no reply."""
    messenger, here = DiscordMessenger(harness.bot), harness.channel
    alert = await messenger.post(notice_in(harness))
    ended = replace(
        recovery_of(over(replace(OPEN, guild_id=harness.guild.id)), reply_to=alert),
        guild_id=harness.guild.id,
        channel_id=here.id,
    )
    await messenger.post(ended)
    body = sent_bodies(harness, "POST", here)[-1]
    assert body["message_reference"].items() >= {
        ("message_id", alert),
        ("channel_id", here.id),
        ("guild_id", harness.guild.id),
        ("fail_if_not_exists", False),
    }
    assert body["allowed_mentions"] == {"parse": [], "roles": []}
    assert await messenger.find(ended, int(harness.env.now().timestamp())) is not None
    path = f"/channels/{here.id}/messages"
    harness.env.inject_error("POST", path, status=403, code=160002, times=1)
    await messenger.post(replace(ended, reference="recovery-12-2"))
    assert "message_reference" not in sent_bodies(harness, "POST", here)[-1]


async def test_a_summary_is_found_by_its_reference(harness: BotHarness) -> None:
    """Each kind of message is told from the others in the channel."""
    messenger = DiscordMessenger(harness.bot)
    summary = replace(
        summary_of(replace(OPEN, guild_id=harness.guild.id)),
        guild_id=harness.guild.id,
        channel_id=harness.channel.id,
    )
    now = int(harness.env.now().timestamp())
    assert await messenger.find(summary, now) is None
    posted = await messenger.post(summary)
    assert await messenger.find(summary, now) == posted
    assert await messenger.find(notice_in(harness), now) is None
    await messenger.edit(summary, posted)


async def test_an_archived_thread_gets_a_new_message(watched: BotHarness) -> None:
    """Discord takes no edit there, and a message opens the thread again: it mentions nobody."""
    harness, thread = watched, open_thread(watched, watched.channel)
    role = harness.guild.create_role("On call", mentionable=True)
    await run_alerts(harness, "set", channel=thread, role=role)
    await record_checks(harness, DOWN)
    path = f"/channels/{thread.id}/messages/*"
    harness.env.inject_error("PATCH", path, status=400, code=50083, times=None)
    await record_checks(harness, UP)
    (ended,) = embed_messages(thread)
    assert (ended.embeds[0].title or "").startswith("✅")
    assert not ended.content


async def test_a_thread_that_is_locked_is_a_lost_channel(watched: BotHarness) -> None:
    """Discord refuses a message there with status 400; more of them would not help."""
    harness, thread = watched, open_thread(watched, watched.channel)
    await run_alerts(harness, "set", channel=thread)
    path = f"/channels/{thread.id}/messages"
    harness.env.inject_error("POST", path, status=400, code=50083, times=None)
    await record_checks(harness, DOWN)
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert route.suspended == "forbidden"


@pytest.mark.parametrize(
    ("footer", "is_board"),
    [
        ("Patchbay keeps this message live; the times run on by themselves.", True),
        ("O Patchbay mantém esta mensagem atualizada; os tempos correm sozinhos.", True),
        ("Page 1 of 2", False),
    ],
)
async def test_a_board_of_an_earlier_version_is_found(
    harness: BotHarness, footer: str, *, is_board: bool
) -> None:
    """A board whose posting was in doubt is found by its footer, also by the one that it had before."""
    messenger, now = DiscordMessenger(harness.bot), int(harness.env.now().timestamp())
    embed = {"title": "2 of 2 agents connected", "footer": {"text": footer}}
    board = BoardNotice(harness.guild.id, harness.channel.id, now, "board", embed)
    posted = await messenger.post(board)
    assert await messenger.find(board, now) == (posted if is_board else None)
