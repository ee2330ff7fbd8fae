"""`/alerts set, list, test, remove`: where alerts go, and whether they would arrive."""

from datetime import datetime, timedelta
from typing import Any

import discord
import pytest

from bot.features.alerts.service import RouteSettings
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from tests.support.alert_steps import (
    DOWN,
    KEY,
    audited_changes,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
)
from tests.support.harness import BotHarness, embed_of, field, final, labels, shown
from tests.support.hostile import ATTACKS, marks
from tests.support.posting_steps import open_thread
from tests.support.toolzz_agent import press

MESSAGES = "/channels/{}/messages"


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected: only integrations of a connection are watched."""
    await connect_toolzz(harness)
    return harness


# --- set ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_alerts_go_where_they_are_sent(harness: BotHarness, locale: str) -> None:
    """What is open is posted there at once; the answer says what goes where, and what is next."""
    harness.locale = locale
    await record_checks(harness, DOWN)
    here = harness.guild.create_text_channel("alarm")
    crew = harness.guild.create_role("Crew", mentionable=True)
    answered = await run_alerts(harness, "set", channel=here, role=crew, on="all", after=3, remind="4h")
    texts = harness.texts
    assert final(answered).ephemeral
    assert embed_of(answered).title == f"✅ {texts('alerts.set.done')}"
    states = ("disconnected", "error", "blocked", "inactive", "unknown")
    about = texts("alerts.about.everything")
    assert (embed_of(answered).description or "").splitlines() == [
        texts("alerts.set.goes", about=about, channel=here.mention, role=crew.mention),
        " · ".join(
            [
                ", ".join(texts(f"state.{each}") for each in states),
                texts.plural("alerts.rule.checks", 3, time=texts.plural("duration.hours", 3)),
                texts("alerts.rule.remind", time=texts.plural("duration.hours", 4)),
            ]
        ),
        texts.plural("alerts.set.open", 1),
    ]
    assert field(answered, texts("next_step")) == harness.linked(texts("alerts.set.next"))
    (alert,) = embed_messages(here)
    assert alert.content == ""
    assert await audited_changes(harness) == [("alerts.set", f"channel · {here.id} · rule 1", "done")]


async def test_a_channel_that_would_refuse_is_refused(harness: BotHarness) -> None:
    """The permission that is missing is named, nothing is set, and the log says that it was tried."""
    names = {"view_channel": "read_messages", "send_messages": "send_messages", "embed_links": "embed_links"}
    for lacking, name in names.items():
        overwrites: Any = {
            harness.guild.default_role: discord.PermissionOverwrite(**{lacking: False}),
            harness.manager: discord.PermissionOverwrite(**{lacking: True}),
        }
        closed = harness.guild.create_text_channel("closed", overwrites=overwrites)
        refused = await run_alerts(harness, "set", channel=closed)
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.bot_cannot_post.title')}"
        assert harness.texts(f"permission.{name}") in (embed_of(refused).description or "")
        assert (await audited_changes(harness))[-1] == (
            "alerts.set",
            f"channel · {closed.id}",
            "refused:invalid_input",
        )
    assert await harness.bot.services.alerts.routes(harness.guild.id) == []


async def test_nobody_is_called_by_accident(harness: BotHarness) -> None:
    """@everyone is refused; a role that only the bot cannot mention is set, and the answer warns of it."""
    refused = await run_alerts(harness, "set", channel=harness.channel, role=harness.guild.default_role)
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.alert_role.title')}"
    assert await harness.bot.services.alerts.routes(harness.guild.id) == []
    only_managers: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(mention_everyone=False),
        harness.manager: discord.PermissionOverwrite(mention_everyone=True),
    }
    strict = harness.guild.create_text_channel("strict", overwrites=only_managers)
    crew = harness.guild.create_role("Crew")
    warned = await run_alerts(harness, "set", channel=strict, role=crew)
    assert harness.texts("alerts.rule.silent", role=crew.mention) in shown(warned)
    both: Any = {harness.manager: discord.PermissionOverwrite(mention_everyone=True)}
    loud = harness.guild.create_text_channel("loud", overwrites=both)
    warned = await run_alerts(harness, "set", channel=loud, role=crew)
    assert "⚠️" not in shown(warned)


# --- list ---


async def test_the_list_leads_on_from_nothing(harness: BotHarness) -> None:
    """Without a route the list says how to set one; with one it says where alerts go."""
    texts = harness.texts
    empty = await run_alerts(harness, "list")
    assert (embed_of(empty).description or "").splitlines() == [
        texts("alerts.list.none"),
        "",
        f"**{texts('alerts.list.none_open')}**",
    ]
    assert field(empty, texts("next_step")) == harness.linked(texts("alerts.list.none_next"))
    await run_alerts(harness, "set", channel=harness.channel)
    assert harness.channel.mention in field(await run_alerts(harness, "list"), "Rule 1: everything")


async def test_what_is_open_is_listed_worst_first_a_page_at_a_time(harness: BotHarness) -> None:
    """Errors come first; each says since when, and who looks after it; the buttons turn pages."""
    states = {f"Desk {number:02}": State.DISCONNECTED for number in range(11)}
    await record_checks(harness, {**states, "Broken": State.ERROR})
    incidents = await harness.bot.services.alerts.incidents(harness.guild.id, 0)
    (broken,) = [each for each in incidents if each.label == "Broken"]
    await harness.bot.services.alerts.acknowledge(
        harness.guild.id, broken.number, member_id=harness.member.id
    )
    listed = await run_alerts(harness, "list")
    lines = (embed_of(listed).description or "").splitlines()
    assert lines[2] == f"**{harness.texts.plural('alerts.list.open', 12)}**"
    opened = harness.texts("alerts.row.opened", time=f"<t:{broken.opened_at}:R>")
    shown_first = f"🟠 #{broken.number} **Broken** · Error · {opened} · 🙋 <@{harness.member.id}>"
    assert lines[3] == shown_first
    assert [line[:1] for line in lines[4:]] == ["🔴"] * 9
    assert labels(listed) == ["Previous", "Refresh", "Next"]
    await press(harness, listed, "Next")
    assert len((embed_of(listed).description or "").splitlines()) == 5
    await record_checks(harness, {**dict.fromkeys(states, State.CONNECTED), "Broken": State.ERROR})
    await press(harness, listed, "Refresh")
    assert "**Broken**" in shown(listed)
    assert labels(listed) == ["Refresh"]


async def test_hostile_names_do_nothing_in_the_list(harness: BotHarness) -> None:
    """No name of an integration adds a ping, a link or any markup."""
    await record_checks(harness, {"x": State.ERROR})
    await harness.manager.slash(harness.channel, "alerts mute", **{"integration": KEY, "for": "1h"})
    harmless = marks(shown(await run_alerts(harness, "list")))
    for attack in ATTACKS:
        await record_checks(harness, {attack: State.ERROR})
        assert marks(shown(await run_alerts(harness, "list"))) <= harmless, attack


# --- test ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_test_looks_and_calls_like_an_alert(harness: BotHarness, locale: str) -> None:
    """It mentions the role and nobody else, says that it is one, and shows buttons that do nothing."""
    harness.locale = locale
    crew = harness.guild.create_role("Crew", mentionable=True)
    await run_alerts(harness, "set", channel=harness.channel, role=crew)
    answered = await run_alerts(harness, "test")
    (message,) = embed_messages(harness.channel)
    assert message.content == crew.mention
    bodies = [
        entry.json for entry in harness.env.http_requests if entry.path == MESSAGES.format(harness.channel.id)
    ]
    assert bodies[-1] is not None
    assert bodies[-1]["allowed_mentions"] == {"parse": [], "roles": [crew.id]}
    english = harness.bot.services.catalog["en-US"]
    assert english("alerts.test.label") in (message.embeds[0].title or "")
    text = english("alerts.test.message", member=harness.manager.mention)
    assert (message.embeds[0].description or "").startswith(f"🧪 {text}")
    (step,) = message.embeds[0].fields
    assert (step.name, step.value) == (english("next_step"), english("alerts.test.message_next"))
    rows: Any = message.components
    assert [(each.label, each.disabled) for row in rows for each in row.children] == [
        ("Diagnose", True),
        ("Mute", True),
        ("Acknowledge", True),
    ]
    assert message.jump_url in shown(answered)
    assert embed_of(answered).title == f"✅ {harness.texts('alerts.test.done')}"
    assert not await harness.bot.services.alerts.incidents(harness.guild.id, 0)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (403, 50013, "forbidden"),
        (404, 10003, "not_found"),
        (500, 0, "unavailable"),
        (400, 200000, "auto_moderation"),
        (400, 50035, "rejected"),
    ],
)
async def test_a_test_that_does_not_arrive_says_why(
    harness: BotHarness, status: int, code: int, why: str
) -> None:
    """The answer says what Discord refused, and what to do about it."""
    await run_alerts(harness, "set", channel=harness.channel)
    path = MESSAGES.format(harness.channel.id)
    harness.env.inject_error("POST", path, status=status, code=code, times=None)
    failed = await run_alerts(harness, "test")
    texts = harness.texts
    assert embed_of(failed).title == f"❌ {texts('alerts.test.failed')}"
    assert embed_of(failed).description == texts(f"alerts.test.{why}", channel=harness.channel.mention)
    assert field(failed, texts("next_step")) == harness.linked(texts(f"alerts.test.{why}_next"))


async def test_a_test_while_the_bot_is_timed_out_says_so(harness: BotHarness) -> None:
    """A timeout takes the permission to write, which is not what has to be given back."""
    await run_alerts(harness, "set", channel=harness.channel)
    until = (harness.env.now() + timedelta(hours=1)).isoformat()
    backend = harness.env.backend
    backend.get_guild(harness.guild.id).members[backend.bot_user.id].timed_out_until = until
    me = harness.bot.get_guild(harness.guild.id).me  # type: ignore[union-attr]
    me.timed_out_until = datetime.fromisoformat(until)
    path = MESSAGES.format(harness.channel.id)
    harness.env.inject_error("POST", path, status=403, code=50013, times=None)
    failed = await run_alerts(harness, "test")
    text = harness.texts("alerts.test.timed_out", channel=harness.channel.mention)
    assert embed_of(failed).description == text


async def test_a_test_for_a_channel_that_is_gone_says_so(harness: BotHarness) -> None:
    """Discord is asked for the channel that the cache lacks, and the audit log keeps the result."""
    gone = harness.guild.create_text_channel("gone")
    await run_alerts(harness, "set", channel=gone)
    harness.env.backend.delete_channel(gone.id)
    await harness.env.settle()
    failed = await run_alerts(harness, "test")
    text = harness.texts("alerts.test.not_found", channel=gone.mention)
    assert embed_of(failed).description == text
    target = f"channel · {gone.id} · rule 1"
    assert (await audited_changes(harness))[-1] == ("alerts.test", target, "failed:not_found")


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        (403, 50001, "invalid_input.thread_unseen"),
        (503, 0, "unreachable"),
        (404, 0, "unreachable"),
        (403, 0, "unreachable"),
    ],
)
async def test_a_test_asks_discord_for_a_channel_that_the_cache_lacks(
    harness: BotHarness, status: int, code: int, problem: str
) -> None:
    """Without a useful answer nothing is posted, because nobody knows what the member may do there."""
    thread = open_thread(harness, harness.guild.create_text_channel("night"), archived=True)
    await harness.bot.services.alerts.set_route(
        harness.guild.id, thread.id, RouteSettings(), member_id=harness.member.id
    )
    path = f"/channels/{thread.id}"
    harness.env.inject_error("GET", path, status=status, code=code, times=None)
    refused = await run_alerts(harness, "test")
    title = harness.texts(f"problem.{problem}.title", provider="Discord")
    assert (embed_of(refused).title or "").endswith(title)
    assert thread.history() == []


async def test_a_test_that_arrives_restores_a_suspended_channel(harness: BotHarness) -> None:
    """What was kept is sent, and the answer says so."""
    await run_alerts(harness, "set", channel=harness.channel)
    path = MESSAGES.format(harness.channel.id)
    harness.env.inject_error("POST", path, status=403, code=50001, times=1)
    await record_checks(harness, DOWN)
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert route.suspended == "forbidden"
    tried = await run_alerts(harness, "test")
    assert field(tried, "Next step") == harness.linked(harness.texts("alerts.test.resumed_next"))
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert not route.suspended
    await harness.env.settle()
    titles = [message.embeds[0].title or "" for message in embed_messages(harness.channel)]
    assert [title for title in titles if title.startswith("🔴 #1 ·")]


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_test_says_which_role_cannot_be_mentioned(harness: BotHarness, locale: str) -> None:
    """Both the message and the answer say so, and nobody is mentioned."""
    harness.locale = locale
    crew = harness.guild.create_role("Crew", mentionable=True)
    await run_alerts(harness, "set", channel=harness.channel, role=crew)
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild._remove_role(crew.id)
    answered = await run_alerts(harness, "test")
    (message,) = embed_messages(harness.channel)
    assert message.content == ""
    english, own = harness.bot.services.catalog["en-US"], harness.texts
    assert english("alerts.message.no_mention.deleted", role=crew.mention) in (
        message.embeds[0].description or ""
    )
    assert own("alerts.message.no_mention.deleted", role=crew.mention) in shown(answered)


# --- remove ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_alerts_end_and_cannot_end_twice(harness: BotHarness, locale: str) -> None:
    """Nothing is posted any more; without a route, another removal and a test are refused."""
    harness.locale = locale
    await run_alerts(harness, "set", channel=harness.channel)
    removed = await run_alerts(harness, "remove")
    assert embed_of(removed).title == f"🔕 {harness.texts('alerts.remove.done')}"
    await record_checks(harness, DOWN)
    assert embed_messages(harness.channel) == []
    for command in ("remove", "test"):
        refused = await run_alerts(harness, command)
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.no_route.title')}"
    assert await audited_changes(harness) == [
        ("alerts.set", f"channel · {harness.channel.id} · rule 1", "done"),
        ("alerts.remove", f"channel · {harness.channel.id} · rule 1", "done"),
        ("alerts.remove", "", "refused:no_route"),
    ]
