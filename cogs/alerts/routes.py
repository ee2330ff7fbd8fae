"""Sends a server's alerts to a channel, once it is sure that they would arrive."""

import discord

from bot.discord.access.posting import PickedChannel, check_posting
from bot.discord.context import Context
from bot.errors import InvalidInputError
from bot.features.alerts.service import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.providers.base.integration import State


async def set_route(
    ctx: Context,
    channel: PickedChannel,
    *,
    role: discord.Role | None = None,
    states: tuple[State, ...] = DEFAULT_STATES,
    checks: int = DEFAULT_CHECKS,
    remind: int = 0,
    partial: bool = False,
) -> Route:
    """Send alerts to a channel from now on.

    Raises InvalidInputError("alert_role"), and what ``check_posting`` and AlertService.set_route raise.
    """
    async with ctx.change("alerts.set", f"channel · {channel.id}"):
        if role is not None and role.is_default():
            raise InvalidInputError("alert_role")
        await check_posting(channel, ctx.member, ctx.texts, role)
        return await ctx.services.alerts.set_route(
            ctx.guild_id,
            channel.id,
            member_id=ctx.member.id,
            role_id=None if role is None else role.id,
            states=states,
            checks=checks,
            remind=remind,
            partial=partial,
        )
