"""Several connections with one provider: every command can be told which one, and asks if it has to."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from discord import app_commands

from bot.i18n.catalog import LOCALES
from bot.runtime.client import PatchbayBot
from tests.cogs.failures import NAMES
from tests.cogs.town import Town, embed_of, shown

# These look at what is stored here, and at nothing that a provider has.
WITHOUT = {"toolzz unlink"}
TYPED = {
    "replica": "11111111-1111-4111-8111-111111111111",
    "agent": "11111111-1111-4111-8111-111111111111",
    "integration": "discord-1",
    "message": "Hello?",
}
PAUSE = 60
FORM = "a form"


def commands(bot: PatchbayBot) -> list[app_commands.Command[Any, ..., Any]]:
    """Return the commands of the providers' own groups that use a connection."""
    groups = (bot.tree.get_command(slug) for slug in bot.providers)
    found = [
        command
        for group in groups
        if isinstance(group, app_commands.Group)
        for command in group.walk_commands()
        if isinstance(command, app_commands.Command) and command.qualified_name not in WITHOUT
    ]
    assert {command.qualified_name.partition(" ")[0] for command in found} == set(bot.providers)
    return found


def seal_up(town: Town, name: str) -> None:
    """Spoil the secret of the connections of one name: whoever uses one of them has to say so."""
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("UPDATE connection SET secret = X'00' WHERE name = ?", (name,))


async def run(town: Town, command: app_commands.Command[Any, ..., Any], **chosen: str) -> str:
    """Run a command with what it cannot do without; return its title, or that it opened a form."""
    needed = {option.name: TYPED[option.name] for option in command.parameters if option.required}
    answer = await town.manager.slash(town.channel, command.qualified_name, **needed, **chosen)
    return FORM if answer.modal is not None else embed_of(answer).title or ""


async def test_each_command_takes_a_connection(bot: PatchbayBot) -> None:
    """The option is there, can be left out, and suggests what there is."""
    await bot.load_cogs()
    for command in commands(bot):
        option = command.get_parameter("connection")
        assert option is not None, command.qualified_name
        assert (option.required, option.autocomplete) == (False, True), command.qualified_name


@pytest.mark.parametrize("provider", ["sensay", "toolzz"])
async def test_each_command_uses_the_connection_that_is_meant(town: Town, provider: str) -> None:
    """The only one, whatever its name is; of several the one named; none without a word."""
    title = f"❌ {town.texts('problem.unreadable_secret.title')}"
    which = f"⚠️ {town.texts('problem.connection_choice.title', provider=NAMES[provider])}"
    used = [command for command in commands(town.bot) if command.qualified_name.startswith(provider)]
    await town.connect(provider, "first")
    seal_up(town, "first")
    for command in used:
        assert await run(town, command) == title, command.qualified_name
    await town.env.advance_time(PAUSE)
    await town.connect(provider, "second")
    for command in used:
        assert await run(town, command) == which, command.qualified_name
        suggested = await town.manager.autocomplete(town.channel, command.qualified_name, "connection", "")
        assert [choice["value"] for choice in suggested] == ["first", "second"], command.qualified_name
    await town.env.advance_time(PAUSE)
    for command in used:
        assert await run(town, command, connection="first") == title, command.qualified_name
        town.simulator(provider).requests.clear()
        opened = await run(town, command, connection="second")
        at_once = opened in {FORM, f"⚠️ {town.texts('sensay.disconnect.ask')}"}
        assert at_once or town.simulator(provider).requests, (command.qualified_name, opened)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_question_names_what_there_is(town: Town, locale: str) -> None:
    """With several and none named default the member reads the names, and which option takes one."""
    for name in ("porto", "loja"):
        await town.connect("sensay", name)
    town.locale = locale
    asked = shown(await town.manager.slash(town.channel, "sensay replicas"))
    assert town.texts("problem.connection_choice.why", names="loja, porto") in asked
    assert "`connection`" in asked


async def test_default_is_meant_among_several(town: Town) -> None:
    """Where one is named default nobody is asked."""
    for name in ("porto", "default"):
        await town.connect("toolzz", name)
    seal_up(town, "porto")
    answered = await town.manager.slash(town.channel, "toolzz list")
    assert (embed_of(answered).title or "").endswith(" integrations")
