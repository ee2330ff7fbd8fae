"""Sends a server's alerts to a channel, once it is sure that they would arrive."""

import discord

from bot.discord.access.posting import PickedChannel, check_posting
from bot.discord.context import Context
from bot.errors import InvalidInputError
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.features.alerts.service import RouteSettings
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
        await check_posting(channel, ctx.member, ctx.texts, [] if role is None else [role])
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
