"""Runs the checks, and formats what they find for the other cogs; has no command."""

from functools import partial

from bot.discord.client import PatchbayBot
from cogs.monitoring.suggestions import find_watched, suggest_watched

__all__ = ["find_watched", "setup", "suggest_watched"]


async def setup(bot: PatchbayBot) -> None:
    """Start the checks once the bot knows in which servers it is."""
    bot.start_when_ready(partial(bot.services.poller.run, bot.serves))
