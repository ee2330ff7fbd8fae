"""Several connections with one provider: every command can be told which one to use, or asks."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from discord import app_commands

from bot.discord.client import PatchbayBot
from bot.i18n.catalog import LOCALES
from tests.support.failures import NAMES
from tests.support.harness import BotHarness, embed_of, shown

# These commands read what is stored here, and ask no provider.
WITHOUT = {"toolzz unlink"}
TYPED = {
    "replica": "11111111-1111-4111-8111-111111111111",
    "agent": "11111111-1111-4111-8111-111111111111",
    "integration": "discord-1",
    "message": "Hello?",
}
PAUSE = 60


def commands(bot: PatchbayBot) -> list[app_commands.Command[Any, ..., Any]]:
    """Return the commands of the providers' own groups that use a connection."""
    groups = (bot.tree.get_command(slug) for slug in bot.services.providers)
    found = [
        command
        for group in groups
        if isinstance(group, app_commands.Group)
        for command in group.walk_commands()
        if isinstance(command, app_commands.Command) and command.qualified_name not in WITHOUT
    ]
    assert {command.qualified_name.partition(" ")[0] for command in found} == set(bot.services.providers)
    return found


def damage_named(harness: BotHarness, name: str) -> None:
    """Spoil the secret of every connection of this name, so that each command that uses one says so."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE connection SET secret = X'00' WHERE name = ?", (name,))


async def run(harness: BotHarness, command: app_commands.Command[Any, ..., Any], **chosen: str) -> str:
    """Run a command with its required options; return the answer's title."""
    needed = {option.name: TYPED[option.name] for option in command.parameters if option.required}
    answer = await harness.manager.slash(harness.channel, command.qualified_name, **needed, **chosen)
    return embed_of(answer).title or ""


async def test_each_command_takes_a_connection(bot: PatchbayBot) -> None:
    """The option `connection` is there, is optional, and has suggestions."""
    await bot.load_cogs()
    for command in commands(bot):
        option = command.get_parameter("connection")
        assert option is not None, command.qualified_name
        assert (option.required, option.autocomplete) == (False, True), command.qualified_name


@pytest.mark.parametrize("provider", ["sensay", "toolzz"])
async def test_each_command_uses_the_connection_that_is_meant(harness: BotHarness, provider: str) -> None:
    """A command uses the only connection, or the named one of several, and else asks."""
    title = f"❌ {harness.texts('problem.unreadable_secret.title')}"
    which = f"⚠️ {harness.texts('problem.connection_choice.title', provider=NAMES[provider])}"
    used = [command for command in commands(harness.bot) if command.qualified_name.startswith(provider)]
    await harness.connect(provider, "first")
    damage_named(harness, "first")
    for command in used:
        assert await run(harness, command) == title, command.qualified_name
    await harness.env.advance_time(PAUSE)
    await harness.connect(provider, "second")
    for command in used:
        assert await run(harness, command) == which, command.qualified_name
        suggested = await harness.manager.autocomplete(
            harness.channel, command.qualified_name, "connection", ""
        )
        assert [choice["value"] for choice in suggested] == ["first", "second"], command.qualified_name
    await harness.env.advance_time(PAUSE)
    for command in used:
        assert await run(harness, command, connection="first") == title, command.qualified_name
        harness.simulator(provider).requests.clear()
        opened = await run(harness, command, connection="second")
        guide = f"🤖 {harness.texts('token.guide')}"
        at_once = opened in {guide, f"⚠️ {harness.texts('sensay.disconnect.ask')}"}
        assert at_once or harness.simulator(provider).requests, (command.qualified_name, opened)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_question_names_what_there_is(harness: BotHarness, locale: str) -> None:
    """Among several without a default, the answer gives the names, and the option that takes one."""
    for name in ("porto", "loja"):
        await harness.connect("sensay", name)
    harness.locale = locale
    asked = shown(await harness.manager.slash(harness.channel, "sensay replicas"))
    assert harness.texts("problem.connection_choice.why", names="loja, porto") in asked
    assert "`connection:`" in asked


async def test_default_is_meant_among_several(harness: BotHarness) -> None:
    """Where one is named default, the command does not ask."""
    for name in ("porto", "default"):
        await harness.connect("toolzz", name)
    damage_named(harness, "porto")
    answered = await harness.manager.slash(harness.channel, "toolzz list")
    assert (embed_of(answered).title or "").endswith(" integrations")
