"""The pages of ``/audit list``."""

from functools import partial
from typing import Annotated, Final

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import PAGE_SIZE, REFRESH, check_page, page_buttons, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import PageNumber, Segment, Snowflake
from bot.errors import InvalidInputError
from bot.features.audit.service import known_actions
from cogs.audit.embeds import listing
from cogs.audit.words import read_names

_MAX_ID: Final = 2**63 - 1
_ActionFilter = Annotated[
    str | None,
    Segment(r"[a-z_.]{0,40}", read=lambda text: text or None, write=lambda action: action or ""),
]


class AuditPageButton(PersistentButton):
    """Shows a page of the entries by one member or of one kind; None stands for all."""

    route = "audit:list:{page}:{member}:{action}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    page: PageNumber
    member: Snowflake
    action: _ActionFilter

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page = check_page(self.page)
        await acknowledge(ctx)
        await edit(ctx, *await read_page(ctx, self.member, self.action, page=page))


async def read_page(ctx: Context, member: int | None, action: str | None, *, page: int = 1) -> Answer:
    """Read a page, counted from 1, and check the log. Raises InvalidInputError("audit_action", "option")."""
    if action is not None and action not in known_actions(ctx.services.providers.values()):
        raise InvalidInputError("audit_action")
    if member is not None and member > _MAX_ID:
        raise InvalidInputError("option")
    found = await ctx.services.audit.page(ctx.guild_id, page, PAGE_SIZE, member=member, action=action)
    chain = await ctx.services.audit.check(ctx.guild_id)
    last = pages_of(found.total)
    button = partial(AuditPageButton, texts=ctx.texts, member=member, action=action)
    names = await read_names(ctx.services, ctx.guild_id)
    embed = listing(found, last, chain, names, ctx.texts, filtered=(member, action) != (None, None))
    return embed, view_of(*page_buttons(button, found.number, last, ctx.texts))
