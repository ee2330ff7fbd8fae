"""``/integrations``."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.kit.tier import Tier
from bot.runtime.client import PatchbayBot
from bot.runtime.guard import needs
from bot.runtime.suggestions import suggest_watched
from bot.runtime.translator import said
from bot.ui.components import Interaction
from bot.ui.replies import answer, think
from cogs.integrations.board import put_up, take_down
from cogs.integrations.diagnose import find_out
from cogs.integrations.history import DEFAULT_DAYS, MOST_DAYS, read_history
from cogs.integrations.overview import read_overview
from cogs.integrations.status import read_status

_INTEGRATION = said("integrations.option.integration")
_SHARE = said("option.share")


@needs(Tier.VIEWER)
class Integrations(
    commands.GroupCog, group_name="integrations", group_description=said("integrations.description")
):
    """Viewers see here how everything that the server has connected is doing."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="overview", description=said("integrations.overview.description"))
    @app_commands.describe(share=_SHARE)
    async def overview(self, interaction: Interaction, share: bool = False) -> None:
        """Show everything that is connected here, worst first."""
        await think(interaction, share=share)
        await answer(interaction, *await read_overview(interaction, self._bot))

    @app_commands.command(name="status", description=said("integrations.status.description"))
    @app_commands.describe(integration=_INTEGRATION, share=_SHARE)
    async def status(self, interaction: Interaction, integration: str, share: bool = False) -> None:
        """Show one integration as its provider reports it now."""
        await think(interaction, share=share)
        await answer(interaction, *await read_status(interaction, self._bot, integration))

    @app_commands.command(name="history", description=said("integrations.history.description"))
    @app_commands.describe(
        integration=_INTEGRATION, days=said("integrations.history.option.days"), share=_SHARE
    )
    async def history(
        self,
        interaction: Interaction,
        integration: str,
        days: app_commands.Range[int, 1, MOST_DAYS] = DEFAULT_DAYS,
        share: bool = False,
    ) -> None:
        """Show which state an integration was in when, and how available it was."""
        await think(interaction, share=share)
        await answer(interaction, *await read_history(interaction, self._bot, integration, days))

    @app_commands.command(name="diagnose", description=said("integrations.diagnose.description"))
    @app_commands.describe(integration=_INTEGRATION)
    async def diagnose(self, interaction: Interaction, integration: str) -> None:
        """Find out what is wrong with an integration."""
        await think(interaction)
        await find_out(interaction, self._bot, integration)

    @app_commands.command(name="board", description=said("integrations.board.description"))
    @app_commands.describe(channel=said("integrations.board.option.channel"))
    async def board(self, interaction: Interaction, channel: discord.TextChannel | None = None) -> None:
        """Keep a message live that shows how everything is doing, or no longer."""
        await think(interaction)
        changing = (
            take_down(interaction, self._bot) if channel is None else put_up(interaction, self._bot, channel)
        )
        await answer(interaction, await changing)

    @status.autocomplete("integration")
    @history.autocomplete("integration")
    @diagnose.autocomplete("integration")
    async def _integrations(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_watched(interaction, self._bot, typed)
