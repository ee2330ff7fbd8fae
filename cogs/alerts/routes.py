"""Sends a server's alerts to a channel, once it is sure that they would arrive."""

from typing import Final

import discord

from bot.discord.access.agent_bots import permission_names
from bot.discord.context import Context
from bot.errors import InvalidInputError
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.features.alerts.service import RouteSettings
from bot.providers.base.integration import State

NEEDED_PERMISSIONS: Final = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)
"""What the bot needs in a channel that alerts go to."""


async def set_route(
    ctx: Context,
    channel: discord.TextChannel,
    *,
    role: discord.Role | None = None,
    states: tuple[State, ...] = DEFAULT_STATES,
    checks: int = DEFAULT_CHECKS,
    remind: int = 0,
    partial: bool = False,
) -> Route:
    """Send alerts to a channel from now on.

    Raises InvalidInputError("alert_channel", "alert_role"), and what AlertService.set_route raises.
    """
    async with ctx.change("alerts.set", f"channel · {channel.id}"):
        missing = discord.Permissions(
            NEEDED_PERMISSIONS.value & ~channel.permissions_for(channel.guild.me).value
        )
        if missing:
            raise InvalidInputError("alert_channel", permissions=permission_names(missing, ctx.texts))
        if role is not None and role.is_default():
            raise InvalidInputError("alert_role")
        return await ctx.services.alerts.set_route(
            ctx.guild_id,
            channel.id,
            RouteSettings(
                role_id=None if role is None else role.id,
                states=states,
                checks=checks,
                remind=remind,
                partial=partial,
            ),
            member_id=ctx.member.id,
            number=next((route.number for route in await ctx.services.alerts.routes(ctx.guild_id)), 0),
        )


def can_notify(role: discord.Role, channel: discord.TextChannel) -> bool:
    """Tell whether Discord lets our mention of a role notify anybody in a channel."""
    return role.mentionable or channel.permissions_for(channel.guild.me).mention_everyone
