"""``/privacy``: what is stored of a server, as a file too, and all of it gone."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.privacy.commands import Privacy


async def setup(bot: PatchbayBot) -> None:
    """Add the command group."""
    await bot.add_cog(Privacy(bot))
