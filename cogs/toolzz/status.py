"""Reads an integration's status for the command and for its Refresh button."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import discord

from bot.kit.integration import read_id
from bot.providers.toolzz import ToolzzProvider
from bot.runtime.client import PatchbayBot
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry, view_of
from bot.ui.replies import renew
from cogs.toolzz.embeds import status_embed

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.services.connections import Connection


class RefreshButton(
    LastingButton,
    template=r"toolzz:status:(?P<connection>[a-z0-9_-]{1,20}):(?P<integration>[A-Za-z0-9_-]{1,64})",
):
    """Reads the same integration again, into the same message."""

    def __init__(self, *, texts: Texts, connection: str, integration: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.status.refresh"),
                emoji="🔄",
                custom_id=f"toolzz:status:{connection}:{integration}",
            )
        )
        self._connection = connection
        self._integration = integration

    async def press(self, interaction: Interaction) -> None:
        """Read again."""
        await interaction.response.defer()
        bot = cast("PatchbayBot", interaction.client)
        opened = await bot.connections.open(guild_of(interaction), "toolzz", self._connection)
        await renew(interaction, *await read_status(interaction, bot, opened, self._integration))


def integration_id(bot: PatchbayBot, connection: Connection, text: str) -> str:
    """Return the id that a member means: an id, or a title that was just suggested.

    Raises InvalidInputError("integration").
    """
    choice = bot.choices.known(connection, text)
    return read_id(text if choice is None else choice.id, "integration")


async def read_status(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask Toolzz and build the reply. Raises ProviderError, which is then shown with the same button."""
    texts = bot.catalog[interaction.locale.value]
    button = RefreshButton(texts=texts, connection=connection.name, integration=integration)
    offer_retry(interaction, button)
    provider = bot.provider(ToolzzProvider)
    report = await provider.client(connection.credentials).integration(integration)
    known = bot.choices.known(connection, integration)
    if report.title is None and known is not None:
        # The short form of the report has no title; the list that the member picked from has.
        report = report.model_copy(update={"title": known.label})
    return status_embed(report, interaction.guild, guild_of(interaction), int(time.time()), texts), view_of(
        button
    )
