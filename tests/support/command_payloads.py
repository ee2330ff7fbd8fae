"""What Discord sends when a command is run or typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from discord import app_commands

from bot.discord.client import PatchbayBot


def walk(bot: PatchbayBot) -> Iterator[app_commands.Command[Any, ..., Any]]:
    """Yield every command."""
    for command in bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command


def given(option: app_commands.Parameter, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an option as Discord sends it: with its value, or a choice where only choices are allowed."""
    allowed = [choice.value for choice in option.choices]
    value = values[option.name]
    value = value if not allowed or value in allowed else allowed[-1]
    return {"name": option.display_name, "type": option.type.value, "value": value}


def run(
    bot: PatchbayBot,
    command: app_commands.Command[Any, ..., Any],
    options: list[dict[str, Any]],
    resolved: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what Discord sends when a command is run, or typed."""
    if command.parent is not None:
        options = [{"name": command.name, "type": 1, "options": options}]
    top = command.root_parent or command
    known = {"id": str(bot.services.links.ids.get(top.name, 1)), "name": top.name, "type": 1}
    return {**known, "options": options, "resolved": dict(resolved or {})}
