"""``/sensay connect``."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.runtime.client import PatchbayBot
from bot.runtime.suggestions import suggest_choices, suggest_connections
from bot.runtime.translator import said
from bot.ui.components import Interaction
from cogs.sensay.forms import open_form


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Sensay(commands.GroupCog, group_name="sensay", group_description=said("sensay.description")):
    """Managers put Sensay's replicas into their server here."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="connect", description=said("sensay.connect.description"))
    @app_commands.describe(
        replica=said("sensay.connect.option.replica"), connection=said("connections.option.connection")
    )
    async def connect(self, interaction: Interaction, replica: str, connection: str | None = None) -> None:
        """Ask for the bot token of a replica and hand it to Sensay."""
        await open_form(interaction, self._bot, replica, connection)

    @connect.autocomplete("replica")
    async def _replicas(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_choices(interaction, self._bot, "sensay", typed)

    @connect.autocomplete("connection")
    async def _connections(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_connections(interaction, self._bot, "sensay", typed)
