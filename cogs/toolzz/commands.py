"""``/toolzz status``."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.runtime.client import PatchbayBot
from bot.runtime.suggestions import suggest_choices, suggest_connections
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from cogs.toolzz.status import integration_id, read_status


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Toolzz(commands.GroupCog, group_name="toolzz", group_description=said("toolzz.description")):
    """Managers see how their server's Toolzz integrations are doing."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="status", description=said("toolzz.status.description"))
    @app_commands.describe(
        integration=said("toolzz.status.option.integration"),
        connection=said("connections.option.connection"),
        share=said("option.share"),
    )
    async def status(
        self, interaction: Interaction, integration: str, connection: str | None = None, share: bool = False
    ) -> None:
        """Show one integration as Toolzz reports it now."""
        await think(interaction, share=share)
        opened = await self._bot.connections.open(guild_of(interaction), "toolzz", connection)
        wanted = integration_id(self._bot, opened, integration)
        await answer(interaction, *await read_status(interaction, self._bot, opened, wanted))

    @status.autocomplete("integration")
    async def _integrations(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_choices(interaction, self._bot, "toolzz", typed)

    @status.autocomplete("connection")
    async def _connections(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_connections(interaction, self._bot, "toolzz", typed)
