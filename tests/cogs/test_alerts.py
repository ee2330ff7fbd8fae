"""`/alerts set, list, test, remove`: where alerts go, and whether they would arrive."""

from typing import Any

import discord
import pytest

from bot.i18n.catalog import LOCALES
from bot.kit.integration import State
from tests.cogs.alert_steps import DOWN, KEY, actions, alerts, connect, found, posted
from tests.cogs.toolzz_agent import press
from tests.cogs.town import Town, embed_of, field, final, labels, shown
from tests.ui.hostile import ATTACKS, marks

MESSAGES = "/channels/{}/messages"


@pytest.fixture
async def town(town: Town) -> Town:
    """The town with Toolzz connected: what nobody is connected with is not watched."""
    await connect(town)
    return town


# --- set ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_alerts_go_where_they_are_sent(town: Town, locale: str) -> None:
    """What is open is posted there at once; the answer says what goes where, and what is next."""
    town.locale = locale
    await found(town, DOWN)
    here = town.guild.create_text_channel("alarm")
    crew = town.guild.create_role("Crew", mentionable=True)
    answered = await alerts(town, "set", channel=here, role=crew, on="all", after=3, remind="4h")
    texts = town.texts
    assert final(answered).ephemeral
    assert embed_of(answered).title == f"✅ {texts('alerts.set.done')}"
    lines = [texts("alerts.set.how", channel=here.mention), texts.plural("alerts.set.open", 1)]
    assert (embed_of(answered).description or "").splitlines() == lines
    assert field(answered, texts("alerts.rule.role")) == crew.mention
    states = ("disconnected", "error", "inactive", "unknown")
    assert field(answered, texts("alerts.rule.on")) == ", ".join(texts(f"state.{each}") for each in states)
    after = texts.plural("alerts.rule.checks", 3, time=texts.plural("duration.hours", 3))
    assert field(answered, texts("alerts.rule.after")) == after
    assert field(answered, texts("alerts.rule.remind")) == texts("alerts.remind.4h")
    assert field(answered, texts("next_step")) == town.linked(texts("alerts.set.next"))
    (alert,) = posted(here)
    assert alert.content == crew.mention
    assert await actions(town) == [("alerts.set", f"channel · {here.id}", "done")]


async def test_a_channel_that_would_refuse_is_refused(town: Town) -> None:
    """The permission that is missing is named, nothing is set, and the log says that it was tried."""
    names = {"view_channel": "read_messages", "send_messages": "send_messages", "embed_links": "embed_links"}
    for lacking, name in names.items():
        overwrites: Any = {
            town.guild.default_role: discord.PermissionOverwrite(**{lacking: False}),
            town.manager: discord.PermissionOverwrite(**{lacking: True}),
        }
        closed = town.guild.create_text_channel("closed", overwrites=overwrites)
        refused = await alerts(town, "set", channel=closed)
        assert embed_of(refused).title == f"⚠️ {town.texts('problem.invalid_input.alert_channel.title')}"
        assert town.texts(f"permission.{name}") in (embed_of(refused).description or "")
        assert (await actions(town))[-1] == ("alerts.set", f"channel · {closed.id}", "refused:invalid_input")
    assert await town.bot.alerts.route(town.guild.id) is None


async def test_nobody_is_called_by_accident(town: Town) -> None:
    """Everyone is refused; a role that Discord lets nobody mention is set, and that is said."""
    refused = await alerts(town, "set", channel=town.channel, role=town.guild.default_role)
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.invalid_input.alert_role.title')}"
    assert await town.bot.alerts.route(town.guild.id) is None
    no_mention: Any = {town.guild.default_role: discord.PermissionOverwrite(mention_everyone=False)}
    strict = town.guild.create_text_channel("strict", overwrites=no_mention)
    crew = town.guild.create_role("Crew")
    warned = await alerts(town, "set", channel=strict, role=crew)
    assert town.texts("alerts.set.silent", role=crew.mention) in shown(warned)
    warned = await alerts(town, "set", channel=town.channel, role=crew)
    assert "⚠️" not in shown(warned)


# --- list ---


async def test_the_list_leads_on_from_nothing(town: Town) -> None:
    """Without a channel it says how to choose one; then it says where alerts go and since when."""
    texts = town.texts
    empty = await alerts(town, "list")
    assert (embed_of(empty).description or "").splitlines() == [
        texts("alerts.list.none"),
        "",
        f"**{texts('alerts.list.none_open')}**",
    ]
    assert field(empty, texts("next_step")) == town.linked(texts("alerts.list.none_next"))
    await alerts(town, "set", channel=town.channel)
    assert town.channel.mention in (embed_of(await alerts(town, "list")).description or "")


@pytest.mark.parametrize(("code", "why"), [(50001, "forbidden"), (10003, "not_found")])
async def test_a_lost_channel_is_told_until_there_is_another(town: Town, code: int, why: str) -> None:
    """The list says why alerts do not arrive; another channel gets what was kept."""
    await alerts(town, "set", channel=town.channel)
    path = MESSAGES.format(town.channel.id)
    town.env.inject_error("POST", path, status=404 if why == "not_found" else 403, code=code, times=None)
    await found(town, DOWN)
    listed = await alerts(town, "list")
    text = town.texts(f"alerts.list.{why}", channel=town.channel.mention)
    assert (embed_of(listed).title or "").startswith("⚠️")
    assert text in shown(listed)
    assert field(listed, "Next step") == town.linked(town.texts("alerts.list.lost_next"))
    other = town.guild.create_text_channel("other")
    await alerts(town, "set", channel=other)
    assert len(posted(other)) == 1
    assert text not in shown(await alerts(town, "list"))


async def test_what_is_open_is_listed_worst_first_a_page_at_a_time(town: Town) -> None:
    """Errors come first; each says since when, and who looks after it; the buttons turn pages."""
    states = {f"Desk {number:02}": State.DISCONNECTED for number in range(11)}
    await found(town, {**states, "Broken": State.ERROR})
    incidents = await town.bot.watching.incidents(town.guild.id, 0)
    (broken,) = [each for each in incidents if each.label == "Broken"]
    await town.bot.alerts.acknowledge(town.guild.id, broken.number, member_id=town.member.id)
    listed = await alerts(town, "list")
    lines = (embed_of(listed).description or "").splitlines()
    assert lines[2] == f"**{town.texts.plural('alerts.list.open', 12)}**"
    assert lines[3] == (f"🟠 **Broken** · Error · <t:{broken.opened_at}:R> · 🙋 <@{town.member.id}>")
    assert [line[:1] for line in lines[4:]] == ["🔴"] * 9
    assert labels(listed) == ["Previous", "Refresh", "Next"]
    await press(town, listed, "Next")
    assert len((embed_of(listed).description or "").splitlines()) == 5
    await found(town, {**dict.fromkeys(states, State.CONNECTED), "Broken": State.ERROR})
    await press(town, listed, "Refresh")
    assert "**Broken**" in shown(listed)
    assert labels(listed) == ["Refresh"]


async def test_hostile_names_do_nothing_in_the_list(town: Town) -> None:
    """No name of an integration adds a ping, a link or any markup."""
    await found(town, {"x": State.ERROR})
    await town.manager.slash(town.channel, "alerts mute", **{"integration": KEY, "for": "1h"})
    harmless = marks(shown(await alerts(town, "list")))
    for attack in ATTACKS:
        await found(town, {attack: State.ERROR})
        assert marks(shown(await alerts(town, "list"))) <= harmless, attack


# --- test ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_test_looks_and_calls_like_an_alert(town: Town, locale: str) -> None:
    """It mentions the role and nobody else, says that it is one, and shows buttons that do nothing."""
    town.locale = locale
    crew = town.guild.create_role("Crew", mentionable=True)
    await alerts(town, "set", channel=town.channel, role=crew)
    answered = await alerts(town, "test")
    (message,) = posted(town.channel)
    assert message.content == crew.mention
    bodies = [
        entry.json for entry in town.env.http_requests if entry.path == MESSAGES.format(town.channel.id)
    ]
    assert bodies[-1] is not None
    assert bodies[-1]["allowed_mentions"] == {"parse": [], "roles": [crew.id]}
    english = town.bot.catalog["en-US"]
    assert english("alerts.test.label") in (message.embeds[0].title or "")
    text = english("alerts.test.message", member=town.manager.mention)
    assert message.embeds[0].description == text
    rows: Any = message.components
    assert [(each.label, each.disabled) for row in rows for each in row.children] == [
        ("Diagnose", True),
        ("Mute", True),
        ("Acknowledge", True),
    ]
    assert message.jump_url in shown(answered)
    assert embed_of(answered).title == f"✅ {town.texts('alerts.test.done')}"
    assert not await town.bot.watching.incidents(town.guild.id, 0)


@pytest.mark.parametrize(
    ("status", "code", "why"), [(403, 50013, "forbidden"), (404, 10003, "not_found"), (500, 0, "unsent")]
)
async def test_a_test_that_does_not_arrive_says_why(town: Town, status: int, code: int, why: str) -> None:
    """What Discord refused is told, with what to do about it."""
    await alerts(town, "set", channel=town.channel)
    path = MESSAGES.format(town.channel.id)
    town.env.inject_error("POST", path, status=status, code=code, times=None)
    failed = await alerts(town, "test")
    texts = town.texts
    assert embed_of(failed).title == f"❌ {texts('alerts.test.failed')}"
    assert embed_of(failed).description == texts(f"alerts.test.{why}", channel=town.channel.mention)
    assert field(failed, texts("next_step")) == town.linked(texts(f"alerts.test.{why}_next"))


async def test_a_lost_channel_that_takes_a_test_is_to_be_set_anew(town: Town) -> None:
    """A test alone does not send what was kept."""
    await alerts(town, "set", channel=town.channel)
    await town.bot.outbox._store.lose_route(town.guild.id, town.channel.id, "forbidden")
    tried = await alerts(town, "test")
    assert field(tried, "Next step") == town.linked(town.texts("alerts.test.lost_next"))


# --- remove ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_alerts_end_and_cannot_end_twice(town: Town, locale: str) -> None:
    """Nothing is posted any more; where nothing is set, that and the test are refused with the way on."""
    town.locale = locale
    await alerts(town, "set", channel=town.channel)
    removed = await alerts(town, "remove")
    assert embed_of(removed).title == f"🔕 {town.texts('alerts.remove.done')}"
    await found(town, DOWN)
    assert posted(town.channel) == []
    for command in ("remove", "test"):
        refused = await alerts(town, command)
        assert embed_of(refused).title == f"⚠️ {town.texts('problem.no_route.title')}"
    assert await actions(town) == [
        ("alerts.set", f"channel · {town.channel.id}", "done"),
        ("alerts.remove", f"channel · {town.channel.id}", "done"),
        ("alerts.remove", "", "refused:no_route"),
    ]
