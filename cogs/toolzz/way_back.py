"""The button that leads to the list, kept under what was opened from there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import discord

from bot.runtime.connections import reopen
from bot.ui.components import Interaction, LastingButton
from bot.ui.pages import Turn, read_page_number
from bot.ui.replies import renew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.i18n.catalog import Texts

LIST: Final = "toolzz:all:"
"""How the custom id of each button under the list begins."""
# A custom id has 100 characters, and the longest of these need all of them.
PLACE: Final = r"(?P<connection>[a-z0-9_-]{1,20}):(?P<page>[0-9]{1,3}):(?P<unit>[A-Za-z0-9_-]{0,64})"


class ListButton(LastingButton, template=rf"{LIST}{PLACE}"):
    """Reads a page of the list into the message; also the way back from an integration."""

    def __init__(
        self,
        *,
        texts: Texts,
        connection: str,
        page: str,
        unit: str,
        turn: Turn = Turn.SAME,
        disabled: bool = False,
    ) -> None:
        """unit: empty for the connection's own."""
        custom_id = f"{LIST}{connection}:{page}:{unit}"
        super().__init__(turn.button(texts, custom_id, disabled=disabled))
        self._connection = connection
        self._page = page
        self._unit = unit

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        from cogs.toolzz.listing import read_list  # noqa: PLC0415 - list and status lead to each other

        page = read_page_number(self._page)
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        await renew(interaction, *await read_list(interaction, bot, opened, self._unit or None, page=page))


def way_back(interaction: Interaction, texts: Texts) -> Iterator[ListButton]:
    """Yield the button back to the list if the message has it that is about to get new content.

    Which page of whose list it leads to stands in its custom id alone: others have no room for it.
    """
    for row in interaction.message.components if interaction.message else ():
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if not isinstance(item, discord.Button) or item.emoji is None:
                continue
            place = re.fullmatch(rf"{LIST}{PLACE}", item.custom_id or "")
            if place is not None and item.emoji.name == Turn.UP.symbol:
                yield ListButton(
                    texts=texts,
                    connection=place["connection"],
                    page=place["page"],
                    unit=place["unit"],
                    turn=Turn.UP,
                )
