"""The buttons under an alert and `/alerts mute`: who looks after an incident, and what is muted."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
import simcord

from bot.features.alerts.incident_store import UNWATCHED, Incident, Kind
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from cogs.alerts.buttons import DURATIONS, buttons_of
from tests.support.alert_steps import (
    DOWN,
    KEY,
    UP,
    audited_changes,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
)
from tests.support.authority import NOT_ALLOWED
from tests.support.harness import ENGLISH, BotHarness, buttons, embed_of, final, shown
from tests.support.sensay_steps import component_of

DAY = DURATIONS["1d"]


@pytest.fixture
async def alarm(harness: BotHarness) -> BotHarness:
    """A server with an alert about an integration that is down."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    await record_checks(harness, DOWN)
    return harness


async def press(harness: BotHarness, actor: simcord.MemberActor, key: str) -> simcord.InteractionResult:
    """Press a button of the alert, found by the key of its label; the server's language is English."""
    label = harness.bot.services.catalog["en-US"](f"alerts.{key}.button")
    return await actor.click(embed_messages(harness.channel)[0], label=label)


def press_at_once(
    harness: BotHarness, custom_id: str, *actors: simcord.MemberActor
) -> list[simcord.InteractionResult]:
    """Press a button that the alert showed a moment ago, each actor before the bot handles any press."""
    (alert,) = embed_messages(harness.channel)
    stored = harness.env.backend.get_message(harness.channel.id, alert.id)
    button = {"type": 2, "style": 1, "label": "x", "custom_id": custom_id}
    stored.components = [{"type": 1, "components": [button]}]
    on: Any = SimpleNamespace(id=alert.id, channel_id=harness.channel.id)
    data = {"custom_id": custom_id, "component_type": 2}
    return [harness.send(discord.InteractionType.component, actor, data, message=on) for actor in actors]


def menu_entries(asked: simcord.InteractionResult) -> list[str]:
    """Return the labels of the menu under an answer."""
    return [entry["label"] for entry in final(asked).components[0]["components"][0]["options"]]


async def pick(harness: BotHarness, asked: simcord.InteractionResult, duration: str) -> None:
    """Have the manager pick a duration in the menu."""
    await harness.manager.select(final(asked).message, [duration])


async def muted_until(harness: BotHarness) -> int | None:
    """Return until when the integration is muted."""
    return (await harness.bot.services.monitoring.find(harness.guild.id, KEY)).muted_until


# --- Acknowledge ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_viewer_looks_after_an_incident_and_the_alert_says_so(alarm: BotHarness, locale: str) -> None:
    """The answer is private; the alert names the member and no longer has the button."""
    harness, viewer = alarm, alarm.moderator()
    harness.locale = locale
    pressed = await press(harness, viewer, "acknowledge")
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"🙋 {harness.texts('alerts.acknowledge.done')}"
    (alert,) = embed_messages(harness.channel)
    assert f"<@{viewer.id}>" in str(alert.embeds[0].to_dict())
    rows: Any = alert.components
    assert [each.label for row in rows for each in row.children] == ["Diagnose", "Mute"]
    assert (await audited_changes(harness))[1:] == [("alerts.acknowledge", "#1", "done")]


async def test_the_second_to_press_is_told_who_was_first(alarm: BotHarness) -> None:
    """If two members press before the alert changes, one of them is noted, once."""
    harness, viewer = alarm, alarm.moderator()
    answers = press_at_once(harness, "integrations:ack:1", harness.manager, viewer)
    await harness.env.settle()
    if (await harness.bot.services.alerts.incident(harness.guild.id, 1)).acknowledged_by == viewer.id:
        answers.reverse()
    first, second = answers
    assert embed_of(first).title == f"🙋 {harness.texts('alerts.acknowledge.done')}"
    assert embed_of(second).title == f"💤 {harness.texts('alerts.acknowledge.taken')}"
    assert re.search(f"<@({harness.manager.id}|{viewer.id})>", shown(second))
    assert [action for action, _, _ in await audited_changes(harness)] == ["alerts.set", "alerts.acknowledge"]


async def test_what_is_over_needs_nobody(alarm: BotHarness) -> None:
    """A press after the end says that it is over; a press about an erased incident is refused."""
    harness = alarm
    await record_checks(harness, UP)
    (over,) = press_at_once(harness, "integrations:ack:1", harness.manager)
    (unknown,) = press_at_once(harness, "integrations:ack:7", harness.manager)
    await harness.env.settle()
    assert embed_of(over).title == f"💤 {harness.texts('alerts.acknowledge.over')}"
    assert embed_of(unknown).title == f"⚠️ {harness.texts('problem.no_incident.title')}"
    assert (await audited_changes(harness))[1:] == [("alerts.acknowledge", "#7", "refused:no_incident")]


async def test_a_viewer_diagnoses_from_the_alert(alarm: BotHarness) -> None:
    """The button finds the component that diagnoses by its custom id alone."""
    harness = alarm
    harness.toolzz.integrations["agent-0"] = dict(harness.toolzz.integrations[harness.toolzz.DISCONNECTED])
    diagnosed = await harness.moderator().click(embed_messages(harness.channel)[0], label="Diagnose")
    assert final(diagnosed).ephemeral
    assert not (embed_of(diagnosed).title or "").startswith("⚠️")


async def test_a_member_acknowledges_nothing(alarm: BotHarness) -> None:
    """Everybody may read the alert; its buttons are for those who look after agents."""
    refused = await press(alarm, alarm.member, "acknowledge")
    assert embed_of(refused).title == f"⚠️ {alarm.texts('problem.not_allowed.viewer.title')}"
    incident = await alarm.bot.services.alerts.incident(alarm.guild.id, 1)
    assert incident.acknowledged_by is None


# --- Mute ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_manager_mutes_from_the_alert_and_ends_it_again(alarm: BotHarness, locale: str) -> None:
    """The menu is private and survives a restart; the end is offered only while something is muted."""
    harness, texts = alarm, alarm.bot.services.catalog[locale]
    harness.locale = locale
    asked = await press(harness, harness.manager, "mute")
    assert final(asked).ephemeral
    assert menu_entries(asked) == [texts(f"alerts.mute.for.{each}") for each in ("1h", "8h", "1d", "1w")]
    await harness.restart()
    now = int(harness.env.now().timestamp())
    await pick(harness, asked, "1d")
    assert embed_of(asked).title == f"🔕 {texts('alerts.mute.done')}"
    assert await muted_until(harness) == now + DAY
    (alert,) = embed_messages(harness.channel)
    assert f"<t:{now + DAY}" in str(alert.embeds[0].to_dict())
    listed = await run_alerts(harness, "list")
    assert texts(
        "alerts.list.mute", name="Front desk", time=f"<t:{now + DAY}:R>", member=harness.manager.mention
    ) in shown(listed)
    again = await press(harness, harness.manager, "mute")
    assert texts("alerts.mute.is_muted", time=f"<t:{now + DAY}:R>") in shown(again)
    assert menu_entries(again)[-1] == texts("alerts.mute.for.end")
    await pick(harness, again, "end")
    assert embed_of(again).title == f"🔔 {texts('alerts.mute.ended')}"
    assert await muted_until(harness) is None
    assert (await audited_changes(harness))[1:] == [
        ("alerts.mute", "toolzz · agent-0 · 1d", "done"),
        ("alerts.mute", "toolzz · agent-0 · end", "done"),
    ]


async def test_a_viewer_mutes_nothing(alarm: BotHarness) -> None:
    """Neither the button nor a menu that a manager opened works for them."""
    harness, viewer = alarm, alarm.moderator()
    refused = await press(harness, viewer, "mute")
    assert embed_of(refused).title == NOT_ALLOWED
    asked = await press(harness, harness.manager, "mute")
    forged = harness.send(
        discord.InteractionType.component,
        viewer,
        {
            "custom_id": component_of(asked, f"alerts:for:{KEY}")["custom_id"],
            "component_type": 3,
            "values": ["1w"],
        },
        message=final(asked),
    )
    await harness.env.settle()
    assert embed_of(forged).title == NOT_ALLOWED
    assert await muted_until(harness) is None


async def test_the_command_mutes_what_is_suggested(alarm: BotHarness) -> None:
    """Suggested names have the symbol of their state; an unknown integration is refused."""
    harness = alarm
    suggested = await harness.manager.autocomplete(harness.channel, "alerts mute", "integration", "DESK")
    assert [(each["name"], each["value"]) for each in suggested] == [("🔴 Front desk", KEY)]
    assert not await harness.manager.autocomplete(harness.channel, "alerts mute", "integration", "x")
    muted = await run_alerts(harness, "mute", **{"integration": KEY, "for": "1h"})
    assert embed_of(muted).title == f"🔕 {harness.texts('alerts.mute.done')}"
    refused = await run_alerts(harness, "mute", **{"integration": "toolzz:agent-1", "for": "1h"})
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.not_watched.title')}"


async def test_a_muted_integration_is_not_posted_until_the_mute_ends(harness: BotHarness) -> None:
    """What goes down meanwhile is posted at the end of the mute, unless it is up again by then."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    await record_checks(harness, UP)
    await run_alerts(harness, "mute", **{"integration": KEY, "for": "1h"})
    await record_checks(harness, DOWN)
    assert embed_messages(harness.channel) == []
    await run_alerts(harness, "mute", **{"integration": KEY, "for": "end"})
    assert len(embed_messages(harness.channel)) == 1


async def test_an_integrations_own_status_mutes_it_too(toolzz_connected: BotHarness) -> None:
    """Once the integration is watched, `/toolzz status` has the button."""
    await toolzz_connected.bot.services.poller.check_guild(toolzz_connected.guild.id)
    status = await toolzz_connected.manager.slash(
        toolzz_connected.channel, "toolzz status", integration=toolzz_connected.toolzz.CONNECTED
    )
    custom_ids = [button.get("custom_id") for button in buttons(status)]
    assert f"alerts:mute:toolzz:{toolzz_connected.toolzz.CONNECTED}" in custom_ids
    asked = await toolzz_connected.manager.click(
        final(status).message, custom_id=f"alerts:mute:toolzz:{toolzz_connected.toolzz.CONNECTED}"
    )
    assert embed_of(asked).title == f"🔕 {toolzz_connected.texts('alerts.mute.ask')}"


# --- which buttons ---


@pytest.mark.parametrize(
    ("kind", "state", "detail", "expected"),
    [
        (Kind.INTEGRATION, State.ERROR, "4004", ["integrations:why:toolzz:x", "alerts:mute:toolzz:x"]),
        (Kind.CONNECTION, State.ERROR, "unauthorized", ["connections:rotate:toolzz:shop"]),
        (Kind.CONNECTION, State.UNKNOWN, "erased_secret", ["connections:rotate:toolzz:shop"]),
        (Kind.CONNECTION, State.UNKNOWN, "malformed_answer", []),
        (Kind.PROVIDER, State.DISCONNECTED, "timeout", []),
    ],
)
def test_an_alert_offers_what_helps(kind: Kind, state: State, detail: str, expected: list[str]) -> None:
    """Every open incident without a member has Acknowledge; a closed one has no buttons."""
    texts = load_catalog()[ENGLISH]
    incident = Incident(1, 3, kind, "toolzz", "x", "shop", "X", state, detail, 5)

    def ids(of: Incident) -> list[str]:
        return [button.custom_id for button in buttons_of(of, texts)]  # type: ignore[attr-defined]

    assert ids(incident) == [*expected, "integrations:ack:3"]
    assert ids(replace(incident, acknowledged_by=7)) == expected
    assert ids(replace(incident, closed_at=9, ended=UNWATCHED)) == []
