"""Sends a server's alerts to a channel, once it is sure that they would arrive."""

from typing import Final

import discord

from bot.discord.access.agent_bots import permission_names
from bot.discord.context import Context
from bot.errors import InvalidInputError
from bot.features.alerts.routes import Route
from bot.features.alerts.service import RouteSettings
from cogs.alerts.route_options import About, settings_of

NEEDED_PERMISSIONS: Final = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)
"""What the bot needs in a channel that alerts go to."""


async def set_route(
    ctx: Context,
    channel: discord.TextChannel,
    settings: RouteSettings = RouteSettings(),  # noqa: B008 - it cannot be changed
    *,
    number: int = 0,
) -> Route:
    """Send the alerts that the settings choose to a channel from now on.

    number: the rule that is replaced, 0 for a new one. Raises InvalidInputError("alert_channel",
    "alert_role"), and what AlertService.set_route raises.
    """
    target = f"channel · {channel.id}"
    async with ctx.change("alerts.set", f"{target} · rule {number}" if number else target) as change:
        missing = discord.Permissions(
            NEEDED_PERMISSIONS.value & ~channel.permissions_for(channel.guild.me).value
        )
        if missing:
            raise InvalidInputError("alert_channel", permissions=permission_names(missing, ctx.texts))
        for role in roles_of(settings, channel.guild):
            if role.is_default():
                raise InvalidInputError("alert_role")
        route = await ctx.services.alerts.set_route(
            ctx.guild_id, channel.id, settings, member_id=ctx.member.id, number=number
        )
        change.target = f"{target} · rule {route.number}"
    return route


async def set_channel(ctx: Context, channel: discord.TextChannel) -> None:
    """Send the alerts about everything to a channel; the rest of the rule stays as it is, if there is one.

    A role that was deleted is no longer mentioned. Raises what ``set_route`` raises.
    """
    routes = await ctx.services.alerts.routes(ctx.guild_id)
    rule = next((each for each in routes if About.of(each) == About()), None)
    if rule is None:
        await set_route(ctx, channel)
    else:
        await set_route(ctx, channel, settings_of(rule, channel.guild), number=rule.number)


def roles_of(settings: RouteSettings, guild: discord.Guild) -> list[discord.Role]:
    """Return the roles that the alerts mention, without those that were deleted."""
    found = (guild.get_role(each) for each in (settings.role_id, settings.second_role_id) if each is not None)
    return [role for role in found if role is not None]
