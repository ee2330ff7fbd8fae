"""``/toolzz``: agents and their Discord integrations."""

from __future__ import annotations

from bot.runtime.client import PatchbayBot
from cogs.toolzz.commands import Toolzz
from cogs.toolzz.connect import CandidateSelect, ConnectButton, LookButton
from cogs.toolzz.edit import EditButton
from cogs.toolzz.link import LinkButton
from cogs.toolzz.listing import IntegrationSelect
from cogs.toolzz.status import ChannelsButton, DiagnoseButton, RefreshButton
from cogs.toolzz.way_back import ListButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the components that outlive a restart."""
    bot.add_dynamic_items(
        RefreshButton,
        ChannelsButton,
        DiagnoseButton,
        ListButton,
        IntegrationSelect,
        LinkButton,
        ConnectButton,
        LookButton,
        CandidateSelect,
        EditButton,
    )
    await bot.add_cog(Toolzz(bot))
