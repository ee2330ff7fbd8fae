"""``/toolzz list``: a unit's integrations a page at a time, each of them a choice away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import discord

from bot.errors import InvalidInputError
from bot.kit.integration import State, is_id, read_id
from bot.providers.toolzz import ToolzzProvider
from bot.runtime.connections import reopen
from bot.ui.components import Interaction, LastingSelect, offer_retry, view_of
from bot.ui.pages import Turn, page_of, pages_of, turns
from bot.ui.replies import renew
from cogs.toolzz.integration import label_of
from cogs.toolzz.listing_embed import Listing, list_embed, symbol_of, word_of
from cogs.toolzz.status import read_status
from cogs.toolzz.way_back import PLACE, ListButton

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.client import ToolzzClient
    from bot.providers.toolzz.models import Integration
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection

_WORST_FIRST: Final = (State.ERROR, State.DISCONNECTED, State.UNKNOWN, State.INACTIVE, State.CONNECTED)


class IntegrationSelect(LastingSelect, template=rf"toolzz:one:{PLACE}"):
    """Opens one integration of the list, in its place."""

    def __init__(
        self,
        *,
        texts: Texts,
        connection: str,
        page: str,
        unit: str,
        options: Sequence[discord.SelectOption] = (),
    ) -> None:
        """page, unit: as in the button that leads back."""
        super().__init__(
            discord.ui.Select(
                placeholder=texts("toolzz.list.placeholder"),
                custom_id=f"toolzz:one:{connection}:{page}:{unit}",
                options=list(options),
            )
        )
        self._connection = connection
        self._back = ListButton(texts=texts, connection=connection, page=page, unit=unit, turn=Turn.UP)

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Read that integration now."""
        wanted = read_id(value, "integration")
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        embed, view = await read_status(interaction, bot, opened, wanted)
        await renew(interaction, embed, view.add_item(self._back))


async def read_list(
    interaction: Interaction,
    bot: PatchbayBot,
    connection: Connection,
    unit: str | None,
    *,
    page: int = 1,
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask Toolzz for a unit's list and build the reply about one page, counted from 1.

    unit: None for the connection's own. Raises ProviderError, and InvalidInputError("unit_id", "which_unit").
    """
    texts = bot.catalog[interaction.locale.value]
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    wanted = _unit(client, unit)
    named = "" if unit is None else wanted

    def button(to: int, turn: Turn = Turn.SAME, *, disabled: bool = False) -> ListButton:
        return ListButton(
            texts=texts, connection=connection.name, page=str(to), unit=named, turn=turn, disabled=disabled
        )

    offer_retry(interaction, button(page))
    listed = await client.integrations(wanted)
    # An id that comes twice would be the same entry of a menu twice, which Discord refuses.
    entries = sorted({entry.id: entry for entry in listed}.values(), key=_badness)
    last = pages_of(len(entries))
    # The list may have become shorter since the button was made.
    page = min(page, last)
    shown = page_of(entries, page)
    linked = await bot.integrations.of_guild(connection.guild_id, "toolzz")
    listing = Listing(entries, page, wanted, connection.guild_id, linked, int(time.time()))
    view = view_of(*(button(to, turn, disabled=nowhere) for to, turn, nowhere in turns(page, last)))
    if options := list(_options(shown, texts)):
        view.add_item(
            IntegrationSelect(
                texts=texts, connection=connection.name, page=str(page), unit=named, options=options
            )
        )
    return list_embed(listing, texts), view


def _unit(client: ToolzzClient, unit: str | None) -> str:
    """Return the unit that is meant. Raises InvalidInputError("unit_id", "which_unit")."""
    if unit is not None:
        return read_id(unit, "unit_id")
    if client.unit_id is None:
        raise InvalidInputError("which_unit")
    return client.unit_id


def _badness(report: Integration) -> tuple[bool, int, str]:
    return report.is_deleted, _WORST_FIRST.index(report.state), (report.title or "").casefold()


def _options(reports: Iterable[Integration], texts: Texts) -> Iterable[discord.SelectOption]:
    """Return an entry for each integration; one whose id is none could not be asked for."""
    for report in reports:
        if is_id(report.id):
            yield discord.SelectOption(
                label=label_of(report),
                value=report.id,
                description=word_of(report, texts),
                emoji=symbol_of(report),
            )
