"""``/toolzz``: agents and their Discord integrations."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.toolzz.commands import Toolzz
from cogs.toolzz.status import RefreshButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the button that outlives a restart."""
    bot.add_dynamic_items(RefreshButton)
    await bot.add_cog(Toolzz(bot))
