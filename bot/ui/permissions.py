"""Which of Discord's permissions a chatting agent needs, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui.discord_token import LEAST_PERMISSIONS

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts


def needed_permissions(*, create_threads: bool) -> discord.Permissions:
    """Return what an agent's bot needs in a channel, and no more."""
    permissions = discord.Permissions(LEAST_PERMISSIONS.value)
    permissions.create_public_threads = create_threads
    return permissions


def permission_names(permissions: discord.Permissions, texts: Texts) -> str:
    """Name permissions as Discord's own settings do; bits that have no name yet are left out."""
    return ", ".join(texts(f"permission.{name}") for name, granted in permissions if granted)
