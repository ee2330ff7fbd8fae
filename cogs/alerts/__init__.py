"""``/alerts``: who is told, and where, when an integration is not well."""

from __future__ import annotations

from bot.runtime.alert_buttons import AcknowledgeButton, MuteButton, MuteSelect
from bot.runtime.client import PatchbayBot
from cogs.alerts.commands import Alerts
from cogs.alerts.listing import ListButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the components that outlive a restart."""
    bot.add_dynamic_items(AcknowledgeButton, MuteButton, MuteSelect, ListButton)
    await bot.add_cog(Alerts(bot))
