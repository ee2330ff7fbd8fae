"""Runs the checks, and formats what they find for the other cogs; has no command."""

from functools import partial

from bot.discord.client import PatchbayBot
from cogs.monitoring.signals import AccessSignals
from cogs.monitoring.suggestions import suggest_watched

__all__ = ["setup", "suggest_watched"]


async def setup(bot: PatchbayBot) -> None:
    """Add the listeners, and start the checks once the bot knows in which servers it is."""
    await bot.add_cog(AccessSignals(bot.services.guild_access))
    bot.start_when_ready(partial(bot.services.poller.run, bot.serves))
