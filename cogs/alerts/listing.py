"""``/alerts list``: where alerts go, what is muted or in maintenance, and what is open, a page at a time."""

from functools import partial

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import check_page, page_buttons, page_of, pages_of
from bot.discord.replies import acknowledge, edit, view_of
from bot.discord.routes import PageNumber
from bot.features.alerts.incident_store import Incident
from cogs.alerts.embeds import listing
from cogs.alerts.maintenance import maintenance_lines
from cogs.alerts.messages.incident_rows import worst_first
from cogs.alerts.quiet_hours import hours_line
from cogs.monitoring.formatting import told_apart, with_labels


class AlertListButton(PersistentButton):
    """Reads a page into the message."""

    route = "alerts:list:{page}"

    page: PageNumber

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page = check_page(self.page)
        await acknowledge(ctx)
        await edit(ctx, *await read_page(ctx, page))


async def read_page(ctx: Context, page: int = 1) -> tuple[discord.Embed, discord.ui.View]:
    """Read a page, counted from 1; the last one where there are fewer."""
    integrations = await ctx.services.monitoring.integrations(ctx.guild_id)
    watched = told_apart(integrations, ctx.services.providers)
    open_ones = sorted(with_labels(await open_incidents(ctx), watched), key=worst_first)
    last = pages_of(len(open_ones))
    page = min(page, last)
    quiet_hours = await ctx.services.quiet_hours.get(ctx.guild_id)
    embed = listing(
        next(iter(await ctx.services.alerts.routes(ctx.guild_id)), None),
        [each for each in watched if each.muted_until is not None],
        page_of(open_ones, page),
        ctx,
        total=len(open_ones),
        quiet_hours="" if quiet_hours is None else hours_line(quiet_hours),
        maintenance=await maintenance_lines(ctx),
        footer=ctx.texts("pages.footer", page=page, last=last) if last > 1 else "",
    )
    buttons = page_buttons(partial(AlertListButton, texts=ctx.texts), page, last, ctx.texts)
    return embed, view_of(*buttons)


async def open_incidents(ctx: Context) -> list[Incident]:
    """Return the guild's incidents that are not over."""
    found = await ctx.services.alerts.incidents(ctx.guild_id, ctx.now)
    return [each for each in found if each.closed_at is None]
