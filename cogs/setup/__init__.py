"""``/setup``: from nothing to an agent that is connected, step by step."""

from bot.discord.client import PatchbayBot
from cogs.setup.commands import Setup
from cogs.setup.stepper import (
    SetupAlertsSelect,
    SetupBoardSelect,
    SetupConnectionSelect,
    SetupFormButton,
    SetupLinkAllButton,
    SetupListSelect,
    SetupMoreButton,
    SetupOverviewButton,
    SetupStartButton,
    SetupStepsButton,
    SetupTestButton,
)


async def setup(bot: PatchbayBot) -> None:
    """Add the command and the components that survive a restart."""
    bot.add_dynamic_items(
        SetupAlertsSelect,
        SetupBoardSelect,
        SetupConnectionSelect,
        SetupFormButton,
        SetupLinkAllButton,
        SetupListSelect,
        SetupMoreButton,
        SetupOverviewButton,
        SetupStartButton,
        SetupStepsButton,
        SetupTestButton,
    )
    await bot.add_cog(Setup())
