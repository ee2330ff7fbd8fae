"""``/help``: what this member can do here, and the next step."""

from bot.discord.client import PatchbayBot
from cogs.help.commands import Help


async def setup(bot: PatchbayBot) -> None:
    """Add the command."""
    await bot.add_cog(Help(bot))
