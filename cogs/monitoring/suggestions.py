"""Suggests the integrations that a guild has under watch."""

from bot.discord.commands import Suggestion
from bot.discord.context import Context
from cogs.monitoring.formatting import plain_name, symbol, told_apart


async def suggest_watched(ctx: Context) -> list[Suggestion]:
    """Suggest the guild's watched integrations of all providers, worst first, without asking a provider."""
    found = await ctx.services.monitoring.integrations(ctx.guild_id)
    return [
        Suggestion(f"{symbol(each)} {plain_name(each)}", each.key, (before.label, each.label, each.id))
        for before, each in zip(found, told_apart(found, ctx.services.providers), strict=True)
    ]
