"""No command: follows which servers the bot is in."""

from functools import partial

from bot.discord.client import PatchbayBot
from bot.discord.due_work import do_due_work_hourly
from cogs.guilds.greeting import START_ROUTE, START_SYMBOL, greet_when_due
from cogs.guilds.rounds import Guilds, reconcile_hourly

__all__ = ["START_ROUTE", "START_SYMBOL", "setup"]


async def setup(bot: PatchbayBot) -> None:
    """Add the listeners, and start the rounds once the bot knows in which servers it is."""
    # Not when ready: what is due must not wait for Discord.
    bot.services.background.start(do_due_work_hourly(bot))
    bot.workers.start_when_ready(partial(greet_when_due, bot))
    bot.workers.start_when_ready(partial(reconcile_hourly, bot))
    await bot.add_cog(Guilds(bot))
