"""``/toolzz status``: one integration, its channels and its diagnosis, and the buttons between them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

import discord

from bot.kit.integration import read_id
from bot.providers.toolzz import ToolzzProvider
from bot.runtime.alert_buttons import mute_buttons
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection, reopen
from bot.runtime.details import answer_diagnosis
from bot.ui.components import Interaction, LastingButton, offer_retry, view_of
from bot.ui.pages import Turn, pages_of, read_page_number, turns
from bot.ui.replies import renew, think
from cogs.toolzz.channels import channels_embed
from cogs.toolzz.diagnose import find_out
from cogs.toolzz.embeds import next_step, status_embed
from cogs.toolzz.link import link_button
from cogs.toolzz.sight import look
from cogs.toolzz.way_back import way_back

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.services.connections import Connection
    from cogs.toolzz.sight import Sight

_ONE: Final = r"(?P<connection>[a-z0-9_-]{1,20}):(?P<integration>[A-Za-z0-9_-]{1,64})"


class RefreshButton(LastingButton, template=rf"toolzz:status:{_ONE}"):
    """Reads the same integration again, into the same message; also the way back to it."""

    def __init__(self, *, texts: Texts, connection: str, integration: str, back: bool = False) -> None:
        custom_id = f"toolzz:status:{connection}:{integration}"
        button = Turn.SAME.button(texts, custom_id)
        if back:
            button.label, button.emoji = texts("toolzz.status.back"), Turn.UP.symbol
        super().__init__(button)
        self._connection = connection
        self._integration = integration

    async def press(self, interaction: Interaction) -> None:
        """Read again."""
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        await renew(interaction, *await read_status(interaction, bot, opened, self._integration))


class ChannelsButton(LastingButton, template=rf"toolzz:ch:(?P<page>[0-9]{{1,3}}):{_ONE}"):
    """Shows a page of the integration's channels in the place of its status."""

    def __init__(
        self,
        *,
        texts: Texts,
        connection: str,
        integration: str,
        page: str = "1",
        turn: Turn | None = None,
        disabled: bool = False,
    ) -> None:
        """turn: None on the status itself, from where there is nothing to turn yet."""
        custom_id = f"toolzz:ch:{page}:{connection}:{integration}"
        super().__init__(
            discord.ui.Button(label=texts("toolzz.channels.button"), emoji="💬", custom_id=custom_id)
            if turn is None
            else turn.button(texts, custom_id, disabled=disabled)
        )
        self._connection = connection
        self._integration = integration
        self._page = page

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        page = read_page_number(self._page)
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        await renew(interaction, *await _read_channels(interaction, bot, opened, self._integration, page))


class DiagnoseButton(LastingButton, template=rf"toolzz:why:{_ONE}"):
    """Looks for what is wrong, and tells whoever pressed it alone."""

    def __init__(self, *, texts: Texts, connection: str, integration: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.diagnose.button"),
                emoji="🩺",
                custom_id=f"toolzz:why:{connection}:{integration}",
            )
        )
        self._connection = connection
        self._integration = integration

    async def press(self, interaction: Interaction) -> None:
        """Diagnose now; what Toolzz refuses is a part of the answer."""
        await think(interaction)
        bot = cast("PatchbayBot", interaction.client)
        texts = bot.catalog[interaction.locale.value]
        again = DiagnoseButton(texts=texts, connection=self._connection, integration=self._integration)
        offer_retry(interaction, again)
        opened = await open_connection(interaction, "toolzz", self._connection)
        found = await find_out(interaction, bot, opened, self._integration)
        await answer_diagnosis(interaction, bot, ("toolzz", self._integration), found, again)


def integration_id(bot: PatchbayBot, connection: Connection, text: str) -> str:
    """Return the id that a member means: an id, or a title that was just suggested.

    Raises InvalidInputError("integration").
    """
    choice = bot.choices.known(connection, text)
    return read_id(text if choice is None else choice.id, "integration")


async def read_status(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask Toolzz and Discord and build the reply. Raises ProviderError, then shown with the same button."""
    texts = bot.catalog[interaction.locale.value]
    refresh = RefreshButton(texts=texts, connection=connection.name, integration=integration)
    offer_retry(interaction, refresh)
    sight = await _read(bot, connection, integration)
    view = view_of(
        refresh,
        ChannelsButton(texts=texts, connection=connection.name, integration=integration),
        DiagnoseButton(texts=texts, connection=connection.name, integration=integration),
    )
    for mute in await mute_buttons(bot, connection.guild_id, connection.provider, integration, texts):
        view.add_item(mute)
    if link := await link_button(bot, connection, integration, sight.report, texts):
        view.add_item(link)
    for back in way_back(interaction, texts):
        view.add_item(back)
    return status_embed(sight, int(time.time()), texts), view


async def show_status(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> discord.Embed:
    """Return the embed alone, for those whom our buttons are not for. Raises ProviderError."""
    sight = await _read(bot, connection, integration)
    return status_embed(sight, int(time.time()), bot.catalog[interaction.locale.value])


async def _read_channels(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str, page: int
) -> tuple[discord.Embed, discord.ui.View]:
    texts = bot.catalog[interaction.locale.value]

    def button(to: int, turn: Turn = Turn.SAME, *, disabled: bool = False) -> ChannelsButton:
        return ChannelsButton(
            texts=texts,
            connection=connection.name,
            integration=integration,
            page=str(to),
            turn=turn,
            disabled=disabled,
        )

    offer_retry(interaction, button(page))
    sight = await _read(bot, connection, integration)
    last = pages_of(len(sight.report.channels))
    # There may be fewer of them since the button was made.
    page = min(page, last)
    view = view_of(
        *(button(to, turn, disabled=nowhere) for to, turn, nowhere in turns(page, last)),
        RefreshButton(texts=texts, connection=connection.name, integration=integration, back=True),
        *way_back(interaction, texts),
    )
    return channels_embed(sight, page, int(time.time()), next_step(sight, texts), texts), view


async def _read(bot: PatchbayBot, connection: Connection, integration: str) -> Sight:
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    report = await client.integration(integration)
    return await look(bot, connection, integration, report)
