"""``/audit list``: a page of the log at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from bot.errors import InvalidInputError
from bot.services.audit import ACTIONS
from bot.ui.components import Interaction, LastingButton, guild_of, view_of
from bot.ui.pages import PAGE_SIZE, Turn, pages_of, read_page_number, turns
from bot.ui.replies import renew
from cogs.audit.embeds import listing

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot

_LARGEST_ID: Final = 2**63 - 1


class Filter(NamedTuple):
    """Whose entries, and of which kind; None for all."""

    member: int | None
    action: str | None


class ListButton(
    LastingButton,
    template=r"audit:list:(?P<page>[0-9]{1,5}):(?P<member>[0-9]{1,20}):(?P<action>[a-z_.]{0,40})",
):
    """Reads a page of the same entries into the message."""

    def __init__(
        self,
        *,
        texts: Texts,
        page: str,
        member: str,
        action: str,
        turn: Turn = Turn.SAME,
        disabled: bool = False,
    ) -> None:
        """member: 0 for all. action: empty for all."""
        super().__init__(turn.button(texts, f"audit:list:{page}:{member}:{action}", disabled=disabled))
        self._page = page
        self._filter = Filter(int(member) or None, action or None)

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        page = read_page_number(self._page)
        await interaction.response.defer()
        bot = cast("PatchbayBot", interaction.client)
        await renew(interaction, *await read_page(interaction, bot, self._filter, page=page))


async def read_page(
    interaction: Interaction, bot: PatchbayBot, wanted: Filter, *, page: int = 1
) -> tuple[discord.Embed, discord.ui.View]:
    """Read a page, counted from 1, and check the log. Raises InvalidInputError("audit_action", "option")."""
    member, action = wanted
    if action is not None and action not in ACTIONS:
        raise InvalidInputError("audit_action")
    if member is not None and member > _LARGEST_ID:
        raise InvalidInputError("option")
    guild_id = guild_of(interaction)
    texts = bot.catalog[interaction.locale.value]
    found = await bot.audit.page(guild_id, page, PAGE_SIZE, member=member, action=action)
    chain = await bot.audit.check(guild_id)
    last = pages_of(found.total)
    buttons = (
        ListButton(
            texts=texts,
            page=str(to),
            member=str(member or 0),
            action=action or "",
            turn=turn,
            disabled=nowhere,
        )
        for to, turn, nowhere in turns(found.number, last)
    )
    return listing(found, last, chain, texts, filtered=wanted != Filter(None, None)), view_of(*buttons)
