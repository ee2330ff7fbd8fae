"""``/sensay``: replicas and their Discord bots."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.sensay.commands import Sensay
from cogs.sensay.forms import ConnectButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the button that outlives a restart."""
    bot.add_dynamic_items(ConnectButton)
    await bot.add_cog(Sensay(bot))
