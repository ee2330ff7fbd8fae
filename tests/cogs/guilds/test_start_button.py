"""The button under the greeting starts the setup, and tells others who may press it."""

import re

import pytest
import simcord

from bot.features.access.tier import Tier
from bot.i18n.catalog import LOCALES
from cogs.guilds.greeting import greet
from tests.support.authority import NOT_ALLOWED
from tests.support.embeds import embed_text
from tests.support.harness import BotHarness, embed_of, final, labels, shown
from tests.support.setup_steps import choose, press, steps_of


async def greeting(harness: BotHarness) -> simcord.ResponseMessage:
    """Let the bot greet the server, and return the message."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    await greet(harness.bot, guild)
    sent = harness.channel.history()[-1]
    return simcord.ResponseMessage(harness.env, harness.env.backend.get_message(harness.channel.id, sent.id))


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_manager_starts_from_the_greeting(harness: BotHarness, locale: str) -> None:
    """The answer is private and what `/setup` shows, after a restart too; the greeting stays as it is."""
    harness.locale = locale
    harness.env.backend.get_guild(harness.guild.id).preferred_locale = locale
    await harness.restart()
    message = await greeting(harness)
    before = message.components
    assert [item["label"] for row in before for item in row["components"]] == [
        harness.texts("setup.start_button")
    ]
    for _ in range(2):
        opened = await harness.manager.click(message, label=harness.texts("setup.start_button"))
        assert final(opened).ephemeral
        assert harness.texts("setup.all") in (embed_of(opened).title or "")
        await choose(harness, opened, "sensay")
        assert steps_of(opened) == "▶️⬜⬜⬜⬜"
        form = await press(harness, opened, "setup.enter_button")
        assert form.modal is not None
        await harness.restart()
    assert message.components == before


async def test_nothing_is_kept_of_a_greeting(harness: BotHarness) -> None:
    """The button is found by its custom id: discord.py keeps no view for each server."""
    await greeting(harness)
    assert not harness.bot._connection._view_store._views


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_member_is_told_what_it_needs(harness: BotHarness, locale: str) -> None:
    """The refusal names the permission, and the roles that were given access, without mentioning anybody."""
    message = await greeting(harness)
    harness.locale = locale
    texts, access = harness.texts, harness.bot.services.access
    label = harness.bot.services.catalog["en-US"]("setup.start_button")
    refused = await harness.member.click(message, label=label)
    assert final(refused).ephemeral
    assert texts("problem.not_allowed.manager.why") in shown(refused)
    assert harness.linked(texts("problem.not_allowed.manager.fix")) in shown(refused)
    crew, watch = harness.guild.create_role("Crew"), harness.guild.create_role("Watch")
    for role, tier in ((watch, Tier.VIEWER), (crew, Tier.MANAGER)):
        await access.grant(harness.guild.id, "role", role.id, tier, member_id=harness.manager.id)
    await access.grant(harness.guild.id, "role", harness.guild.id, Tier.VIEWER, member_id=harness.manager.id)
    refused = await harness.member.click(message, label=label)
    fix = harness.linked(texts("problem.not_allowed.manager.by_role.fix", roles=f"<@&{crew.id}>"))
    assert fix in shown(refused)
    stored = harness.env.backend.get_message(final(refused).channel_id, final(refused).id)
    assert not stored.content
    assert (stored.mention_role_ids, stored.mention_everyone) == ([], False)


async def test_a_viewers_refusal_names_the_roles_of_viewers_first(harness: BotHarness) -> None:
    """Roles that are gone, and what everybody has, are named nowhere; three roles at most are."""
    access, guild = harness.bot.services.access, harness.guild
    roles = [guild.create_role(f"Role {number}") for number in range(5)]
    for role in roles:
        tier = Tier.MANAGER if role is roles[0] else Tier.VIEWER
        await access.grant(guild.id, "role", role.id, tier, member_id=harness.manager.id)
    await access.grant(guild.id, "role", 4711, Tier.VIEWER, member_id=harness.manager.id)
    shared = await harness.manager.slash(harness.channel, "integrations overview", share=True)
    pressed = await harness.member.click(final(shared).message, label=labels(shared)[0])
    assert harness.texts("problem.not_allowed.viewer.title") in shown(pressed)
    named = re.findall(r"<@&(\d+)>", embed_text(embed_of(pressed)))
    assert [int(each) for each in named] == [role.id for role in roles[1:4]]
    assert embed_of(pressed).title != NOT_ALLOWED
