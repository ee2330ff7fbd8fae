"""Sends a server's alerts to a channel, once it is sure that they would arrive."""

import discord

from bot.discord.access.posting import PickedChannel, check_posting
from bot.discord.context import Context
from bot.errors import InvalidInputError
from bot.features.alerts.routes import Route
from bot.features.alerts.service import RouteSettings
from cogs.alerts.route_options import About, settings_of


async def set_route(
    ctx: Context,
    channel: PickedChannel,
    settings: RouteSettings = RouteSettings(),  # noqa: B008 - it cannot be changed
    *,
    number: int = 0,
) -> Route:
    """Send the alerts that the settings choose to a channel from now on.

    number: the rule that is replaced, 0 for a new one. Raises InvalidInputError("alert_role"), and what
    ``check_posting`` and AlertService.set_route raise.
    """
    target = f"channel · {channel.id}"
    async with ctx.change("alerts.set", f"{target} · rule {number}" if number else target) as change:
        roles = _roles_of(settings, ctx.guild)
        if any(role.is_default() for role in roles):
            raise InvalidInputError("alert_role")
        await check_posting(channel, ctx.member, ctx.texts, roles)
        route = await ctx.services.alerts.set_route(
            ctx.guild_id, channel.id, settings, member_id=ctx.member.id, number=number
        )
        change.target = f"{target} · rule {route.number}"
    return route


async def set_channel(ctx: Context, channel: PickedChannel) -> None:
    """Send the alerts about everything to a channel; the rest of the rule stays as it is, if there is one.

    A role that was deleted is no longer mentioned. Raises what ``set_route`` raises.
    """
    routes = await ctx.services.alerts.routes(ctx.guild_id)
    rule = next((each for each in routes if About.of(each) == About()), None)
    if rule is None:
        await set_route(ctx, channel)
    else:
        await set_route(ctx, channel, settings_of(rule, ctx.guild), number=rule.number)


def _roles_of(settings: RouteSettings, guild: discord.Guild | None) -> list[discord.Role]:
    """Return the roles that the alerts mention, without those that were deleted."""
    ids = (settings.role_id, settings.second_role_id)
    found = (guild.get_role(each) for each in ids if guild is not None and each is not None)
    return [role for role in found if role is not None]
