"""``/sensay``."""

from __future__ import annotations

from discord import app_commands
from discord.ext import commands

from bot.kit.tier import Tier
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection
from bot.runtime.guard import needs, paced
from bot.runtime.suggestions import suggest_choices, suggest_connections
from bot.runtime.translator import said
from bot.ui.components import Interaction
from bot.ui.replies import answer, think
from cogs.sensay.ask import LONGEST_QUESTION, answer_of
from cogs.sensay.disconnect import ask_first
from cogs.sensay.forms import open_form
from cogs.sensay.replicas import LONGEST_SEARCH, read_page
from cogs.sensay.status import read_status
from cogs.sensay.usage import MOST_DAYS, read_usage

_CONNECTION = said("connections.option.connection")
_SHARE = said("option.share")


@needs(Tier.MANAGER)
class Sensay(commands.GroupCog, group_name="sensay", group_description=said("sensay.description")):
    """Managers put Sensay's replicas into their server here, and see how they are doing."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @paced(5, 60)
    @app_commands.command(name="connect", description=said("sensay.connect.description"))
    @app_commands.describe(replica=said("sensay.connect.option.replica"), connection=_CONNECTION)
    async def connect(self, interaction: Interaction, replica: str, connection: str | None = None) -> None:
        """Ask for the bot token of a replica, look whose it is, and hand it to Sensay once confirmed."""
        await open_form(interaction, self._bot, replica, connection)

    @app_commands.command(name="status", description=said("sensay.status.description"))
    @app_commands.describe(replica=said("sensay.status.option.replica"), connection=_CONNECTION, share=_SHARE)
    async def status(
        self,
        interaction: Interaction,
        replica: str | None = None,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """Show how one replica, or every replica that is on Discord, is doing there."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "sensay", connection)
        await answer(interaction, *await read_status(interaction, self._bot, opened, replica))

    @app_commands.command(name="replicas", description=said("sensay.replicas.description"))
    @app_commands.describe(
        search=said("sensay.replicas.option.search"),
        everyone=said("sensay.replicas.option.everyone"),
        connection=_CONNECTION,
        share=_SHARE,
    )
    async def replicas(
        self,
        interaction: Interaction,
        search: app_commands.Range[str, 1, LONGEST_SEARCH] | None = None,
        everyone: bool = False,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """List the replicas that the credentials own, on request everybody's public ones too."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "sensay", connection)
        await answer(
            interaction, *await read_page(interaction, self._bot, opened, search or "", everyone=everyone)
        )

    @paced(3, 30)
    @app_commands.command(name="ask", description=said("sensay.ask.description"))
    @app_commands.describe(
        replica=said("sensay.ask.option.replica"),
        message=said("sensay.ask.option.message"),
        keep=said("sensay.ask.option.keep"),
        connection=_CONNECTION,
        share=_SHARE,
    )
    async def ask(
        self,
        interaction: Interaction,
        replica: str,
        message: app_commands.Range[str, 1, LONGEST_QUESTION],
        keep: bool = False,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """Put a question to a replica, to see that it answers."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "sensay", connection)
        await answer(
            interaction, *await answer_of(interaction, self._bot, opened, replica, message, keep=keep)
        )

    @paced(3, 30)
    @app_commands.command(name="usage", description=said("sensay.usage.description"))
    @app_commands.describe(
        replica=said("sensay.usage.option.replica"),
        days=said("sensay.usage.option.days"),
        connection=_CONNECTION,
        share=_SHARE,
    )
    async def usage(
        self,
        interaction: Interaction,
        replica: str | None = None,
        days: app_commands.Range[int, 1, MOST_DAYS] = MOST_DAYS,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """Show conversations by source and by day, and what the account has used this month."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "sensay", connection)
        usage = read_usage(interaction, self._bot, opened, replica, days)
        await answer(interaction, *await self._bot.unless_stopping(usage))

    @app_commands.command(name="disconnect", description=said("sensay.disconnect.description"))
    @app_commands.describe(replica=said("sensay.disconnect.option.replica"), connection=_CONNECTION)
    async def disconnect(self, interaction: Interaction, replica: str, connection: str | None = None) -> None:
        """Tell how a replica's Discord bot is stopped, and forget it here once confirmed."""
        await think(interaction)
        opened = await open_connection(interaction, "sensay", connection)
        await ask_first(interaction, self._bot, opened, replica)

    @connect.autocomplete("replica")
    @status.autocomplete("replica")
    @ask.autocomplete("replica")
    @usage.autocomplete("replica")
    @disconnect.autocomplete("replica")
    async def _replicas(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_choices(interaction, self._bot, "sensay", typed)

    @connect.autocomplete("connection")
    @status.autocomplete("connection")
    @replicas.autocomplete("connection")
    @ask.autocomplete("connection")
    @usage.autocomplete("connection")
    @disconnect.autocomplete("connection")
    async def _connections(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_connections(interaction, self._bot, "sensay", typed)
