"""``/sensay``: replicas and their Discord bots."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from bot.runtime.offers import Offer
from cogs.sensay.commands import Sensay
from cogs.sensay.disconnect import StoppedButton
from cogs.sensay.forms import ConnectButton, LookButton, open_form
from cogs.sensay.replicas import ReplicasButton
from cogs.sensay.status import OverviewButton, ReplicaSelect, StatusButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the components that outlive a restart, and what `/setup` offers."""
    bot.add_dynamic_items(
        ConnectButton, LookButton, StoppedButton, OverviewButton, StatusButton, ReplicaSelect, ReplicasButton
    )
    bot.offers["sensay"] = (Offer(None, "sensay.offer", open_form),)
    await bot.add_cog(Sensay(bot))
