"""``/toolzz``: agents and their Discord integrations."""

from __future__ import annotations

from bot.providers.toolzz import AGENTS
from bot.runtime.client import PatchbayBot
from bot.runtime.details import Details
from bot.runtime.offers import Offer
from cogs.toolzz.commands import Toolzz
from cogs.toolzz.connect import CandidateSelect, ConnectButton, LookButton, open_form
from cogs.toolzz.diagnose import find_out
from cogs.toolzz.edit import EditButton
from cogs.toolzz.link import LinkButton, link_chosen
from cogs.toolzz.listing import IntegrationSelect
from cogs.toolzz.status import ChannelsButton, DiagnoseButton, RefreshButton, show_status
from cogs.toolzz.way_back import ListButton


async def setup(bot: PatchbayBot) -> None:
    """Add the command group, the components that outlive a restart, and what others show of us."""
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
    bot.offers["toolzz"] = (
        Offer(None, "toolzz.offer.link", link_chosen),
        Offer(AGENTS, "toolzz.offer.connect", open_form),
    )
    bot.details["toolzz"] = Details(show_status, find_out)
    await bot.add_cog(Toolzz(bot))
