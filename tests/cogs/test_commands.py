"""Every command as Discord gets it: described in both languages, guarded, within the limits."""

import re
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.discord.client import PatchbayBot
from bot.i18n.catalog import DEFAULT_LOCALE, LOCALES

NAME = re.compile(r"[a-z0-9_-]{1,32}")
MAX_DESCRIPTION = 100
MAX_MENU_NAME = 32
MAX_CHOICE = 100
MAX_OPTIONS = 25
MAX_CHARACTERS = 8000
MANAGE_SERVER = str(discord.Permissions(manage_guild=True).value)
MODERATE_MEMBERS = str(discord.Permissions(moderate_members=True).value)
# Commands that Discord shows to members without Manage Server: to everybody, or to moderators.
OTHERS = {"help": None, "integrations": MODERATE_MEMBERS}
GUILD = 0


@pytest.fixture
async def payload(bot: PatchbayBot) -> list[dict[str, Any]]:
    """The commands as they are sent to Discord."""
    await bot.load_cogs()
    assert bot.tree.translator is not None
    return [
        await command.get_translated_payload(bot.tree, bot.tree.translator)
        for command in bot.tree.get_commands()
        if not isinstance(command, app_commands.ContextMenu)
    ]


@pytest.fixture
async def entries(bot: PatchbayBot, payload: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of the Apps menus as they are sent to Discord."""
    assert payload
    assert bot.tree.translator is not None
    return [
        await entry.get_translated_payload(bot.tree, bot.tree.translator)
        for entry in bot.tree.get_commands()
        if isinstance(entry, app_commands.ContextMenu)
    ]


def nodes(commands: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every command, subcommand and option."""
    for node in commands:
        yield node
        yield from nodes(node.get("options", []))


def choices(commands: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every fixed choice of every option."""
    for node in nodes(commands):
        yield from node.get("choices", [])


async def test_the_commands_are_the_promised_ones(bot: PatchbayBot, payload: list[dict[str, Any]]) -> None:
    """The top-level commands and their subcommands are the documented ones."""
    assert {command["type"] for command in payload} == {discord.AppCommandType.chat_input.value}
    subcommands = {
        command["name"]: {option["name"] for option in command["options"] if option["type"] == 1}
        for command in payload
    }
    promised = {
        "connections": {"add", "list", "test", "rotate", "remove"},
        "sensay": {"connect", "status", "replicas", "ask", "usage", "disconnect"},
        "toolzz": {"status", "list", "link", "unlink", "connect", "edit"},
        "alerts": {"set", "list", "test", "mute", "maintenance", "quiet-hours", "remove"},
        "integrations": {"overview", "status", "history", "board", "diagnose"},
        "access": {"grant", "revoke", "list"},
        "audit": {"list", "export", "mirror"},
        "privacy": {"info", "export", "delete"},
        "setup": set(),
        "help": set(),
    }
    other_providers = bot.services.providers.keys() - promised.keys()
    assert {name: each for name, each in subcommands.items() if name not in other_providers} == promised


async def test_menu_entries_are_for_viewers_in_servers(entries: list[dict[str, Any]]) -> None:
    """There is one on users and one on messages, named in both languages, for viewers, in servers only."""
    user, message = discord.AppCommandType.user.value, discord.AppCommandType.message.value
    assert {entry["name"]: entry["type"] for entry in entries} == {
        "Agent status": user,
        "Report this answer": message,
    }
    for entry in entries:
        names = entry["name_localizations"]
        assert names.keys() == set(LOCALES)
        assert names[DEFAULT_LOCALE] == entry["name"] != names["pt-BR"]
        assert all(1 <= len(name) <= MAX_MENU_NAME for name in names.values())
        assert entry["contexts"] == [GUILD]
        assert entry["integration_types"] == [GUILD]
        assert str(entry["default_member_permissions"]) == MODERATE_MEMBERS


async def test_names_are_ones_that_discord_takes(payload: list[dict[str, Any]]) -> None:
    """Every name has 1 to 32 lower-case letters, digits, hyphens or underscores, in every language."""
    for node in nodes(payload):
        for name in (node["name"], *node.get("name_localizations", {}).values()):
            assert NAME.fullmatch(name), name


@pytest.mark.parametrize("locale", LOCALES)
async def test_everything_is_described_in_each_language(payload: list[dict[str, Any]], locale: str) -> None:
    """Every command and option has a description of 1 to 100 characters, and the two languages differ."""
    for node in nodes(payload):
        described = node["description_localizations"][locale]
        assert 1 <= len(described.encode("utf-16-le")) // 2 <= MAX_DESCRIPTION, (node["name"], described)
        assert described != "…"
        if locale != DEFAULT_LOCALE:
            assert described != node["description"]


async def test_the_default_description_is_english(payload: list[dict[str, Any]]) -> None:
    """A member who speaks neither language reads English, within the limit as well."""
    for node in nodes(payload):
        assert node["description"] == node["description_localizations"][DEFAULT_LOCALE]


async def test_choices_are_within_the_limits(payload: list[dict[str, Any]]) -> None:
    """A choice's name and value have 1 to 100 characters, and no option has more than 25."""
    assert list(choices(payload))
    for choice in choices(payload):
        for text in (choice["name"], choice["value"], *choice.get("name_localizations", {}).values()):
            assert 1 <= len(text) <= MAX_CHOICE
    for node in nodes(payload):
        assert len(node.get("choices", [])) <= MAX_OPTIONS
        assert len(node.get("options", [])) <= MAX_OPTIONS


async def test_required_options_come_first(payload: list[dict[str, Any]]) -> None:
    """Discord refuses a command whose required option stands behind an optional one."""
    for node in nodes(payload):
        required = [option.get("required", False) for option in node.get("options", []) if option["type"] > 2]
        assert required == sorted(required, reverse=True)


async def test_commands_are_for_servers_only(payload: list[dict[str, Any]]) -> None:
    """Every command is for guilds only, and for the bot as it is installed into a guild."""
    for command in payload:
        assert command["contexts"] == [GUILD]
        assert command["integration_types"] == [GUILD]
        assert command["dm_permission"] is False


async def test_commands_have_the_promised_default_permission(payload: list[dict[str, Any]]) -> None:
    """Manage Server opens each command, except those for moderators and the one that is open to everybody."""
    for command in payload:
        expected = OTHERS.get(command["name"], MANAGE_SERVER)
        permission = command["default_member_permissions"]
        assert (None if permission is None else str(permission)) == expected, command["name"]


async def test_no_command_is_too_large(payload: list[dict[str, Any]]) -> None:
    """Names, descriptions and values of a command have 8,000 characters at most, whatever the language."""
    for command in payload:
        texts = [
            [node[key], *node.get(f"{key}_localizations", {}).values()]
            for node in (*nodes([command]), *choices([command]))
            for key in ("name", "description", "value")
            if key in node
        ]
        # Discord counts the longest translation of each text.
        assert 0 < sum(max(len(text) for text in each) for each in texts) < MAX_CHARACTERS


async def test_an_option_with_suggestions_has_no_fixed_choices(payload: list[dict[str, Any]]) -> None:
    """An option has suggestions or fixed choices: Discord takes only one of both."""
    suggested = [node for node in nodes(payload) if node.get("autocomplete")]
    assert suggested
    assert not any(node.get("choices") for node in suggested)


async def test_no_option_asks_for_a_secret(payload: list[dict[str, Any]]) -> None:
    """Secrets are typed into forms: an option's value stays readable in the client."""
    for node in nodes(payload):
        assert not re.search(r"secret|token|password|key", node["name"])
