"""``/integrations``: what those see and are told who look after agents, whatever provider runs them."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.integrations.commands import Integrations
from cogs.integrations.diagnose import DiagnoseButton
from cogs.integrations.history import HistoryButton
from cogs.integrations.overview import IntegrationSelect, OverviewButton
from cogs.integrations.status import StatusButton


async def setup(bot: PatchbayBot) -> None:
    """Add the group and the components that outlive a restart."""
    bot.add_dynamic_items(OverviewButton, IntegrationSelect, StatusButton, DiagnoseButton, HistoryButton)
    await bot.add_cog(Integrations(bot))
