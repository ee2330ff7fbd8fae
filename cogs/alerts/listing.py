"""``/alerts list``: the rules, what waits, what is muted or in maintenance, and what is open, by page."""

from functools import partial

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import check_page, page_buttons, page_of, pages_of
from bot.discord.replies import acknowledge, edit, view_of
from bot.discord.routes import PageNumber
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.routes import Route
from cogs.alerts.embeds import AlertList, listing, route_set
from cogs.alerts.maintenance import maintenance_lines
from cogs.alerts.messages.incident_rows import worst_first
from cogs.alerts.quiet_hours import hours_line
from cogs.alerts.route_words import read_words
from cogs.alerts.undelivered import read_undelivered
from cogs.monitoring.formatting import told_apart, with_labels


class AlertListButton(PersistentButton):
    """Reads a page into the message."""

    route = "alerts:list:{page}"
    reads_only = True

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
    shown = AlertList(
        await ctx.services.alerts.routes(ctx.guild_id),
        await read_undelivered(ctx),
        [each for each in watched if each.muted_until is not None],
        page_of(open_ones, page),
        len(open_ones),
        quiet_hours="" if quiet_hours is None else hours_line(quiet_hours),
        maintenance=await maintenance_lines(ctx),
    )
    footer = ctx.texts("pages.footer", page=page, last=last) if last > 1 else ""
    embed = listing(shown, await read_words(ctx), footer=footer)
    buttons = page_buttons(partial(AlertListButton, texts=ctx.texts), page, last, ctx.texts)
    return embed, view_of(*buttons)


async def read_result(ctx: Context, route: Route, before: Route | None) -> discord.Embed:
    """Read what a rule does that was just set. before: the rule that it has replaced."""
    is_only = len(await ctx.services.alerts.routes(ctx.guild_id)) == 1
    held = {
        (each.provider, each.id)
        for each in await ctx.services.monitoring.integrations(ctx.guild_id)
        if each.muted_until is not None or each.maintenance_until is not None
    }
    # In its old channel a rule does not repeat what it has told.
    known = before if before is not None and before.channel_id == route.channel_id else None
    told_now = [
        each
        for each in await open_incidents(ctx)
        if route.tells_of(each)
        and (each.provider, each.id) not in held
        and not (known is not None and known.tells_of(each))
    ]
    words = await read_words(ctx)
    return route_set(route, words, is_new=before is None, is_only=is_only, open_count=len(told_now))


async def open_incidents(ctx: Context) -> list[Incident]:
    """Return the guild's incidents that are not over."""
    found = await ctx.services.alerts.incidents(ctx.guild_id, ctx.now)
    return [each for each in found if each.closed_at is None]
