"""``/sensay``: replicas and their Discord bots."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.sensay.commands import Sensay
from cogs.sensay.disconnect import StoppedButton
from cogs.sensay.forms import ConnectButton, LookButton
from cogs.sensay.replicas import ReplicasButton
from cogs.sensay.status import OverviewButton, ReplicaSelect, StatusButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the components that outlive a restart."""
    bot.add_dynamic_items(
        ConnectButton, LookButton, StoppedButton, OverviewButton, StatusButton, ReplicaSelect, ReplicasButton
    )
    await bot.add_cog(Sensay(bot))
