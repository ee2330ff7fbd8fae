"""What an alert looks like in Discord, whom it mentions, and what becomes of one that is not taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.monitors.messenger import Notice
from bot.providers import providers
from bot.runtime.alert_embeds import alert_embed
from bot.services.watching import RECOVERED, UNWATCHED, Incident
from bot.ui.theme import Tone
from tests.cogs.alert_steps import DOWN, UP, actions, alerts, connect, found, posted
from tests.cogs.town import ENGLISH, PORTUGUESE, Town

if TYPE_CHECKING:
    from collections.abc import Iterator

    import simcord

HOSTILE = "@everyone [x](https://evil.example) discord.gg/abc"


@pytest.fixture
async def watched(town: Town) -> Town:
    """The town with a connection, read by the test alone."""
    await connect(town)
    return town


def speaks(town: Town, locale: str) -> None:
    """Set the server's language, as `town.texts` follows its members'."""
    guild = town.bot.get_guild(town.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    town.locale = locale


def sent(town: Town, method: str, channel: simcord.ChannelHandle) -> list[dict[str, Any]]:
    """Return what the bot has sent to a channel's messages."""
    start = f"/channels/{channel.id}/messages"
    return [
        dict(entry.json or {})
        for entry in town.env.http_requests
        if entry.method == method and entry.path.startswith(start)
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_one_message_tells_of_an_incident_from_its_beginning_to_its_end(
    watched: Town, locale: str
) -> None:
    """In the server's language; it mentions the one role once, and is edited from then on."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    role = town.guild.create_role("On call", mentionable=True)
    speaks(town, locale)
    await alerts(town, "set", channel=channel, role=role)
    await found(town, {HOSTILE: State.DISCONNECTED})
    (begun,) = posted(channel)
    assert begun.content == role.mention
    assert [each.id for each in begun.role_mentions] == [role.id]
    assert not begun.mention_everyone
    (embed,) = begun.embeds
    state = town.texts("state.disconnected")
    assert (embed.title or "").startswith(f"🔴 {state}: @\N{ZERO WIDTH SPACE}everyone \\[x\\]")
    assert embed.colour == discord.Colour(Tone.BAD.colour)
    assert embed.footer.text == town.texts("alerts.message.footer", reference="#1.1")
    await town.bot.alerts.acknowledge(town.guild.id, 1, member_id=town.member.id)
    await found(town, {HOSTILE: State.CONNECTED})
    (ended,) = posted(channel)
    assert ended.id == begun.id
    (embed,) = ended.embeds
    assert (embed.title or "").startswith(f"✅ {town.texts('alerts.message.recovered')}: ")
    assert embed.colour == discord.Colour(Tone.GOOD.colour)
    assert f"<@{town.member.id}>" in str(embed.to_dict())
    assert embed.fields[-1].value == town.linked(town.texts("alerts.message.next_history"))
    assert not ended.components
    (post,) = sent(town, "POST", channel)
    assert post["allowed_mentions"] == {"parse": [], "roles": [role.id]}
    edits = sent(town, "PATCH", channel)
    assert len(edits) == 2
    assert [edit["allowed_mentions"] for edit in edits] == [{"parse": []}] * 2


async def test_what_is_open_is_reminded_of_at_the_bottom_of_the_channel(office: Town) -> None:
    """The message is posted anew with its mention, and the one before is deleted."""
    role = office.guild.create_role("On call", mentionable=True)
    channel = office.guild.create_text_channel("alerts")
    await alerts(office, "set", channel=channel, role=role, remind="1h")
    for _ in range(2):
        await office.bot.poller.check_guild(office.guild.id)
    await office.env.settle()
    begun = {each.id for each in posted(channel)}
    await office.env.advance_time(3600)
    again = posted(channel)
    assert len(again) == len(begun) > 0
    assert not begun & {each.id for each in again}
    assert {each.content for each in again} == {role.mention}
    assert [each for each in again if not (each.embeds[0].footer.text or "").endswith(".2")] == []


@pytest.mark.parametrize(("status", "code"), [(500, 0), (403, 0), (404, 0), (403, 40333), (400, 50035)])
async def test_what_is_not_the_channels_fault_is_tried_again(watched: Town, status: int, code: int) -> None:
    """A fault of Discord's, a proxy's own refusal: the alert comes a little later, and once."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    await alerts(town, "set", channel=channel)
    town.env.inject_error("POST", f"/channels/{channel.id}/messages", status=status, code=code, times=1)
    await found(town, DOWN)
    await town.env.advance_time(10)
    assert len(posted(channel)) == 1
    tries = sent(town, "POST", channel)
    assert len(tries) > 1
    assert all(each["enforce_nonce"] and len(each["nonce"]) <= 25 for each in tries)
    assert len({each["nonce"] for each in tries}) == 1
    route = await town.bot.alerts.route(town.guild.id)
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
    watched: Town, locale: str, status: int, code: int, why: str, *, in_private: bool
) -> None:
    """In the system channel, else to who set it; nothing more is sent, what was kept arrives elsewhere."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    speaks(town, locale)
    system = town.guild.create_text_channel("system")
    guild = town.bot.get_guild(town.guild.id)
    assert guild is not None
    guild._system_channel_id = None if in_private else system.id
    await alerts(town, "set", channel=channel)
    path = f"/channels/{channel.id}/messages"
    town.env.inject_error("POST", path, status=status, code=code, times=None)
    await found(town, {**DOWN, "Back office": State.ERROR})
    await town.env.advance_time(1200)
    assert len(sent(town, "POST", channel)) == 1
    there = town.manager.user.dm_channel if in_private else system
    (told,) = posted(there)
    assert told.embeds[0].title == f"⚠️ {town.texts('alerts.lost.title')}"
    assert channel.mention in (told.embeds[0].description or "")
    assert "/alerts set" in str(told.embeds[0].to_dict())
    assert (await actions(town))[-1] == ("alerts.lost", f"channel · {channel.id}", f"refused:{why}")
    route = await town.bot.alerts.route(town.guild.id)
    assert route is not None
    assert route.lost == why
    elsewhere = town.guild.create_text_channel("elsewhere")
    await found(town, UP)
    await alerts(town, "set", channel=elsewhere)
    assert len(posted(elsewhere)) == 2
    assert len(posted(there)) == 1


async def test_a_message_of_which_nobody_knows_is_found_again(watched: Town) -> None:
    """Where the bot was killed right after Discord took a message, it is not posted a second time."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    await alerts(town, "set", channel=channel)
    await found(town, DOWN)
    store = town.bot.outbox._store
    alert = await store.alert(town.guild.id, 1)
    assert alert is not None
    now = int(town.env.now().timestamp())
    unknown = replace(alert, message_id=None, posts=0, shown=0, told_at=None, tried_at=now, next_at=now)
    await store.note(unknown, alert)
    await town.restart()
    await town.env.settle()
    assert len(posted(channel)) == 1
    after = await store.alert(town.guild.id, 1)
    assert after is not None
    assert (after.message_id, after.tried_at) == (alert.message_id, None)


async def test_a_message_that_takes_no_more_edits_is_posted_anew(watched: Town) -> None:
    """Discord takes few edits of what is older than an hour: the new message mentions nobody."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    role = town.guild.create_role("On call", mentionable=True)
    await alerts(town, "set", channel=channel, role=role)
    await found(town, DOWN)
    town.env.inject_error("PATCH", f"/channels/{channel.id}/messages/*", status=400, code=30046, times=None)
    await found(town, UP)
    (ended,) = posted(channel)
    assert (ended.embeds[0].title or "").startswith("✅")
    assert ended.content == ""


async def test_a_message_that_somebody_deleted_is_not_posted_again(watched: Town) -> None:
    """Who tidies up a channel is not contradicted."""
    town, channel = watched, watched.guild.create_text_channel("alerts")
    await alerts(town, "set", channel=channel)
    await found(town, DOWN)
    await posted(channel)[0].delete()
    await found(town, UP)
    assert posted(channel) == []


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
    """What it is, how long, why, who looks after it, until when it is muted, and what to do next."""
    texts = load_catalog()[locale]
    named: Any = {provider.slug: provider for provider in providers()}
    embed = alert_embed(Notice(1, incident, 1_700_009_000, None, "#4.1"), texts, named, {})
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
