"""``/access``: who may do what here, beyond what Discord's permissions allow."""

from bot.discord.client import PatchbayBot
from cogs.access.commands import AccessGrants


async def setup(bot: PatchbayBot) -> None:
    """Add the command group."""
    await bot.add_cog(AccessGrants(bot))
