"""``/alerts list``: where alerts go, what is muted, and what is open, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bot.ui.components import Interaction, LastingButton, guild_of, view_of
from bot.ui.pages import Turn, page_of, pages_of, read_page_number, turns
from bot.ui.replies import renew
from cogs.alerts.embeds import listing, worst_first

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.watching import Incident


class ListButton(LastingButton, template=r"alerts:list:(?P<page>[0-9]{1,4})"):
    """Reads a page into the message."""

    def __init__(self, *, texts: Texts, page: str, turn: Turn = Turn.SAME, disabled: bool = False) -> None:
        super().__init__(turn.button(texts, f"alerts:list:{page}", disabled=disabled))
        self._page = page

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        page = read_page_number(self._page)
        await interaction.response.defer()
        await renew(interaction, *await read_page(interaction, cast("PatchbayBot", interaction.client), page))


async def read_page(
    interaction: Interaction, bot: PatchbayBot, page: int = 1
) -> tuple[discord.Embed, discord.ui.View]:
    """Read a page, counted from 1; the last one where there are fewer."""
    guild_id = guild_of(interaction)
    texts = bot.catalog[interaction.locale.value]
    open_ones = sorted(await open_incidents(interaction, bot), key=worst_first)
    last = pages_of(len(open_ones))
    page = min(page, last)
    embed = listing(
        await bot.alerts.route(guild_id),
        [each for each in await bot.watching.integrations(guild_id) if each.muted_until is not None],
        page_of(open_ones, page),
        bot,
        texts,
        total=len(open_ones),
        footer=texts("pages.footer", page=page, last=last) if last > 1 else "",
    )
    buttons = (
        ListButton(texts=texts, page=str(to), turn=turn, disabled=nowhere)
        for to, turn, nowhere in turns(page, last)
    )
    return embed, view_of(*buttons)


async def open_incidents(interaction: Interaction, bot: PatchbayBot) -> list[Incident]:
    """Return the guild's incidents that are not over."""
    since = int(interaction.created_at.timestamp())
    found = await bot.watching.incidents(guild_of(interaction), since)
    return [each for each in found if each.closed_at is None]
