"""``/setup``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.kit.tier import Tier
from bot.runtime.guard import needs
from bot.runtime.translator import said
from bot.ui.components import Interaction
from bot.ui.replies import answer, think
from cogs.setup.stepper import all_providers

if TYPE_CHECKING:
    from bot.runtime.client import PatchbayBot


class Setup(commands.Cog):
    """Managers begin here, and go on here."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @needs(Tier.MANAGER)
    @app_commands.command(name="setup", description=said("setup.description"))
    async def setup(self, interaction: Interaction) -> None:
        """Show every provider and how far this server has come with it."""
        await think(interaction)
        await answer(interaction, *await all_providers(interaction, self._bot))
