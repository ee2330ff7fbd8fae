"""The components under an alert about several incidents."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import when
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from cogs.alerts.buttons import DURATIONS
from tests.support.alert_steps import (
    audited_changes,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
)
from tests.support.authority import NOT_ALLOWED
from tests.support.embeds import fits_discord
from tests.support.harness import BotHarness, buttons, embed_of, final, shown
from tests.support.hostile import PAYLOADS

NAMES = ("Front desk", "Back office", "Night watch")
ALL_DOWN = dict.fromkeys(NAMES, State.DISCONNECTED)
ONE_UP = {**ALL_DOWN, "Front desk": State.CONNECTED}
MENU = "integrations:incident:1:1"


@pytest.fixture
async def group(harness: BotHarness) -> BotHarness:
    """A server with one alert about three agents."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    await record_checks(harness, ALL_DOWN)
    return harness


def alert_of(harness: BotHarness) -> discord.Message:
    """Return the one alert."""
    (alert,) = embed_messages(harness.channel)
    return alert


async def press(harness: BotHarness, actor: simcord.MemberActor, key: str) -> simcord.InteractionResult:
    """Press one of the alert's buttons; the server's language is English."""
    label = harness.bot.services.catalog["en-US"](f"alerts.group.{key}_button")
    return await actor.click(alert_of(harness), label=label)


async def pick_one(harness: BotHarness, number: str) -> simcord.InteractionResult:
    """Have a viewer send a pick in the alert's menu, of whatever value."""
    alert: Any = alert_of(harness)
    shown_now = harness.env.backend.get_message(harness.channel.id, alert.id)
    menu = shown_now.components[-1]["components"][0]["custom_id"]
    return await harness.interact(
        discord.InteractionType.component,
        harness.moderator(),
        {"custom_id": menu, "component_type": 3, "values": [number]},
        message=_Shown(alert.id, harness.channel.id),  # type: ignore[arg-type]
    )


async def muted(harness: BotHarness) -> list[str]:
    """Return the names of the muted agents."""
    known = await harness.bot.services.monitoring.integrations(harness.guild.id)
    return sorted(each.label for each in known if each.muted_until is not None)


def custom_ids(message: discord.Message) -> list[str]:
    """Return the custom ids of a message's components, without the ends of menus."""
    rows: Any = message.components
    return [each.custom_id.partition("~")[0] for row in rows for each in row.children]


async def test_two_hundred_hostile_agents_are_one_message(harness: BotHarness) -> None:
    """Discord takes the message: one mention, one menu, and nothing that a name could do."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    # The database takes no half of a surrogate pair.
    storable = [payload for payload in PAYLOADS if "\ud83d" not in payload]
    names = [f"{payload}{number}" for number, payload in enumerate(storable[:200])]
    await record_checks(harness, dict.fromkeys(names, State.DISCONNECTED))
    (alert,) = embed_messages(harness.channel)
    title = harness.bot.services.catalog["en-US"].plural("alerts.group.agents", len(names))
    assert alert.embeds[0].title == f"🔴 {title}"
    assert fits_discord(alert.embeds[0])
    rows: Any = alert.components
    assert len(rows[1].children[0].options) == 25


async def test_a_viewer_acknowledges_all_at_once(group: BotHarness) -> None:
    """Each incident has its entry in the audit log; the alert names the member and loses the button."""
    assert custom_ids(alert_of(group)) == ["integrations:ackall:1:1", "alerts:quiet:1:1", MENU]
    viewer = group.moderator()
    pressed = await press(group, viewer, "acknowledge")
    assert final(pressed).ephemeral
    assert group.texts.plural("alerts.group.acknowledged", 3) in shown(pressed)
    assert f"<@{viewer.id}>" in (alert_of(group).embeds[0].description or "")
    assert custom_ids(alert_of(group)) == ["alerts:quiet:1:1", MENU]
    entries = [(action, target) for action, target, _ in await audited_changes(group)]
    assert entries[1:] == [("alerts.acknowledge", f"#{number}") for number in (1, 2, 3)]


async def test_what_is_acknowledged_or_over_is_left_as_it_is(group: BotHarness) -> None:
    """A press that comes late notes nothing, and says so."""
    await group.bot.services.alerts.acknowledge(group.guild.id, 2, member_id=group.member.id)
    await record_checks(group, ONE_UP)
    pressed = await press(group, group.manager, "acknowledge")
    assert group.texts.plural("alerts.group.acknowledged", 1) in shown(pressed)
    late = await group.interact(
        discord.InteractionType.component,
        group.manager,
        {"custom_id": "integrations:ackall:1:1", "component_type": 2},
        message=_with_button(group, "integrations:ackall:1:1"),
    )
    assert embed_of(late).title == f"💤 {group.texts('alerts.group.attended')}"
    incident = await group.bot.services.alerts.incident(group.guild.id, 2)
    assert incident.acknowledged_by == group.member.id


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_manager_mutes_all_that_is_open_and_ends_it_again(group: BotHarness, locale: str) -> None:
    """The agent that has recovered meanwhile is not muted; the menu is private."""
    await record_checks(group, ONE_UP)
    group.locale = locale
    asked = await press(group, group.manager, "mute")
    assert final(asked).ephemeral
    assert group.texts.plural("alerts.group.mute_how", 2) in shown(asked)
    now = int(group.env.now().timestamp())
    await group.manager.select(final(asked).message, ["1h"])
    time = f"<t:{now + DURATIONS['1h']}:f> (<t:{now + DURATIONS['1h']}:R>)"
    assert group.texts.plural("alerts.group.muted", 2, time=time) in shown(asked)
    assert await muted(group) == ["Back office", "Night watch"]
    again = await press(group, group.manager, "mute")
    await group.manager.select(final(again).message, ["end"])
    assert embed_of(again).title == f"🔔 {group.texts('alerts.mute.ended')}"
    assert await muted(group) == []
    entries = [(action, target) for action, target, _ in await audited_changes(group)]
    assert entries[1:] == [
        ("alerts.mute", f"toolzz · agent-{number} · {value}") for value in ("1h", "end") for number in (1, 2)
    ]


async def test_a_viewer_mutes_nothing(group: BotHarness) -> None:
    """Neither the button nor a forged pick works for them."""
    refused = await press(group, group.moderator(), "mute")
    assert embed_of(refused).title == NOT_ALLOWED
    assert await muted(group) == []


async def test_an_impossible_duration_is_refused(group: BotHarness) -> None:
    """What was picked is text from outside."""
    forged = await group.interact(
        discord.InteractionType.component,
        group.manager,
        {"custom_id": "alerts:quietfor:1:1", "component_type": 3, "values": ["9y"]},
        message=_with_menu(group, "alerts:quietfor:1:1"),
    )
    assert embed_of(forged).title == f"⚠️ {group.texts('problem.invalid_input.option.title')}"
    assert await muted(group) == []


async def test_there_may_be_nothing_to_mute(group: BotHarness) -> None:
    """Once all agents have recovered, the press says so."""
    await record_checks(group, dict.fromkeys(NAMES, State.CONNECTED))
    late = await group.interact(
        discord.InteractionType.component,
        group.manager,
        {"custom_id": "alerts:quiet:1:1", "component_type": 2},
        message=_with_button(group, "alerts:quiet:1:1"),
    )
    assert embed_of(late).title == f"💤 {group.texts('alerts.group.no_mute')}"


@pytest.mark.parametrize("locale", LOCALES)
async def test_one_agent_is_shown_with_its_own_buttons(group: BotHarness, locale: str) -> None:
    """The answer is private, in the member's language, and what a single alert shows."""
    await run_alerts(group, "mute", **{"integration": "toolzz:agent-1", "for": "1h"})
    group.locale = locale
    answered = await pick_one(group, "2")
    assert final(answered).ephemeral
    state = group.texts("state.disconnected")
    assert embed_of(answered).title == f"🔴 #2 · {state} · Back office"
    assert "🔕" in (embed_of(answered).description or "")
    assert [button.get("custom_id") for button in buttons(answered)] == [
        "integrations:why:toolzz:agent-1",
        "alerts:mute:toolzz:agent-1",
        "integrations:ack:2",
    ]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("of", [("toolzz", "agent-1"), ("", "")], ids=["agent", "server"])
async def test_one_agent_s_maintenance_is_shown(group: BotHarness, locale: str, of: tuple[str, str]) -> None:
    """With the mark that the alert and every other screen have for it, and in one line with a mute."""
    await run_alerts(group, "mute", **{"integration": "toolzz:agent-1", "for": "1h"})
    window = await group.bot.services.maintenance.add(group.guild.id, *of, 7200, member_id=group.manager.id)
    group.locale = locale
    last = (embed_of(await pick_one(group, "2")).description or "").splitlines()[-1]
    mute, maintenance = last.split(" · ")
    assert mute.startswith("🔕 ")
    assert maintenance == f"🔧 {group.texts('state.ends', time=when(window.ends_at))}"
    await group.env.advance_time(30)
    (row,) = [each for each in (alert_of(group).embeds[0].description or "").splitlines() if "#2" in each]
    assert row.endswith(f" · 🔧 ends {when(window.ends_at)}")


async def test_a_connection_s_maintenance_is_shown(group: BotHarness) -> None:
    """A window for the whole server covers it too."""
    at = int(group.env.now().timestamp())
    refused = CheckResult(group.guild.id, "toolzz", "default", at, CheckOutcome.REFUSED, error="unauthorized")
    for _ in range(2):
        await group.bot.services.poller._recorder.record(refused)
    await group.env.settle()
    window = await group.bot.services.maintenance.add(
        group.guild.id, "", "", 7200, member_id=group.manager.id
    )
    answered = await pick_one(group, "4")
    ends = f"🔧 {group.texts('state.ends', time=when(window.ends_at))}"
    assert ends in (embed_of(answered).description or "")


@pytest.mark.parametrize("number", ["4", "0", "x", "-1"])
async def test_an_incident_of_another_alert_is_refused(group: BotHarness, number: str) -> None:
    """Only what the alert tells of can be picked."""
    answered = await pick_one(group, number)
    assert embed_of(answered).title == f"⚠️ {group.texts('problem.no_incident.title')}"


async def test_an_alert_of_another_server_is_out_of_reach(group: BotHarness) -> None:
    """The same custom id in another server names nothing."""
    elsewhere = group.other_guild()
    shared = final(await elsewhere.manager.slash(elsewhere.channel, "help"))
    for custom_id in ("integrations:ackall:1:1", "alerts:quiet:1:1"):
        stored = group.env.backend.get_message(shared.channel_id, shared.id)
        stored.components = [
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": custom_id}]}
        ]
        pressed = await elsewhere.press(elsewhere.manager, shared, custom_id)
        assert embed_of(pressed).title == f"⚠️ {group.texts('problem.no_incident.title')}"
    assert (await group.bot.services.alerts.incident(group.guild.id, 1)).acknowledged_by is None


def _with_button(harness: BotHarness, custom_id: str) -> Any:  # noqa: ANN401 - a message as simcord takes it
    """Return the alert, showing a button that it may no longer have."""
    return _with(harness, {"type": 2, "style": 1, "label": "x", "custom_id": custom_id})


def _with_menu(harness: BotHarness, custom_id: str) -> Any:  # noqa: ANN401 - as above
    return _with(harness, {"type": 3, "custom_id": custom_id, "options": [{"label": "x", "value": "9y"}]})


def _with(harness: BotHarness, component: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    alert: Any = alert_of(harness)
    stored = harness.env.backend.get_message(harness.channel.id, alert.id)
    stored.components = [{"type": 1, "components": [component]}]
    return _Shown(alert.id, harness.channel.id)


class _Shown:
    def __init__(self, message_id: int, channel_id: int) -> None:
        self.id = message_id
        self.channel_id = channel_id
