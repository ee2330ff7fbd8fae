"""What was denied in Server Settings stays denied while Discord does not say so."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord

from bot.discord.components import PersistentComponent
from cogs.audit.listing import AuditListButton, AuditPageButton
from tests.support.handover_steps import choose, open_form, propose
from tests.support.harness import BotHarness, embed_of, final, labels, shown
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


def silence(harness: BotHarness, how: int | None) -> None:
    """Let the route for permissions answer with this status, or not at all."""
    harness.bot.services.guard._overrides._kept.clear()
    if how is not None:
        harness.env.inject_error("GET", READ, status=how, times=None)
        return

    async def hang(*_: int) -> Any:  # noqa: ANN401 - never returns
        await asyncio.sleep(3600)  # as discord.py does when Discord says so

    harness.bot.services.guard._overrides.deadline = 0.05
    harness.bot.http.get_guild_application_command_permissions = hang  # type: ignore[method-assign, assignment]


def deny(harness: BotHarness) -> None:
    """Let an admin deny the manager every command in Server Settings, of which the bot has heard nothing."""
    for command in harness.bot.services.links.ids.values():
        harness.guild.set_command_permissions(command, {harness.manager: False})


@pytest.mark.parametrize("how", [429, 503, 404, None], ids=str)
async def test_no_form_changes_anything(harness: BotHarness, how: int | None) -> None:
    """Forms and questions that a denied manager opened before store, hand over and delete nothing."""
    await harness.connect("toolzz")
    await harness.connect("sensay")
    await harness.bot.services.connections.remove(harness.guild.id, "toolzz", "default")
    credentials = await harness.open_form("add", "toolzz")
    rotation = await harness.open_form("rotate", "sensay")
    token = await open_form(harness, harness.sensay.UNCONNECTED)
    question = await propose(harness)
    asked = {
        "disconnect": await harness.manager.slash(
            harness.channel, "sensay disconnect", replica=harness.sensay.UNCONNECTED
        ),
        "remove": await harness.manager.slash(harness.channel, "connections remove", provider="sensay"),
        "erase": await harness.manager.slash(harness.channel, "privacy delete"),
    }
    deny(harness)
    silence(harness, how)
    before = changes(harness)
    for simulator in (harness.sensay, harness.toolzz, harness.discord_api):
        simulator.requests.clear()
    answers = [
        await harness.manager.submit_modal(credentials, dict(harness.toolzz.credentials)),
        await harness.manager.submit_modal(rotation, dict(harness.sensay.credentials)),
        await harness.manager.submit_modal(token, {"discord_token": harness.sensay.discord_token}),
        await choose(harness, question, "yes"),
        *[await harness.manager.click(final(each).message, label=labels(each)[0]) for each in asked.values()],
    ]
    title = f"⚠️ {harness.texts('problem.discord_silent.title')}"
    assert [embed_of(each).title for each in answers] == [title] * len(answers)
    assert changes(harness) == before
    assert [*harness.sensay.requests, *harness.toolzz.requests, *harness.discord_api.requests] == []
    assert await harness.bot.services.connections.names(harness.guild.id) == ["default"]


@pytest.mark.parametrize("how", [429, 503, None], ids=str)
async def test_suggestions_go_by_the_tier_while_discord_is_silent(
    harness: BotHarness, how: int | None
) -> None:
    """Suggestions only read: who has the tier gets them, and nobody else."""
    await harness.connect("toolzz")
    silence(harness, how)

    async def given(actor: simcord.MemberActor) -> bool:
        return bool(await actor.autocomplete(harness.channel, "connections rotate", "name", ""))

    assert await given(harness.manager)
    crew = harness.guild.create_role("Crew")
    harness.guild.set_command_permissions(harness.bot.services.links.ids["connections"], {crew: True})
    assert not await given(harness.guild.add_member(harness.env.create_user("kim"), roles=[crew]))


@pytest.mark.parametrize("how", [429, 503, 404, None], ids=str)
async def test_no_component_changes_anything(harness: BotHarness, how: int | None) -> None:
    """Of all persistent components, those that only read go by the tier; the others are refused."""
    await harness.connect("toolzz")
    harness.remove_cooldowns()
    shared = final(await harness.manager.slash(harness.channel, "help"))
    deny(harness)
    silence(harness, how)
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
    assert not refused & {AuditPageButton, AuditListButton}, "they show pages of the log"
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
