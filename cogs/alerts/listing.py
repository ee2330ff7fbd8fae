"""``/alerts list``: the rules, what waits, what is muted or in maintenance, and what is open, by page."""

from functools import partial

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import check_page, page_buttons, page_of, pages_of
from bot.discord.replies import acknowledge, edit, view_of
from bot.discord.routes import PageNumber
from bot.features.alerts.routes import Route
from cogs.alerts.embeds import AlertList, listing, route_set
from cogs.alerts.maintenance import window_line
from cogs.alerts.messages.incident_rows import worst_first
from cogs.alerts.quiet_hours import hours_line
from cogs.alerts.route_words import RouteWords
from cogs.alerts.undelivered import undelivered_of
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
    found = await ctx.services.lookups.alerts(ctx.guild_id)
    watched = told_apart(found.integrations, ctx.services.providers)
    words = RouteWords.of(ctx, watched)
    open_ones = sorted(with_labels(found.incidents, watched), key=worst_first)
    last = pages_of(len(open_ones))
    page = min(page, last)
    shown = AlertList(
        found.sending.routes,
        undelivered_of(found.sending),
        [each for each in watched if each.muted_until is not None],
        page_of(open_ones, page),
        len(open_ones),
        quiet_hours="" if found.quiet_hours is None else hours_line(found.quiet_hours),
        maintenance=[window_line(each, words.watched, ctx) for each in found.windows],
    )
    footer = ctx.texts("pages.footer", page=page, last=last) if last > 1 else ""
    embed = listing(shown, words, footer=footer)
    buttons = page_buttons(partial(AlertListButton, texts=ctx.texts), page, last, ctx.texts)
    return embed, view_of(*buttons)


async def read_result(ctx: Context, route: Route, before: Route | None) -> discord.Embed:
    """Read what a rule does that was just set. before: the rule that it has replaced."""
    found = await ctx.services.lookups.alerts(ctx.guild_id)
    held = {
        (each.provider, each.id)
        for each in found.integrations
        if each.muted_until is not None or each.maintenance_until is not None
    }
    # In its old channel a rule does not repeat what it has told.
    known = before if before is not None and before.channel_id == route.channel_id else None
    told_now = [
        each
        for each in found.incidents
        if route.tells_of(each)
        and (each.provider, each.id) not in held
        and not (known is not None and known.tells_of(each))
    ]
    words = RouteWords.of(ctx, told_apart(found.integrations, ctx.services.providers))
    is_only = len(found.sending.routes) == 1
    return route_set(route, words, is_new=before is None, is_only=is_only, open_count=len(told_now))
