"""``/connections``: a server's credentials with the providers."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from bot.runtime.credentials import CredentialButton
from cogs.connections.commands import Connections


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the button that outlives a restart."""
    bot.add_dynamic_items(CredentialButton)
    await bot.add_cog(Connections(bot))
