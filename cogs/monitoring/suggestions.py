"""Suggests the integrations that a guild has under watch, and finds the one that a member means."""

from bot.discord.commands import Suggestion
from bot.discord.context import Context
from bot.features.monitoring.service import Watched
from cogs.monitoring.formatting import plain_name, symbol, told_apart


async def suggest_watched(ctx: Context) -> list[Suggestion]:
    """Suggest the guild's watched integrations of all providers, worst first, without asking a provider."""
    found = await ctx.services.monitoring.integrations(ctx.guild_id)
    return [
        Suggestion(f"{symbol(each)} {plain_name(each)}", each.key, (before.label, each.label, each.id))
        for before, each in zip(found, told_apart(found, ctx.services.providers), strict=True)
    ]


async def find_watched(ctx: Context, text: str) -> Watched:
    """Return the integration that a member means, with the name that it has in suggestions and lists.

    Raises what ``MonitoringService.find`` raises.
    """
    wanted = await ctx.services.monitoring.find(ctx.guild_id, text)
    found = await ctx.services.monitoring.integrations(ctx.guild_id)
    shown = told_apart(found, ctx.services.providers)
    return next((each for each in shown if each.key == wanted.key), wanted)
