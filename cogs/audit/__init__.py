"""``/audit``: what was changed in a server, by whom, and with which result."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.audit.commands import Audit
from cogs.audit.listing import ListButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the button that outlives a restart."""
    bot.add_dynamic_items(ListButton)
    await bot.add_cog(Audit(bot))
