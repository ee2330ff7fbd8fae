"""The pages of ``/audit list``."""

from functools import partial
from typing import Annotated, Any, Final, Literal

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import BACK, FORTH, PAGE_SIZE, REFRESH, check_page
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import PageNumber, Segment, Snowflake
from bot.errors import InvalidInputError
from bot.features.audit.service import AuditPage, known_actions
from cogs.audit.embeds import listing
from cogs.audit.words import known_names

_MAX_ID: Final = 2**63 - 1
_ActionFilter = Annotated[
    str | None,
    Segment(r"[a-z_.]{0,40}", read=lambda text: text or None, write=lambda action: action or ""),
]
_EntryNumber = Annotated[int, Segment(r"[0-9]{1,12}", read=int)]
_Side = Literal["newest", "before", "after"]


class AuditPageButton(PersistentButton):
    """Shows the entries next to one, by one member or of one kind; None stands for all.

    side: which side of the entry with this number; the number does not matter for the newest page.
    """

    route = "audit:page:{side}:{number}:{member}:{action}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    side: _Side
    number: _EntryNumber
    member: Snowflake
    action: _ActionFilter

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        await acknowledge(ctx)
        await edit(ctx, *await read_page(ctx, self.member, self.action, side=self.side, number=self.number))


class AuditListButton(PersistentButton):
    """The button of messages that counted pages: shows the newest page, from which the others are reached."""

    route = "audit:list:{page}:{member}:{action}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    page: PageNumber
    member: Snowflake
    action: _ActionFilter

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        check_page(self.page)
        await acknowledge(ctx)
        await edit(ctx, *await read_page(ctx, self.member, self.action))


async def read_page(
    ctx: Context, member: int | None, action: str | None, *, side: _Side = "newest", number: int = 0
) -> Answer:
    """Read a page and check its entries. Raises InvalidInputError("audit_action", "option")."""
    if action is not None and action not in known_actions(ctx.services.providers.values()):
        raise InvalidInputError("audit_action")
    if member is not None and member > _MAX_ID:
        raise InvalidInputError("option")
    page = await ctx.services.audit.page(
        ctx.guild_id,
        PAGE_SIZE,
        before=number if side == "before" else None,
        after=number if side == "after" else None,
        member=member,
        action=action,
    )
    names = known_names(page.labels, ctx.services, ctx.guild_id)
    embed = listing(page, names, ctx.texts, filtered=(member, action) != (None, None))
    button = partial(AuditPageButton, texts=ctx.texts, member=member, action=action)
    return embed, view_of(*_buttons(button, page, ctx))


def _buttons(button: partial[AuditPageButton], page: AuditPage, ctx: Context) -> list[discord.ui.Item[Any]]:
    """Return the buttons under a page: refresh alone where there is one page."""
    first, last = (page.entries[0].number, page.entries[-1].number) if page.entries else (0, 0)
    side: _Side = "newest" if page.is_newest else "before"
    refresh = button(side=side, number=first + 1)
    if page.is_newest and page.is_oldest:
        return [refresh]
    texts = ctx.texts
    return [
        button(side="after", number=first, label=texts("pages.back"), emoji=BACK, disabled=page.is_newest),
        refresh,
        button(side="before", number=last, label=texts("pages.forth"), emoji=FORTH, disabled=page.is_oldest),
    ]
