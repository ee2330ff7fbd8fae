"""``/setup``: from nothing to an agent that is connected, step by step."""

from bot.discord.client import PatchbayBot
from cogs.setup.commands import Setup
from cogs.setup.stepper import (
    SetupAlertsSelect,
    SetupConnectionSelect,
    SetupFormButton,
    SetupListSelect,
    SetupOverviewButton,
    SetupStepsButton,
)


async def setup(bot: PatchbayBot) -> None:
    """Add the command and the components that survive a restart."""
    bot.add_dynamic_items(
        SetupOverviewButton,
        SetupStepsButton,
        SetupConnectionSelect,
        SetupFormButton,
        SetupListSelect,
        SetupAlertsSelect,
    )
    await bot.add_cog(Setup())
