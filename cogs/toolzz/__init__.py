"""``/toolzz``: Toolzz's agents, and their integrations in this server."""

from bot.discord.client import PatchbayBot
from bot.discord.context import ProviderView, SetupList
from bot.providers.toolzz import AGENTS
from cogs.toolzz.commands import Toolzz
from cogs.toolzz.connect import (
    ToolzzCandidateSelect,
    ToolzzConnectButton,
    ToolzzGuideButton,
    ToolzzLookButton,
    show_guide,
)
from cogs.toolzz.diagnose import find_out
from cogs.toolzz.edit import ToolzzEditButton
from cogs.toolzz.link import ToolzzLinkButton, link_chosen
from cogs.toolzz.listing import ToolzzIntegrationSelect, ToolzzListButton
from cogs.toolzz.status import (
    ToolzzChannelsButton,
    ToolzzDetailsButton,
    ToolzzDiagnoseButton,
    ToolzzStatusButton,
    look_up_status,
)

VIEW = ProviderView(
    status=look_up_status,
    diagnose=find_out,
    lists=(
        SetupList(None, "toolzz.offer.link", link_chosen, "toolzz link"),
        SetupList(AGENTS, "toolzz.offer.connect", show_guide, "toolzz connect"),
    ),
)


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the components that survive a restart."""
    bot.add_dynamic_items(
        ToolzzStatusButton,
        ToolzzDetailsButton,
        ToolzzChannelsButton,
        ToolzzDiagnoseButton,
        ToolzzListButton,
        ToolzzIntegrationSelect,
        ToolzzLinkButton,
        ToolzzConnectButton,
        ToolzzGuideButton,
        ToolzzLookButton,
        ToolzzCandidateSelect,
        ToolzzEditButton,
    )
    await bot.add_cog(Toolzz())
