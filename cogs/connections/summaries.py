"""Reads what may be shown of a server's connections."""

from dataclasses import replace

from bot.discord.context import Context
from bot.features.connections.service import Summary


async def read_summaries(ctx: Context) -> list[Summary]:
    """Return the summaries of the guild's connections; ``verified_at`` is when each last worked.

    That is the last successful test, or the last check that the provider answered, whichever is later.
    """
    answered = {
        (check.provider, check.connection): check.answered_at
        for check in await ctx.services.monitoring.checks(ctx.guild_id)
    }
    return [
        replace(each, verified_at=max(each.verified_at, answered.get((each.provider, each.name)) or 0))
        for each in await ctx.services.connections.summaries(ctx.guild_id)
    ]
