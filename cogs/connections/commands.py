"""``/connections add, list, test, rotate, remove``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.kit.tier import Tier
from bot.providers import providers
from bot.runtime.connections import open_connection
from bot.runtime.credentials import ADD, ROTATE, ask_for_credentials
from bot.runtime.guard import needs
from bot.runtime.suggestions import suggest_connections
from bot.runtime.translator import said
from bot.ui.components import Interaction, guild_of
from bot.ui.confirm import Confirm
from bot.ui.replies import answer, think
from cogs.connections import embeds

if TYPE_CHECKING:
    import discord

    from bot.runtime.client import PatchbayBot

_PROVIDERS = [app_commands.Choice(name=provider.name, value=provider.slug) for provider in providers()]
_NAME = said("connections.option.name")
_PROVIDER = said("connections.option.provider")


@needs(Tier.MANAGER)
class Connections(
    commands.GroupCog, group_name="connections", group_description=said("connections.description")
):
    """Managers keep their server's credentials here."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="add", description=said("connections.add.description"))
    @app_commands.describe(provider=_PROVIDER, name=said("connections.option.new_name"))
    @app_commands.choices(provider=_PROVIDERS)
    async def add(self, interaction: Interaction, provider: str, name: str | None = None) -> None:
        """Ask for credentials, try them, store them."""
        await ask_for_credentials(interaction, self._bot, ADD, provider, name)

    @app_commands.command(name="rotate", description=said("connections.rotate.description"))
    @app_commands.describe(provider=_PROVIDER, name=_NAME)
    @app_commands.choices(provider=_PROVIDERS)
    async def rotate(self, interaction: Interaction, provider: str, name: str | None = None) -> None:
        """Ask for new credentials, try them, and only then let go of the old ones."""
        await ask_for_credentials(interaction, self._bot, ROTATE, provider, name)

    @app_commands.command(name="list", description=said("connections.list.description"))
    async def list_(self, interaction: Interaction) -> None:
        """Show what is stored, no secret among it."""
        await think(interaction)
        summaries = await self._bot.connections.summaries(guild_of(interaction))
        await answer(
            interaction, *embeds.overview(summaries, self._bot, self._bot.catalog[interaction.locale.value])
        )

    @app_commands.command(name="test", description=said("connections.test.description"))
    @app_commands.describe(provider=_PROVIDER, name=_NAME)
    @app_commands.choices(provider=_PROVIDERS)
    async def test(self, interaction: Interaction, provider: str, name: str | None = None) -> None:
        """Try stored credentials."""
        await think(interaction)
        opened = await open_connection(interaction, provider, name)
        summary = await self._bot.connections.test(opened.guild_id, provider, opened.name)
        await answer(
            interaction, embeds.tested(summary, self._bot, self._bot.catalog[interaction.locale.value])
        )

    @app_commands.command(name="remove", description=said("connections.remove.description"))
    @app_commands.describe(provider=_PROVIDER, name=_NAME)
    @app_commands.choices(provider=_PROVIDERS)
    async def remove(self, interaction: Interaction, provider: str, name: str | None = None) -> None:
        """Forget credentials, once the member has confirmed."""
        await think(interaction)
        texts = self._bot.catalog[interaction.locale.value]
        found = await self._bot.connections.find(guild_of(interaction), provider, name)
        shown = self._bot.connections.provider(provider).name
        await Confirm(
            texts,
            interaction,
            texts("connections.remove.button", provider=shown, name=found.name),
            embeds.kept(shown, found.name, texts),
            embeds.kept(shown, found.name, texts, asked_in_vain=True),
            partial(self._remove, provider, found.name),
        ).ask(embeds.removal(shown, found.name, texts))

    @rotate.autocomplete("name")
    @test.autocomplete("name")
    @remove.autocomplete("name")
    async def _names(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_connections(interaction, self._bot, interaction.namespace.provider, typed)

    async def _remove(self, provider: str, name: str, interaction: Interaction) -> tuple[discord.Embed, None]:
        guild_id, target = guild_of(interaction), f"{provider} · {name}"
        async with self._bot.audit.change(guild_id, interaction.user.id, "connection.remove", target):
            await self._bot.connections.remove(guild_id, provider, name)
        texts = self._bot.catalog[interaction.locale.value]
        return embeds.removed(self._bot.providers[provider].name, name, texts), None
