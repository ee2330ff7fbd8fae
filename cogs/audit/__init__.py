"""``/audit``: what was changed in a server, by whom, and with which result."""

from functools import partial

from bot.discord.client import PatchbayBot
from bot.features.audit.upkeep import maintain_log
from cogs.audit.commands import Audit
from cogs.audit.listing import AuditListButton, AuditPageButton
from cogs.audit.mirror import AuditMirror


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the buttons that survive a restart, and what copies new entries to a channel."""
    bot.services.audit.subscribe(AuditMirror(bot).take)
    bot.add_dynamic_items(AuditPageButton, AuditListButton)
    bot.workers.start_when_ready(partial(maintain_log, bot.services.audit, bot.serves))
    await bot.add_cog(Audit())
