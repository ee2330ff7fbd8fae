"""``/sensay``: replicas and their Discord bots."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from bot.runtime.details import Details
from bot.runtime.offers import Offer
from cogs.sensay.commands import Sensay
from cogs.sensay.disconnect import StoppedButton
from cogs.sensay.forms import ConnectButton, LookButton, open_form
from cogs.sensay.replicas import ReplicasButton
from cogs.sensay.status import OverviewButton, ReplicaSelect, StatusButton, show_status


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the components that outlive a restart, and what others show of us."""
    bot.add_dynamic_items(
        ConnectButton, LookButton, StoppedButton, OverviewButton, StatusButton, ReplicaSelect, ReplicasButton
    )
    bot.offers["sensay"] = (Offer(None, "sensay.offer", open_form),)
    bot.details["sensay"] = Details(show_status)
    await bot.add_cog(Sensay(bot))
