"""Sends a guild's alerts somewhere, once it is sure that they would arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.errors import InvalidInputError
from bot.services.alerts import DEFAULT_CHECKS, DEFAULT_STATES
from bot.ui.components import gate, guild_of
from bot.ui.permissions import permission_names

if TYPE_CHECKING:
    from bot.kit.integration import State
    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route
    from bot.ui.components import Interaction

_NEEDED = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)


async def set_route(
    interaction: Interaction,
    bot: PatchbayBot,
    channel: discord.TextChannel,
    *,
    role: discord.Role | None = None,
    states: tuple[State, ...] = DEFAULT_STATES,
    checks: int = DEFAULT_CHECKS,
    remind: int = 0,
) -> Route:
    """Send alerts there from now on.

    Raises InvalidInputError("alert_channel", "alert_role"), and what AlertService.set_route raises.
    """
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, "alerts.set", f"channel · {channel.id}"):
        missing = discord.Permissions(_NEEDED.value & ~channel.permissions_for(channel.guild.me).value)
        if missing:
            names = permission_names(missing, gate(interaction).texts(interaction))
            raise InvalidInputError("alert_channel", permissions=names)
        if role is not None and role.is_default():
            raise InvalidInputError("alert_role")
        return await bot.alerts.set_route(
            guild_id,
            channel.id,
            member_id=member_id,
            role_id=None if role is None else role.id,
            states=states,
            checks=checks,
            remind=remind,
        )


def reaches(role: discord.Role, channel: discord.TextChannel) -> bool:
    """Tell whether Discord lets our mention of a role notify anybody there."""
    return role.mentionable or channel.permissions_for(channel.guild.me).mention_everyone
