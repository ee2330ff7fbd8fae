"""The buttons under an alert and `/alerts mute`: who looks after an incident, and what is to be quiet."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.runtime.alert_buttons import DURATIONS, buttons_of
from bot.services.watching import UNWATCHED, Incident, Kind
from tests.cogs.alert_steps import DOWN, KEY, UP, actions, alerts, connect, found, posted
from tests.cogs.test_authority import NOT_ALLOWED
from tests.cogs.town import ENGLISH, Town, buttons, embed_of, final, shown

if TYPE_CHECKING:
    import simcord

DAY = DURATIONS["1d"]


@pytest.fixture
async def alarm(town: Town) -> Town:
    """The town with an alert about an integration that is down."""
    await connect(town)
    await alerts(town, "set", channel=town.channel)
    await found(town, DOWN)
    return town


async def press(town: Town, actor: simcord.MemberActor, key: str) -> simcord.InteractionResult:
    """Press a button of the alert, found by the key of its label; the server's language is English."""
    label = town.bot.catalog["en-US"](f"alerts.{key}.button")
    return await actor.click(posted(town.channel)[0], label=label)


def press_at_once(
    town: Town, custom_id: str, *actors: simcord.MemberActor
) -> list[simcord.InteractionResult]:
    """Press a button that the alert showed a moment ago, each actor before the bot sees to any."""
    (alert,) = posted(town.channel)
    stored = town.env.backend.get_message(town.channel.id, alert.id)
    button = {"type": 2, "style": 1, "label": "x", "custom_id": custom_id}
    stored.components = [{"type": 1, "components": [button]}]
    on: Any = SimpleNamespace(id=alert.id, channel_id=town.channel.id)
    data = {"custom_id": custom_id, "component_type": 2}
    return [town.send(discord.InteractionType.component, actor, data, message=on) for actor in actors]


def offered(asked: simcord.InteractionResult) -> list[str]:
    """Return the entries of the menu of an answer."""
    return [entry["label"] for entry in final(asked).components[0]["components"][0]["options"]]


async def pick(town: Town, asked: simcord.InteractionResult, duration: str) -> None:
    """Have the manager pick for how long."""
    await town.manager.select(final(asked).message, [duration])


async def muted_until(town: Town) -> int | None:
    """Return until when the integration is muted."""
    return (await town.bot.watching.find(town.guild.id, KEY)).muted_until


# --- Acknowledge ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_viewer_looks_after_an_incident_and_the_alert_says_so(alarm: Town, locale: str) -> None:
    """The answer is private; the alert names the member and offers the button no more."""
    town, viewer = alarm, alarm.moderator()
    town.locale = locale
    pressed = await press(town, viewer, "acknowledge")
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"🙋 {town.texts('alerts.acknowledge.done')}"
    (alert,) = posted(town.channel)
    assert f"<@{viewer.id}>" in str(alert.embeds[0].to_dict())
    rows: Any = alert.components
    assert [each.label for row in rows for each in row.children] == ["Diagnose", "Mute"]
    assert (await actions(town))[1:] == [("alerts.acknowledge", "#1", "done")]


async def test_the_second_to_press_is_told_who_was_first(alarm: Town) -> None:
    """Two press before the alert shows the first of them: one is noted, once."""
    town, viewer = alarm, alarm.moderator()
    answers = press_at_once(town, "integrations:ack:1", town.manager, viewer)
    await town.env.settle()
    if (await town.bot.watching.incident(town.guild.id, 1)).acknowledged_by == viewer.id:
        answers.reverse()
    first, second = answers
    assert embed_of(first).title == f"🙋 {town.texts('alerts.acknowledge.done')}"
    assert embed_of(second).title == f"💤 {town.texts('alerts.acknowledge.taken')}"
    assert re.search(f"<@({town.manager.id}|{viewer.id})>", shown(second))
    assert [action for action, _, _ in await actions(town)] == ["alerts.set", "alerts.acknowledge"]


async def test_what_is_over_needs_nobody(alarm: Town) -> None:
    """A press that comes after the end says so; one about what is erased says that nothing is known of it."""
    town = alarm
    await found(town, UP)
    (over,) = press_at_once(town, "integrations:ack:1", town.manager)
    (unknown,) = press_at_once(town, "integrations:ack:7", town.manager)
    await town.env.settle()
    assert embed_of(over).title == f"💤 {town.texts('alerts.acknowledge.over')}"
    assert embed_of(unknown).title == f"⚠️ {town.texts('problem.no_incident.title')}"
    assert (await actions(town))[1:] == [("alerts.acknowledge", "#7", "refused:no_incident")]


async def test_a_viewer_diagnoses_from_the_alert(alarm: Town) -> None:
    """The button finds what diagnoses, by its id alone."""
    town = alarm
    town.toolzz.integrations["agent-0"] = dict(town.toolzz.integrations[town.toolzz.DISCONNECTED])
    diagnosed = await town.moderator().click(posted(town.channel)[0], label="Diagnose")
    assert final(diagnosed).ephemeral
    assert not (embed_of(diagnosed).title or "").startswith("⚠️")


async def test_a_member_acknowledges_nothing(alarm: Town) -> None:
    """The alert stands where everybody may read it; its buttons are for those who look after agents."""
    refused = await press(alarm, alarm.member, "acknowledge")
    assert embed_of(refused).title == f"⚠️ {alarm.texts('problem.not_allowed.viewer.title')}"
    incident = await alarm.bot.watching.incident(alarm.guild.id, 1)
    assert incident.acknowledged_by is None


# --- Mute ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_manager_mutes_from_the_alert_and_ends_it_again(alarm: Town, locale: str) -> None:
    """The menu is private and outlives a restart; the end is offered once there is something to end."""
    town, texts = alarm, alarm.bot.catalog[locale]
    town.locale = locale
    asked = await press(town, town.manager, "mute")
    assert final(asked).ephemeral
    assert offered(asked) == [texts(f"alerts.mute.for.{each}") for each in ("1h", "8h", "1d", "1w")]
    await town.restart()
    now = int(town.env.now().timestamp())
    await pick(town, asked, "1d")
    assert embed_of(asked).title == f"🔕 {texts('alerts.mute.done')}"
    assert await muted_until(town) == now + DAY
    (alert,) = posted(town.channel)
    assert f"<t:{now + DAY}" in str(alert.embeds[0].to_dict())
    listed = await alerts(town, "list")
    assert texts(
        "alerts.list.mute", name="Front desk", time=f"<t:{now + DAY}:R>", member=town.manager.mention
    ) in shown(listed)
    again = await press(town, town.manager, "mute")
    assert texts("alerts.mute.is_muted", time=f"<t:{now + DAY}:R>") in shown(again)
    assert offered(again)[-1] == texts("alerts.mute.for.end")
    await pick(town, again, "end")
    assert embed_of(again).title == f"🔔 {texts('alerts.mute.ended')}"
    assert await muted_until(town) is None
    assert (await actions(town))[1:] == [
        ("alerts.mute", "toolzz · agent-0 · 1d", "done"),
        ("alerts.mute", "toolzz · agent-0 · end", "done"),
    ]


async def test_a_viewer_mutes_nothing(alarm: Town) -> None:
    """Neither the button nor the menu that a manager has opened lets them."""
    town, viewer = alarm, alarm.moderator()
    refused = await press(town, viewer, "mute")
    assert embed_of(refused).title == NOT_ALLOWED
    asked = await press(town, town.manager, "mute")
    forged = town.send(
        discord.InteractionType.component,
        viewer,
        {"custom_id": f"alerts:for:{KEY}", "component_type": 3, "values": ["1w"]},
        message=final(asked),
    )
    await town.env.settle()
    assert embed_of(forged).title == NOT_ALLOWED
    assert await muted_until(town) is None


async def test_the_command_mutes_what_is_suggested(alarm: Town) -> None:
    """Names come with the symbol of their state; one that is no integration's here is refused."""
    town = alarm
    suggested = await town.manager.autocomplete(town.channel, "alerts mute", "integration", "DESK")
    assert [(each["name"], each["value"]) for each in suggested] == [("🔴 Front desk", KEY)]
    assert not await town.manager.autocomplete(town.channel, "alerts mute", "integration", "x")
    muted = await alerts(town, "mute", **{"integration": KEY, "for": "1h"})
    assert embed_of(muted).title == f"🔕 {town.texts('alerts.mute.done')}"
    refused = await alerts(town, "mute", **{"integration": "toolzz:agent-1", "for": "1h"})
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.not_watched.title')}"


async def test_a_muted_integration_is_not_posted_until_the_mute_ends(town: Town) -> None:
    """What goes down meanwhile is told of at the end, unless it is up again by then."""
    await connect(town)
    await alerts(town, "set", channel=town.channel)
    await found(town, UP)
    await alerts(town, "mute", **{"integration": KEY, "for": "1h"})
    await found(town, DOWN)
    assert posted(town.channel) == []
    await alerts(town, "mute", **{"integration": KEY, "for": "end"})
    assert len(posted(town.channel)) == 1


async def test_an_integrations_own_status_mutes_it_too(office: Town) -> None:
    """Once it is watched, the button stands under `/toolzz status`."""
    await office.bot.poller.check_guild(office.guild.id)
    status = await office.manager.slash(office.channel, "toolzz status", integration=office.toolzz.CONNECTED)
    custom_ids = [button.get("custom_id") for button in buttons(status)]
    assert f"alerts:mute:toolzz:{office.toolzz.CONNECTED}" in custom_ids
    asked = await office.manager.click(
        final(status).message, custom_id=f"alerts:mute:toolzz:{office.toolzz.CONNECTED}"
    )
    assert embed_of(asked).title == f"🔕 {office.texts('alerts.mute.ask')}"


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
    """Acknowledge goes with all that is open and nobody's yet; nothing is left once it is over."""
    texts = load_catalog()[ENGLISH]
    incident = Incident(1, 3, kind, "toolzz", "x", "shop", "X", state, detail, 5)

    def ids(of: Incident) -> list[str]:
        return [button.custom_id for button in buttons_of(of, texts)]  # type: ignore[attr-defined]

    assert ids(incident) == [*expected, "integrations:ack:3"]
    assert ids(replace(incident, acknowledged_by=7)) == expected
    assert ids(replace(incident, closed_at=9, ended=UNWATCHED)) == []
