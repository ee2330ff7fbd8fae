"""``/toolzz``."""

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
from cogs.toolzz.connect import open_form, suggest_agents
from cogs.toolzz.edit import offer_form
from cogs.toolzz.link import ask_to_unlink, link, suggest_linked
from cogs.toolzz.listing import read_list
from cogs.toolzz.status import integration_id, read_status

_CONNECTION = said("connections.option.connection")
_SHARE = said("option.share")


@needs(Tier.MANAGER)
class Toolzz(commands.GroupCog, group_name="toolzz", group_description=said("toolzz.description")):
    """Managers put Toolzz's agents into their server here, and see how their integrations are doing."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="status", description=said("toolzz.status.description"))
    @app_commands.describe(
        integration=said("toolzz.status.option.integration"), connection=_CONNECTION, share=_SHARE
    )
    async def status(
        self, interaction: Interaction, integration: str, connection: str | None = None, share: bool = False
    ) -> None:
        """Show one integration as Toolzz reports it now."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "toolzz", connection)
        wanted = integration_id(self._bot, opened, integration)
        await answer(interaction, *await read_status(interaction, self._bot, opened, wanted))

    @app_commands.command(name="list", description=said("toolzz.list.description"))
    @app_commands.describe(unit=said("toolzz.list.option.unit"), connection=_CONNECTION, share=_SHARE)
    async def list_(
        self,
        interaction: Interaction,
        unit: app_commands.Range[str, 1, 64] | None = None,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """List a unit's integrations, worst first."""
        await think(interaction, share=share)
        opened = await open_connection(interaction, "toolzz", connection)
        await answer(interaction, *await read_list(interaction, self._bot, opened, unit))

    @app_commands.command(name="link", description=said("toolzz.link.description"))
    @app_commands.describe(integration=said("toolzz.link.option.integration"), connection=_CONNECTION)
    async def link(self, interaction: Interaction, integration: str, connection: str | None = None) -> None:
        """Make an integration one of this server's, if that is where it runs."""
        await think(interaction)
        opened = await open_connection(interaction, "toolzz", connection)
        await link(interaction, self._bot, opened, integration_id(self._bot, opened, integration))

    @app_commands.command(name="unlink", description=said("toolzz.unlink.description"))
    @app_commands.describe(integration=said("toolzz.unlink.option.integration"))
    async def unlink(self, interaction: Interaction, integration: str) -> None:
        """Forget that an integration is this server's, once confirmed; Toolzz goes on running it."""
        await think(interaction)
        await ask_to_unlink(interaction, self._bot, integration)

    @paced(5, 60)
    @app_commands.command(name="connect", description=said("toolzz.connect.description"))
    @app_commands.describe(agent=said("toolzz.connect.option.agent"), connection=_CONNECTION)
    async def connect(self, interaction: Interaction, agent: str, connection: str | None = None) -> None:
        """Ask where and how an agent is to answer, and for its bot token; create it once confirmed."""
        await open_form(interaction, self._bot, agent, connection)

    @app_commands.command(name="edit", description=said("toolzz.edit.description"))
    @app_commands.describe(integration=said("toolzz.edit.option.integration"), connection=_CONNECTION)
    async def edit(self, interaction: Interaction, integration: str, connection: str | None = None) -> None:
        """Show how an integration is set up today, and offer the form that changes it."""
        await think(interaction)
        opened = await open_connection(interaction, "toolzz", connection)
        wanted = integration_id(self._bot, opened, integration)
        await offer_form(interaction, self._bot, opened, wanted)

    @status.autocomplete("integration")
    @link.autocomplete("integration")
    @edit.autocomplete("integration")
    async def _integrations(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_choices(interaction, self._bot, "toolzz", typed)

    @unlink.autocomplete("integration")
    async def _linked(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_linked(interaction, self._bot, typed)

    @connect.autocomplete("agent")
    async def _agents(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_agents(interaction, self._bot, typed)

    @status.autocomplete("connection")
    @list_.autocomplete("connection")
    @link.autocomplete("connection")
    @connect.autocomplete("connection")
    @edit.autocomplete("connection")
    async def _connections(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_connections(interaction, self._bot, "toolzz", typed)
