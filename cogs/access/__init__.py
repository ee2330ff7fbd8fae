"""``/access``: who may do what here, beyond what goes with Discord's permissions."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.access.commands import Access


async def setup(bot: PatchbayBot) -> None:
    """Add the command group."""
    await bot.add_cog(Access(bot))
