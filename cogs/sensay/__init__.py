"""``/sensay``: replicas and their Discord bots."""

from bot.discord.client import PatchbayBot
from bot.discord.context import ProviderView, SetupList
from cogs.sensay.commands import Sensay
from cogs.sensay.connect import SensayConnectButton, SensayGuideButton, SensayLookButton, show_guide
from cogs.sensay.disconnect import SensayStoppedButton
from cogs.sensay.replicas import SensayReplicasButton
from cogs.sensay.status import (
    SensayDetailsButton,
    SensayOverviewButton,
    SensayReplicaSelect,
    SensayStatusButton,
    look_up_status,
)

VIEW = ProviderView(
    status=look_up_status, lists=(SetupList(None, "sensay.offer", show_guide, "sensay connect"),)
)


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, and the components that survive a restart."""
    bot.add_dynamic_items(
        SensayConnectButton,
        SensayGuideButton,
        SensayLookButton,
        SensayStoppedButton,
        SensayOverviewButton,
        SensayStatusButton,
        SensayDetailsButton,
        SensayReplicaSelect,
        SensayReplicasButton,
    )
    await bot.add_cog(Sensay())
