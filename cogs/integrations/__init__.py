"""``/integrations``: how everything that a server has connected is doing, whatever provider runs it."""

from bot.discord.client import PatchbayBot
from cogs.integrations.commands import Integrations
from cogs.integrations.diagnose import IntegrationDiagnoseButton, respond_with_diagnosis
from cogs.integrations.history import HistoryPeriodButton, IntegrationHistoryButton
from cogs.integrations.overview import OverviewButton, OverviewSelect
from cogs.integrations.status import IntegrationDetailsButton, IntegrationStatusButton

__all__ = ["respond_with_diagnosis", "setup"]


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the components that survive a restart."""
    bot.add_dynamic_items(
        OverviewButton,
        OverviewSelect,
        IntegrationStatusButton,
        IntegrationDetailsButton,
        IntegrationDiagnoseButton,
        IntegrationHistoryButton,
        HistoryPeriodButton,
    )
    await bot.add_cog(Integrations())
