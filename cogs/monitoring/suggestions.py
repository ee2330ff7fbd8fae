"""Suggests the integrations that a guild has under watch."""

from bot.discord.commands import Suggestion
from bot.discord.context import Context
from cogs.monitoring.formatting import plain_name, symbol

_MAX_NAME_LENGTH = 97
"""Discord's limit of 100 without the symbol, which counts as two, and a space."""


async def suggest_watched(ctx: Context) -> list[Suggestion]:
    """Suggest the guild's watched integrations of all providers, worst first, without asking a provider."""
    return [
        Suggestion(f"{symbol(each)} {plain_name(each, _MAX_NAME_LENGTH)}", each.key, (each.label, each.id))
        for each in await ctx.services.monitoring.integrations(ctx.guild_id)
    ]
