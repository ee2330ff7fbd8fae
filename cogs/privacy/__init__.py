"""``/privacy``: what is stored about a server, as a file too, and how to erase all of it."""

from bot.discord.client import PatchbayBot
from cogs.privacy.commands import Privacy


async def setup(bot: PatchbayBot) -> None:
    """Add the command group."""
    await bot.add_cog(Privacy())
