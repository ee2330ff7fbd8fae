"""Two agents of one name can be told apart wherever they are shown, and each is found by its suggestion."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from tests.support.embeds import embed_text
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import BotHarness, buttons, embed_of, final, shown
from tests.support.sensay_steps import status as sensay_status
from tests.support.setup_steps import choose, field_of, open_setup, press, row
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import move_here

NAME = "Suporte da loja"


@pytest.fixture
async def twins(harness: BotHarness) -> BotHarness:
    """A server in which two integrations of Toolzz have the same name, written differently."""
    await harness.connect("toolzz")
    move_here(harness)
    add_agent_bot(harness)
    harness.toolzz.touch(harness.toolzz.CROWDED, title=f" {NAME.upper()}\u200b")
    await harness.bot.services.poller.check_guild(harness.guild.id)
    return harness


def labels_of(harness: BotHarness) -> dict[str, str]:
    """Return how the two are called everywhere, by id."""
    unit = harness.toolzz
    return {
        unit.CONNECTED: f"{NAME} · {unit.CONNECTED[-4:]}",
        unit.CROWDED: f"{NAME.upper()} · {unit.CROWDED[-4:]}",
    }


def menu(result: simcord.InteractionResult) -> dict[str, str]:
    """Return the labels of the menu of what an answer shows, by value; not those of what may run here."""
    menus = (item for item in buttons(result) if "options" in item)
    (found,) = (item for item in menus if not item["custom_id"].startswith("setup:maybe"))
    return {entry["value"]: entry["label"] for entry in found["options"]}


async def suggestions(harness: BotHarness, command: str, option: str, typed: str = "") -> dict[str, str]:
    """Return what is suggested to the manager: names by value."""
    found = await harness.manager.autocomplete(harness.channel, command, option, typed)
    return {choice["value"]: choice["name"] for choice in found}


async def test_suggestions_tell_them_apart(twins: BotHarness) -> None:
    """The names end with the ends of the ids; each value leads to its own integration."""
    labels = labels_of(twins)
    for command in ("integrations status", "integrations history", "alerts mute"):
        found = await suggestions(twins, command, "integration", NAME)
        assert found == {f"toolzz:{uuid}": f"🟢 {label}" for uuid, label in labels.items()}
    for command in ("toolzz status", "toolzz link", "toolzz edit"):
        found = await suggestions(twins, command, "integration", NAME)
        assert found == {uuid: f"🟢 {label}" for uuid, label in labels.items()}
    for uuid, label in labels.items():
        assert list(await suggestions(twins, "integrations status", "integration", label)) == [
            f"toolzz:{uuid}"
        ]
        for command, value in (("integrations status", f"toolzz:{uuid}"), ("toolzz status", uuid)):
            asked = await twins.manager.slash(twins.channel, command, integration=value)
            await press(twins, asked, "status.details")
            assert uuid in shown(asked)
        linked = await twins.manager.slash(twins.channel, "toolzz link", integration=uuid)
        assert f"`…{uuid[-8:]}`" in shown(linked)
    assert await suggestions(twins, "toolzz unlink", "integration") == labels


@pytest.mark.parametrize(
    "command", ["integrations status", "integrations history", "integrations diagnose", "toolzz status"]
)
async def test_a_name_of_both_is_explained(twins: BotHarness, command: str) -> None:
    """A member who types the name reads that several have it, and where to choose."""
    await suggestions(twins, "toolzz status", "integration")
    asked = await twins.manager.slash(twins.channel, command, integration=NAME)
    assert embed_of(asked).title == f"⚠️ {twins.texts('problem.invalid_input.same_name.title')}"
    assert f"called {NAME}." in shown(asked)


async def test_overview_and_board_tell_them_apart(twins: BotHarness) -> None:
    """Lines and menu have the same names, on other pages as well."""
    labels = labels_of(twins)
    overview = await twins.manager.slash(twins.channel, "integrations overview")
    for label in labels.values():
        assert f"🟢 **{label}** · Connected" in shown(overview)
    options = menu(overview)
    assert {uuid: options[f"toolzz:{uuid}"] for uuid in labels} == labels
    await twins.manager.slash(twins.channel, "integrations board", channel=twins.channel)
    (board,) = [message for message in twins.channel.history() if message.embeds]
    for label in labels.values():
        assert f"🟢 **{label}** · " in (board.embeds[0].description or "")


async def test_alerts_tell_them_apart(twins: BotHarness) -> None:
    """The alert about one of them and the list of alerts name the one that it is."""
    label = labels_of(twins)[twins.toolzz.CROWDED]
    await twins.manager.slash(twins.channel, "alerts set", channel=twins.channel, after=1)
    twins.toolzz.break_integration(twins.toolzz.CROWDED)
    await twins.bot.services.poller.check_guild(twins.guild.id)
    await twins.env.advance_time(10)
    posted = [embed_text(embed) for message in twins.channel.history() for embed in message.embeds]
    assert any(label in text for text in posted), posted
    assert f"**{label}**" in shown(await twins.manager.slash(twins.channel, "alerts list"))
    muted = await twins.manager.slash(
        twins.channel, "alerts mute", integration=f"toolzz:{twins.toolzz.CROWDED}", **{"for": "1h"}
    )
    assert label in shown(muted)


async def test_the_list_of_a_unit_tells_them_apart(twins: BotHarness) -> None:
    """Lines and menu of `/toolzz list` have the same names; a pick opens the one that it names."""
    asked = await twins.manager.slash(twins.channel, "toolzz list")
    labels = labels_of(twins)
    for label in labels.values():
        assert f"🟢 **{label}**" in shown(asked)
    assert menu(asked).items() >= labels.items()
    (found,) = (item for item in buttons(asked) if "options" in item)
    await twins.manager.select(final(asked).message, [twins.toolzz.CROWDED], custom_id=found["custom_id"])
    await press(twins, asked, "status.details")
    assert twins.toolzz.CROWDED in shown(asked)


async def test_setup_tells_them_apart(twins: BotHarness) -> None:
    """The menu tells them apart also after one is linked, and so do the lines once both are."""
    labels = labels_of(twins)
    await twins.manager.slash(twins.channel, "toolzz link", integration=twins.toolzz.CONNECTED)
    steps = await choose(twins, await open_setup(twins), "toolzz")
    options = {entry["value"]: entry["label"] for entry in row(steps, 0)["options"]}
    assert options[twins.toolzz.CROWDED] == labels[twins.toolzz.CROWDED]
    await twins.manager.slash(twins.channel, "toolzz link", integration=twins.toolzz.CROWDED)
    await press(twins, steps, "setup.check_button")
    for label in labels.values():
        assert f"🟢 **{label}**" in field_of(twins, steps, "have")


async def test_two_providers_are_told_apart_by_their_names(twins: BotHarness) -> None:
    """Between two providers the provider's name says more than an id."""
    provider: FakeProvider = await connect_fake_provider(twins)
    provider.list_integration("polly", "Plantão noturno", State.CONNECTED)
    await twins.bot.services.poller.check_guild(twins.guild.id)
    found = await suggestions(twins, "integrations status", "integration", "plantão")
    assert sorted(found.values()) == ["🟢 Plantão noturno · Parrot House", "🟢 Plantão noturno · Toolzz"]


async def test_replicas_are_told_apart(harness: BotHarness) -> None:
    """Suggestions, the overview's lines and its menu name two replicas of one name differently."""
    await harness.connect("sensay")
    one, other = harness.sensay.ACTIVE, harness.sensay.PORTUGUESE
    harness.sensay.replicas[other]["name"] = "harbour  desk"
    labels = {one: f"Harbour Desk · {one[-4:]}", other: f"harbour desk · {other[-4:]}"}
    found = await suggestions(harness, "sensay status", "replica", "harbour")
    assert found == {uuid: f"🟢 {label}" for uuid, label in labels.items()}
    overview = await sensay_status(harness)
    for label in labels.values():
        assert f"🟢 **{label}** · Active" in shown(overview)
    assert menu(overview).items() >= labels.items()
    refused = await harness.manager.slash(harness.channel, "sensay status", replica="Harbour Desk")
    assert harness.texts("problem.invalid_input.same_name.title") in shown(refused)
    usage = await harness.manager.slash(harness.channel, "sensay usage")
    assert all(label in shown(usage) for label in labels.values())


# --- listed twice ---


def twice(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries of which the first comes again, with other values and its id in capitals."""
    first = entries[0]
    again = {name: "again" if name in {"title", "name"} else value for name, value in first.items()}
    key = "uuid" if "uuid" in first else "id"
    return [*entries, again, {**again, key: first[key].upper()}]


async def test_an_integration_that_is_listed_twice_appears_once(harness: BotHarness) -> None:
    """Lists, counts, menus, suggestions and checks have it once, by the first entry."""
    await harness.connect("toolzz")
    move_here(harness)
    entries = list(harness.toolzz.integrations.values())
    harness.toolzz.fail(Answer(200, {"data": twice(entries)}), times=None, path="/discord/integration/unit/")
    asked = await harness.manager.slash(harness.channel, "toolzz list")
    assert embed_of(asked).title == f"🧩 {len(entries)} integrations"
    assert "again" not in shown(asked)
    assert len(menu(asked)) == len(entries)
    assert "again" not in str(await suggestions(harness, "toolzz status", "integration"))
    await harness.bot.services.poller.check_guild(harness.guild.id)
    watched = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert len({each.id.lower() for each in watched}) == len(watched)
    assert "again" not in {each.label for each in watched}
    steps = await choose(harness, await open_setup(harness), "toolzz")
    assert "again" not in str(row(steps, 0))


async def test_an_agent_that_is_listed_twice_appears_once(harness: BotHarness) -> None:
    """Suggestions and `/setup` have it once."""
    await harness.connect("toolzz")
    harness.toolzz.agents = twice(harness.toolzz.agents)
    found = await suggestions(harness, "toolzz connect", "agent")
    assert len(found) == len(harness.toolzz.agents) - 2
    assert not any("again" in name for name in found.values())


async def test_a_replica_that_is_listed_twice_appears_once(harness: BotHarness) -> None:
    """Pages, counts, the overview, suggestions and checks have it once, by the first entry."""
    await harness.connect("sensay")
    listed = sorted(harness.sensay.replicas.values(), key=lambda entry: entry["name"])[:3]
    listed = [{**entry, "discord_integration": {"is_active": True, "service_name": None}} for entry in listed]
    page = {"success": True, "type": "replicas", "items": twice(listed), "total": len(listed) + 2}
    harness.sensay.fail(Answer(200, page), times=None, path="/v1/replicas")
    asked = await harness.manager.slash(harness.channel, "sensay replicas")
    assert embed_of(asked).title == "🗣️ 3 replicas"
    assert "again" not in shown(asked)
    overview = await sensay_status(harness)
    assert embed_of(overview).title == "🗣️ 3 replicas on Discord"
    assert harness.texts("sensay.overview.incomplete") not in shown(overview), "the total counts both"
    assert len(menu(overview)) == 3
    assert len(await suggestions(harness, "sensay status", "replica")) == 3
    await harness.bot.services.poller.check_guild(harness.guild.id)
    watched = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert len(watched) == len({each.id for each in watched}) <= 3
