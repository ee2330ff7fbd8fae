"""``/setup``: from nothing to an agent that is connected, step by step."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.setup.command import Setup
from cogs.setup.stepper import (
    AlertsSelect,
    AllButton,
    ConnectionSelect,
    FormButton,
    OfferSelect,
    StepsButton,
)


async def setup(bot: PatchbayBot) -> None:
    """Add the command and the components that outlive a restart."""
    bot.add_dynamic_items(AllButton, StepsButton, ConnectionSelect, FormButton, OfferSelect, AlertsSelect)
    await bot.add_cog(Setup(bot))
