"""What an alert shows, whom it mentions, and what happens if Discord does not take it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from bot.discord.sync import CommandLinks
from bot.discord.theme import Tone
from bot.features.alerts.incident_store import RECOVERED, UNWATCHED, Incident
from bot.features.alerts.messenger import Notice
from bot.features.alerts.store import MessageKind
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers import providers
from bot.providers.base.integration import State
from cogs.alerts.alert_embed import alert_embed
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
    assert (embed.title or "").startswith(f"🔴 {state}: @\N{ZERO WIDTH SPACE}everyone \\[x\\]")
    assert embed.colour == discord.Colour(Tone.BAD.colour)
    assert embed.footer.text == harness.texts("alerts.message.footer", reference="#1.1")
    await harness.bot.services.alerts.acknowledge(harness.guild.id, 1, member_id=harness.member.id)
    await record_checks(harness, {HOSTILE: State.CONNECTED})
    (ended,) = embed_messages(channel)
    assert ended.id == begun.id
    (embed,) = ended.embeds
    assert (embed.title or "").startswith(f"✅ {harness.texts('alerts.message.recovered')}: ")
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
    assert [each for each in again if not (each.embeds[0].footer.text or "").endswith(".2")] == []


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
    route = await harness.bot.services.alerts.route(harness.guild.id)
    assert route is not None
    assert not route.lost


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
    route = await harness.bot.services.alerts.route(harness.guild.id)
    assert route is not None
    assert route.lost == why
    elsewhere = harness.guild.create_text_channel("elsewhere")
    await record_checks(harness, UP)
    await run_alerts(harness, "set", channel=elsewhere)
    assert len(embed_messages(elsewhere)) == 2
    assert len(embed_messages(there)) == 1


async def test_a_message_of_which_nobody_knows_is_found_again(watched: BotHarness) -> None:
    """If the bot is killed right after Discord took a message, it is not posted a second time."""
    harness, channel = watched, watched.guild.create_text_channel("alerts")
    await run_alerts(harness, "set", channel=channel)
    await record_checks(harness, DOWN)
    store = harness.bot.services.outbox._store
    alert = await store.message(harness.guild.id, MessageKind.ALERT, 1)
    assert alert is not None
    now = int(harness.env.now().timestamp())
    unknown = replace(
        alert, message_id=None, posts=0, sent_version=0, posted_at=None, tried_at=now, next_at=now
    )
    await store.note(unknown, alert)
    await harness.restart()
    await harness.env.settle()
    assert len(embed_messages(channel)) == 1
    after = await store.message(harness.guild.id, MessageKind.ALERT, 1)
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


OPEN = Incident(1, 4, "integration", "toolzz", "abc", "default", "Desk", "error", "4004", 1_700_000_000)
OVER = replace(OPEN, closed_at=1_700_007_500, ended=RECOVERED, reopened=1, acknowledged_by=7)
NOT_HERE = replace(OPEN, closed_at=1_700_000_059, ended=UNWATCHED)
REFUSED = replace(OPEN, kind="connection", id="default", detail="unauthorized")
UNREAD = replace(REFUSED, state="unknown", detail="timeout")
AWAY = replace(REFUSED, kind="provider", id="toolzz", state="disconnected", detail="timeout")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("incident", "looks", "keys"),
    [
        (
            OPEN,
            ["🟠", "Desk", "<t:1700000000:f>"],
            ["state.error", "on_integration", "muted"],
        ),
        (
            replace(OPEN, state="unknown"),
            ["❔"],
            ["state.unknown", "unknown", "next_diagnose", "next_acknowledge"],
        ),
        (OVER, ["✅", "2 h 5 min", "<@7>"], ["recovered_how", "acknowledged", "next_history"]),
        (NOT_HERE, ["💤", "59 s"], ["unwatched", "unwatched_how", "next_overview"]),
        (REFUSED, ["🟠", "Toolzz · `default`"], ["state.connection.error", "on_connection", "next_rotate"]),
        (UNREAD, ["❔"], ["unknown", "next_connection"]),
        (AWAY, ["🔴", "Toolzz"], ["state.provider.disconnected", "on_provider", "next_provider"]),
    ],
    ids=["open", "unknown", "over", "unwatched", "refused", "unread", "away"],
)
def test_what_an_alert_says(locale: str, incident: Incident, looks: list[str], keys: list[str]) -> None:
    """It says what happened, since when, why, who looks after it, the mute and the next step."""
    texts = load_catalog()[locale]
    named: Any = {provider.slug: provider for provider in providers()}
    embed = alert_embed(Notice(1, incident, 1_700_009_000, None, "#4.1"), texts, named, CommandLinks())
    shown = "\n".join(_texts_in(embed.to_dict()))
    for key in keys:
        text = texts.find(key) or texts(f"alerts.message.{key}", provider="Toolzz", button="\N{NULL}")
        assert all(part in shown for part in text.split("\N{NULL}")), key
    assert [look for look in looks if look not in shown] == []
    assert (texts.plural("alerts.message.reopened", 1) in shown) == (incident is OVER)


def _texts_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever an embed is made of
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts_in(each)
    else:
        yield str(value)


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
    route = await harness.bot.services.alerts.route(harness.guild.id)
    assert route is not None
    assert route.lost == "forbidden"
