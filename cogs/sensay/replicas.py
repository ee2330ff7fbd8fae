"""``/sensay replicas``: what there is, a page of Sensay's own list at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.errors import InvalidInputError
from bot.providers.sensay import SensayProvider
from bot.runtime.connections import reopen
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry, view_of
from bot.ui.pages import MOST_PAGES, PAGE_SIZE, Turn, pages_of, read_page_number, turns
from bot.ui.replies import renew
from bot.ui.text import length
from cogs.sensay.placement import placements_of
from cogs.sensay.replicas_embed import Page, page_embed

if TYPE_CHECKING:
    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.sensay.client import SensayClient
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection

LONGEST_SEARCH: Final = 50
"""What a custom id has room for beside the rest."""


class ReplicasButton(
    LastingButton,
    template=r"sensay:replicas:(?P<connection>[a-z0-9_-]{1,20}):(?P<whose>own|all)"
    r":(?P<page>[0-9]{1,5}):(?P<search>.{0,50})",
):
    """Reads a page of the same search into the message."""

    def __init__(
        self,
        *,
        texts: Texts,
        connection: str,
        whose: str,
        page: str,
        search: str,
        turn: Turn = Turn.SAME,
        disabled: bool = False,
    ) -> None:
        custom_id = f"sensay:replicas:{connection}:{whose}:{page}:{search}"
        super().__init__(turn.button(texts, custom_id, disabled=disabled))
        self._connection = connection
        self._everyone = whose == "all"
        self._page = page
        self._search = search

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        page = read_page_number(self._page)
        bot, opened = await reopen(interaction, "sensay", self._connection)
        await renew(
            interaction,
            *await read_page(interaction, bot, opened, self._search, everyone=self._everyone, page=page),
        )


async def read_page(
    interaction: Interaction,
    bot: PatchbayBot,
    connection: Connection,
    search: str,
    *,
    everyone: bool,
    page: int = 1,
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask Sensay for one page, counted from 1, and build the reply. search: empty for all.

    Raises ProviderError, and InvalidInputError("search").
    """
    search = _read_search(search)
    texts = bot.catalog[interaction.locale.value]

    def button(to: int, turn: Turn = Turn.SAME, *, disabled: bool = False) -> ReplicasButton:
        return ReplicasButton(
            texts=texts,
            connection=connection.name,
            whose="all" if everyone else "own",
            page=str(to),
            search=search,
            turn=turn,
            disabled=disabled,
        )

    offer_retry(interaction, button(page))
    client = bot.provider(SensayProvider).client(connection.credentials)
    found = await bot.unless_stopping(_read(client, page, search, everyone=everyone))
    uuids = [replica.uuid for replica in found.replicas]
    found = replace(found, placements=await placements_of(bot, guild_of(interaction), uuids))
    last = found.last
    if last is None:
        full = len(found.replicas) + found.strangers >= PAGE_SIZE
        last = min(found.number + full, MOST_PAGES)
    buttons = (button(to, turn, disabled=nowhere) for to, turn, nowhere in turns(found.number, last))
    return page_embed(found, texts), view_of(*buttons)


async def _read(client: SensayClient, page: int, search: str, *, everyone: bool) -> Page:
    owner = await client.owner()
    only = None if everyone else owner
    reply = await client.replicas(page=page, page_size=PAGE_SIZE, owner=only, search=search or None)
    if page > 1 and not reply.items:
        # The list has become shorter since the button was made.
        page = 1 if reply.total is None else min(page - 1, pages_of(reply.total))
        reply = await client.replicas(page=page, page_size=PAGE_SIZE, owner=only, search=search or None)
    replicas = tuple(replica for replica in reply.items if only in {None, replica.owner_id})
    return Page(
        replicas=replicas,
        number=page,
        total=reply.total,
        last=None if reply.total is None else max(page, pages_of(reply.total)),
        search=search,
        owner=owner,
        everyone=everyone,
        strangers=len(reply.items) - len(replicas),
    )


def _read_search(text: str) -> str:
    """Return what to look for, in one line. Raises InvalidInputError("search") where it is too long.

    Discord counts an option in other units than a custom id.
    """
    search = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if length(search) > LONGEST_SEARCH:
        raise InvalidInputError("search", max=LONGEST_SEARCH)
    return search
