"""``/audit``: what was changed in a server, by whom, and with which result."""

from bot.discord.client import PatchbayBot
from cogs.audit.commands import Audit
from cogs.audit.listing import AuditPageButton
from cogs.audit.mirror import AuditMirror


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the button that survives a restart, and what copies new entries to a channel."""
    bot.services.audit.subscribe(AuditMirror(bot).take)
    bot.add_dynamic_items(AuditPageButton)
    await bot.add_cog(Audit())
