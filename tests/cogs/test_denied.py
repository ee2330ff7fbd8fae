"""What was denied in Server Settings stays denied while Discord does not say so."""

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord

from bot.discord.components import PersistentComponent
from tests.support.harness import BotHarness, embed_of, final, shown
from tests.support.persistent_components import (
    BUTTON,
    PAYLOADS,
    component_type,
    custom_id_of,
    persistent_components,
)

READ = "/applications/*/guilds/*/commands/permissions"


def use(
    harness: BotHarness, kind: type[PersistentComponent[Any]], message: simcord.ResponseMessage
) -> simcord.InteractionResult:
    """Have the manager use a component, without waiting for the answer."""
    number, custom_id = component_type(kind), custom_id_of(kind)
    stored = harness.env.backend.get_message(message.channel_id, message.id)
    component = {"type": number, "custom_id": custom_id, **PAYLOADS[number]}
    stored.components = [{"type": 1, "components": [component]}]
    chosen = {} if number == BUTTON else {"values": ["x"]}
    data = {"custom_id": custom_id, "component_type": number, **chosen}
    return harness.send(discord.InteractionType.component, harness.manager, data, message=message)


def changes(harness: BotHarness) -> int:
    """Return how many changes were recorded."""
    with closing(sqlite3.connect(harness.database)) as database:
        (number,) = database.execute("SELECT count(*) FROM audit").fetchone()
    return int(number)


@pytest.mark.parametrize("status", [429, 503, 404])
async def test_no_component_changes_anything(harness: BotHarness, status: int) -> None:
    """Of all persistent components, those that only read go by the tier; the others are refused."""
    await harness.connect("toolzz")
    harness.remove_cooldowns()
    shared = final(await harness.manager.slash(harness.channel, "help"))
    for command in harness.bot.services.links.ids.values():
        harness.guild.set_command_permissions(command, {harness.manager: False})
    harness.bot.services.guard._overrides._kept.clear()
    harness.env.inject_error("GET", READ, status=status, times=None)
    before, kinds = changes(harness), persistent_components(harness.bot)
    used = [use(harness, kind, shared) for kind in kinds]
    await harness.env.settle(idle=0.05)
    title = f"⚠️ {harness.texts('problem.discord_silent.title')}"
    refused = {
        kind
        for kind, result in zip(kinds, used, strict=True)
        if result.modal is None and title in texts_of(result)
    }
    assert refused == {kind for kind in kinds if not kind.reads_only}
    assert len(refused) < len(kinds)
    assert changes(harness) == before


def texts_of(result: simcord.InteractionResult) -> str:
    """Return all text of an answer, nothing for one without an embed."""
    has_embed = (result.response or result.followups) and final(result).embeds
    return shown(result) if has_embed else ""


async def test_an_old_button_deletes_nothing(harness: BotHarness) -> None:
    """A manager who was denied the command removes no credentials with a question from before."""
    await harness.connect("toolzz")
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    command = harness.bot.services.links.ids["connections"]
    harness.guild.set_command_permissions(command, {harness.manager: False})
    harness.bot.services.guard._overrides._kept.clear()
    harness.env.inject_error("GET", READ, status=503, times=None)
    pressed = await harness.manager.click(final(asked).message, label="Remove Toolzz · default")
    assert embed_of(pressed).title == f"⚠️ {harness.texts('problem.discord_silent.title')}"
    assert await harness.bot.services.connections.names(harness.guild.id) == ["default"]
