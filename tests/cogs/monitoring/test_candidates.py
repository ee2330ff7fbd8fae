"""What may run in a server: told apart, worded like everything else, and linked once."""

from __future__ import annotations

import pytest

from bot.providers.base.integration import State
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.belonging_steps import (
    MAYBE,
    REPLICA,
    ask_about,
    candidates,
    check,
    entries,
    overview,
    press,
)
from tests.support.harness import BotHarness, buttons, embed_of, final, shown
from tests.support.hostile import unseen


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server in which nothing is watched, one integration of Toolzz and one replica of Sensay may run."""
    harness.toolzz.integrations = {
        ToolzzSimulator.HOMELESS: harness.toolzz.integrations[ToolzzSimulator.HOMELESS]
    }
    harness.sensay.replicas = {SensaySimulator.ACTIVE: harness.sensay.replicas[SensaySimulator.ACTIVE]}
    await harness.connect("toolzz")
    await harness.connect("sensay")
    await check(harness)
    harness.remove_cooldowns()
    assert await candidates(harness) == {MAYBE, REPLICA}
    return harness


async def test_a_second_link_changes_nothing(harness: BotHarness) -> None:
    """The record keeps who linked it and its application, and the audit log has one entry."""
    services, guild = harness.bot.services, harness.guild.id
    question = await ask_about(harness, MAYBE)
    await press(harness, question, "belonging.link.button")
    await services.integrations.link(
        guild, "toolzz", "default", MAYBE.partition(":")[2], "Desk", bot_id=7, member_id=8, application_id=9
    )
    before = await services.integrations.of_guild(guild, "toolzz")
    done = await press(harness, question, "belonging.link.button")
    assert (embed_of(done).title or "").startswith("✅")
    assert await services.integrations.of_guild(guild, "toolzz") == before
    assert [action for action, _, _ in await entries(harness)] == ["integrations.link"]


async def test_what_was_just_linked_is_offered_no_more(harness: BotHarness) -> None:
    """It is shown once, as not checked yet, although the next check has not begun."""
    harness.toolzz.integrations.clear()
    await press(harness, await ask_about(harness, MAYBE), "belonging.link.button")
    assert await candidates(harness) == {REPLICA}
    watched = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert [each.key for each in watched] == [MAYBE]


async def test_a_link_whose_connection_is_gone_says_so(harness: BotHarness) -> None:
    """Nothing is linked, and nobody is told that it was."""
    question = await ask_about(harness, MAYBE)
    await harness.bot.services.connections.remove(harness.guild.id, "toolzz", "default")
    refused = await press(harness, question, "belonging.link.button")
    assert harness.texts("belonging.linked_how") not in shown(refused)
    assert not await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")


async def test_a_replica_is_worded_as_everywhere_else(harness: BotHarness) -> None:
    """Sensay's agents are active, in the menu as well."""
    seen = await overview(harness)
    (menu,) = [item for item in buttons(seen) if item.get("custom_id", "").startswith("setup:maybe~")]
    words = {option["value"]: option["description"] for option in menu["options"]}
    assert words[REPLICA] == harness.texts("sensay.state.connected")
    assert words[MAYBE] == harness.texts("state.connected")


async def test_equal_names_are_told_apart(harness: BotHarness) -> None:
    """Two that may run here under one name differ in the field and in the menu."""
    twin = {**harness.toolzz.integrations[ToolzzSimulator.HOMELESS], "id": "twin-0002"}
    harness.toolzz.integrations["twin-0002"] = twin
    await check(harness)
    seen = await overview(harness)
    (menu,) = [item for item in buttons(seen) if item.get("custom_id", "").startswith("setup:maybe~")]
    labels = [option["label"] for option in menu["options"]]
    assert len(labels) == len(set(labels)) == 3
    assert all(f"**{label}**" in shown(seen) for label in labels)


@pytest.mark.parametrize("title", ["\u202eevil", "   ", "a" * 200])
async def test_a_hostile_name_can_be_ignored_and_shown_again(harness: BotHarness, title: str) -> None:
    """The menu's entry has a visible, harmless name."""
    services, guild = harness.bot.services, harness.guild.id
    integration = MAYBE.partition(":")[2]
    assert await services.integrations.ignore(guild, "toolzz", "default", integration, title, member_id=1)
    listed = await harness.manager.slash(harness.channel, "toolzz list")
    (menu,) = [item for item in buttons(listed) if item.get("custom_id", "").startswith("setup:seen:")]
    (option,) = menu["options"]
    assert option["label"].strip()
    assert unseen(option["label"]) == set()
    assert len(option["label"]) <= 100
    await harness.manager.select(final(listed).message, [integration], custom_id=menu["custom_id"])
    assert not await services.integrations.ignored(guild, "toolzz")


async def test_what_is_inactive_is_not_said_to_run(harness: BotHarness) -> None:
    """The question names who lists it, whatever its state."""
    harness.toolzz.touch(ToolzzSimulator.HOMELESS, isActive=False)
    await check(harness)
    question = shown(await ask_about(harness, MAYBE))
    assert harness.texts(f"state.{State.INACTIVE}") in question
    assert harness.texts("belonging.question_how", provider="Toolzz") in question
