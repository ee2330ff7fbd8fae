"""The last page of `/setup`: what was set, a test alert, and the board."""

from typing import Any

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES
from tests.support.harness import BotHarness, embed_of, final, labels
from tests.support.setup_steps import (
    choose,
    field_of,
    finished_title,
    menus,
    open_setup,
    pick_and_confirm,
    pick_channel,
    pick_place,
    press,
    steps_of,
)
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import list_only


async def finish(harness: BotHarness) -> simcord.InteractionResult:
    """Do all steps with an agent that is well."""
    add_agent_bot(harness)
    list_only(harness, harness.toolzz.CONNECTED)
    await harness.connect("toolzz")
    steps = await choose(harness, await open_setup(harness), "toolzz")
    await pick_and_confirm(harness, steps, 0, harness.toolzz.CONNECTED)
    await pick_channel(harness, steps, harness.channel)
    return steps


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_lists_what_was_set_and_leads_on(harness: BotHarness, locale: str) -> None:
    """Connection, agent, alert channel and board; then a test alert, the board, and what to do next."""
    harness.locale = locale
    texts, steps = harness.texts, await finish(harness)
    assert embed_of(steps).title == finished_title(harness, "Toolzz")
    assert "`default`" in field_of_page(harness, steps, "connection")
    assert "Suporte da loja" in field_of(harness, steps, "agents")
    channel = harness.channel.mention
    assert field_of(harness, steps, "alerts") == texts("setup.alerts.done", channel=channel)
    assert field_of(harness, steps, "board") == texts("setup.board.none")
    assert field_of(harness, steps, "next") == texts("setup.next.test")
    assert menus(steps) == ["setup:board:toolzz:default"]
    await press(harness, steps, "setup.test_button")
    (test,) = [
        message
        for message in harness.channel.history()
        if message.embeds and "🧪" in str(message.embeds[0].description)
    ]
    assert f"{harness.guild.id}/{harness.channel.id}/{test.id}" in field_of(harness, steps, "alerts")
    assert field_of(harness, steps, "next") == texts("setup.next.board")
    other = harness.guild.create_text_channel("board")
    await pick_place(harness, steps, "board", other)
    assert field_of(harness, steps, "board") == texts("setup.board.done", channel=other.mention)
    assert len(other.history()) == 1
    assert field_of(harness, steps, "next") == harness.linked(texts("toolzz.setup.done"))
    assert menus(steps) == []


def field_of_page(harness: BotHarness, asked: simcord.InteractionResult, part: str) -> str:
    """Return a part that the steps do not have."""
    name = harness.texts(f"setup.finished.{part}")
    return next(each.value or "" for each in embed_of(asked).fields if each.name == name)


async def test_more_agents_are_connected_from_there(harness: BotHarness) -> None:
    """The button leads back to the steps, and checking again to the last page."""
    steps = await finish(harness)
    await press(harness, steps, "setup.more_button")
    assert steps_of(steps) == "✅✅✅✅✅"
    assert "setup:offer:toolzz:1:default" in menus(steps)
    await press(harness, steps, "setup.check_button")
    assert embed_of(steps).title == finished_title(harness, "Toolzz")


async def test_a_test_alert_that_discord_refuses_is_shown_there(harness: BotHarness) -> None:
    """Why, and what to do, stand on the page; there is no further message."""
    steps = await finish(harness)
    path = f"/channels/{harness.channel.id}/messages"
    harness.env.inject_error("POST", path, status=400, code=200000, times=None)
    pressed = await press(harness, steps, "setup.test_button")
    assert pressed.followups == []
    assert embed_of(steps).title == finished_title(harness, "Toolzz", "❌")
    why = harness.texts("alerts.test.auto_moderation", channel=harness.channel.mention)
    assert why in field_of(harness, steps, "alerts")
    assert field_of(harness, steps, "next") == harness.linked(
        harness.texts("alerts.test.auto_moderation_next")
    )


async def test_a_channel_that_takes_no_board_is_refused_there(harness: BotHarness) -> None:
    """The reason stands with the board, and another channel can be picked."""
    overwrites: Any = {harness.guild.default_role: discord.PermissionOverwrite(embed_links=False)}
    closed = harness.guild.create_text_channel("closed", overwrites=overwrites)
    steps = await finish(harness)
    refused = await pick_place(harness, steps, "board", closed)
    assert refused.followups == []
    title = harness.texts("problem.invalid_input.bot_cannot_post.title")
    assert title in field_of(harness, steps, "board")
    await pick_place(harness, steps, "board", harness.channel)
    assert field_of(harness, steps, "board") == harness.texts(
        "setup.board.done", channel=harness.channel.mention
    )


async def test_the_last_page_survives_a_restart(harness: BotHarness) -> None:
    """Its buttons and its menu work after it."""
    steps = await finish(harness)
    await harness.restart()
    await press(harness, steps, "setup.test_button")
    assert "/channels/" in field_of(harness, steps, "alerts")
    await harness.restart()
    await pick_place(harness, steps, "board", harness.channel)
    assert menus(steps) == []
    assert harness.texts("setup.all_button") in labels(steps)


async def test_without_a_rule_there_is_nothing_to_test(harness: BotHarness) -> None:
    """A rule that was removed meanwhile is told on the page, which leads back to the step."""
    steps = await finish(harness)
    for route in await harness.bot.services.alerts.routes(harness.guild.id):
        await harness.bot.services.alerts.remove_route(harness.guild.id, route.number)
    pressed = await press(harness, steps, "setup.test_button")
    assert pressed.followups == []
    assert harness.texts("problem.no_route.title") in field_of(harness, steps, "alerts")
    await press(harness, steps, "setup.all_button")
    await choose(harness, steps, "toolzz")
    assert steps_of(steps) == "✅✅✅▶️✅"
    assert final(steps).ephemeral
