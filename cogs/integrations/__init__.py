"""``/integrations``: how everything that a server has connected is doing, whatever provider runs it."""

from bot.discord.client import PatchbayBot
from cogs.integrations.agent_menu import agent_status, report_answer
from cogs.integrations.commands import Integrations
from cogs.integrations.diagnose import IntegrationDiagnoseButton, respond_with_diagnosis
from cogs.integrations.history import HistoryPeriodButton, IntegrationHistoryButton
from cogs.integrations.overview import OverviewButton, OverviewSelect
from cogs.integrations.status import IntegrationDetailsButton, IntegrationStatusButton

__all__ = ["IntegrationStatusButton", "respond_with_diagnosis", "setup"]


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the entries of the Apps menus and the components that survive a restart."""
    bot.add_dynamic_items(
        OverviewButton,
        OverviewSelect,
        IntegrationStatusButton,
        IntegrationDetailsButton,
        IntegrationDiagnoseButton,
        IntegrationHistoryButton,
        HistoryPeriodButton,
    )
    bot.tree.add_command(agent_status)
    bot.tree.add_command(report_answer)
    await bot.add_cog(Integrations())
