"""``/access``: who may do what here, beyond what Discord's permissions allow."""

from functools import partial

from bot.discord.access.ended_grants import forget_ended_hourly
from bot.discord.client import PatchbayBot
from cogs.access.commands import AccessGrants


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, and start to look for grants that have ended once the bot knows its servers."""
    bot.workers.start_when_ready(partial(forget_ended_hourly, bot))
    await bot.add_cog(AccessGrants(bot))
