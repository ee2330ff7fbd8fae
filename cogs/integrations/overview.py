"""``/integrations overview``: everything that a server has connected, across providers, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import discord

from bot.kit.integration import State
from bot.runtime.client import PatchbayBot
from bot.runtime.credentials import ROTATE, CredentialButton
from bot.runtime.watched_words import plain_name, symbol, word
from bot.services.watching import Kind
from bot.ui.components import Interaction, LastingButton, LastingSelect, guild_of, offer_retry, view_of
from bot.ui.pages import Turn, page_of, pages_of, read_page_number, turns
from bot.ui.replies import renew
from bot.ui.text import clamp
from cogs.integrations.overview_embed import empty_embed, overview_embed
from cogs.integrations.status import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.i18n.catalog import Texts

_FRESH: Final = 5.0
"""Seconds for which what was read is what is there now, whoever presses the button again."""
_MOST_BUTTONS: Final = 5
"""A row of them."""
_LONGEST: Final = 100
"""Discord's limit for an entry of a menu."""


class OverviewButton(LastingButton, template=r"integrations:(?P<how>all|check):(?P<page>[0-9]{1,5})"):
    """Shows a page of the overview in the message: ``all`` as it was found last, ``check`` as it is now."""

    def __init__(
        self, *, texts: Texts, how: str, page: str, turn: Turn = Turn.SAME, disabled: bool = False
    ) -> None:
        super().__init__(turn.button(texts, f"integrations:{how}:{page}", disabled=disabled))
        self._is_check = how == "check"
        self._page = page

    async def press(self, interaction: Interaction) -> None:
        """Show that page."""
        page = read_page_number(self._page)
        await interaction.response.defer()
        bot = cast("PatchbayBot", interaction.client)
        await renew(interaction, *await read_overview(interaction, bot, page, check=self._is_check))


class IntegrationSelect(LastingSelect, template="integrations:details"):
    """Opens one integration in the overview's place."""

    def __init__(self, *, texts: Texts, options: Sequence[discord.SelectOption] = ()) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=texts("integrations.overview.placeholder"),
                custom_id="integrations:details",
                options=list(options),
            )
        )

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Read it now."""
        await interaction.response.defer()
        await show(interaction, value)


async def read_overview(
    interaction: Interaction, bot: PatchbayBot, page: int = 1, *, check: bool = False
) -> tuple[discord.Embed, discord.ui.View]:
    """Build a page of the overview. check: read everything first, as is done in any case what never was.

    Raises RestartingError.
    """
    guild_id, texts = guild_of(interaction), bot.catalog[interaction.locale.value]
    again = OverviewButton(texts=texts, how="check", page=str(page))
    offer_retry(interaction, again)
    if await _is_due(interaction, bot, check=check):
        await bot.unless_stopping(bot.poller.check_guild(guild_id))
    found = await bot.watching.integrations(guild_id)
    troubles = await bot.watching.troubles(guild_id)
    checks = await bot.watching.checks(guild_id)
    if not found and not troubles:
        connected = bool(await bot.connections.names(guild_id))
        return empty_embed(checks, texts, connected=connected), view_of(again)
    last = pages_of(len(found))
    # There may be fewer of them since the button was made.
    page = min(page, last)
    shown = page_of(found, page)
    is_told = await bot.alerts.route(guild_id) is not None
    embed = overview_embed(found, page, troubles, checks, bot.providers, texts, is_told=is_told)
    view = view_of(
        *(
            OverviewButton(
                texts=texts,
                how="check" if turn is Turn.SAME else "all",
                page=str(to),
                turn=turn,
                disabled=nowhere,
            )
            for to, turn, nowhere in turns(page, last)
        )
    )
    if shown:
        options = [
            discord.SelectOption(
                label=plain_name(each, _LONGEST),
                value=each.key,
                description=clamp(word(each, texts), _LONGEST),
                emoji=symbol(each),
            )
            for each in shown
        ]
        view.add_item(IntegrationSelect(texts=texts, options=options))
    refused = [each for each in troubles if each.kind is Kind.CONNECTION and each.state is State.ERROR]
    for each in refused[:_MOST_BUTTONS]:
        label = texts(
            "connections.list.rotate_button", provider=bot.providers[each.provider].name, name=each.connection
        )
        view.add_item(
            CredentialButton(
                texts=texts, action=ROTATE, provider=each.provider, name=each.connection, label=label
            )
        )
    return embed, view


async def _is_due(interaction: Interaction, bot: PatchbayBot, *, check: bool) -> bool:
    """Tell whether there is something to read: what nobody has read yet, or not just now."""
    guild_id = guild_of(interaction)
    connections = {(each.provider, each.name) for each in await bot.connections.summaries(guild_id)}
    checks = {
        (each.provider, each.connection): each.checked_at for each in await bot.watching.checks(guild_id)
    }
    if connections - checks.keys():
        return True
    oldest = min((checks[each] for each in connections), default=None)
    return check and oldest is not None and interaction.created_at.timestamp() - oldest >= _FRESH
