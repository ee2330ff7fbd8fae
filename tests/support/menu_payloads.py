"""The entries of the Apps menus, and what Discord sends when one is chosen."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from simcord.backend import serializers

from bot.discord.client import PatchbayBot
from tests.support.env import Env


def entries(bot: PatchbayBot) -> list[app_commands.ContextMenu]:
    """Return every entry."""
    return [each for each in bot.tree.get_commands() if isinstance(each, app_commands.ContextMenu)]


def choose(
    env: Env, bot: PatchbayBot, entry: app_commands.ContextMenu, message: discord.Message
) -> dict[str, Any]:
    """Return what Discord sends when an entry is chosen on a message, or on the account that wrote it."""
    backend = env.backend
    stored = backend.get_message(message.channel.id, message.id)
    author = str(message.author.id)
    resolved: dict[str, Any] = {
        "messages": {str(message.id): dict(serializers.message_payload(backend, stored))}
    }
    if entry.type is discord.AppCommandType.user:
        resolved = {"users": {author: dict(serializers.user_payload(backend.get_user(message.author.id)))}}
    return {
        "id": str(bot.services.links.ids.get(entry.name, 1)),
        "name": entry.name,
        "type": entry.type.value,
        "target_id": author if entry.type is discord.AppCommandType.user else str(message.id),
        "resolved": resolved,
    }
