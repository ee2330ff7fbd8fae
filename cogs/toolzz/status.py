"""``/toolzz status``: the screens of one integration, and the buttons that lead from one to the other."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import DETAILS, REFRESH, UP, check_page, page_buttons, pages_of
from bot.discord.replies import Answer, acknowledge, defer, edit, view_of
from bot.discord.routes import ConnectionName, IntegrationId, Segment
from bot.discord.theme import StatusCard
from bot.features.connections.service import Connection
from cogs.alerts import MuteButton
from cogs.connections import open_connection
from cogs.handover import unsettled_fields_of
from cogs.integrations import respond_with_diagnosis
from cogs.monitoring import belonging_buttons_of
from cogs.toolzz.channels import channels_embed
from cogs.toolzz.diagnose import find_out
from cogs.toolzz.embeds import next_step, status_card
from cogs.toolzz.link import ToolzzLinkButton
from cogs.toolzz.snapshot import IntegrationSnapshot, take_snapshot

LIST_ROUTE = "toolzz:all:"
"""How the custom id of every button to the list begins."""
ShortPageNumber = Annotated[int, Segment(r"[0-9]{1,3}", read=int)]
"""A page, counted from 1; the longest custom ids have no room for more digits."""


class ToolzzStatusButton(PersistentButton):
    """Shows an integration's present status in the same message: refreshes it, or leads back to it."""

    route = "toolzz:status:{connection}:{integration}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read the status now."""
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        await edit(ctx, *await read_status(ctx, opened, self.integration))


class ToolzzDetailsButton(PersistentButton):
    """Shows all that is known of an integration in the same message."""

    route = "toolzz:more:{connection}:{integration}"
    reads_only = True
    caption = "status.details"
    symbol = DETAILS

    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        await edit(ctx, *await _read_details(ctx, opened, self.integration))


class ToolzzChannelsButton(PersistentButton):
    """Shows a page of the integration's channels in the same message."""

    route = "toolzz:ch:{page}:{connection}:{integration}"
    reads_only = True
    caption = "toolzz.channels.button"
    symbol = "💬"

    page: ShortPageNumber
    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page = check_page(self.page)
        await acknowledge(ctx)
        opened = await open_connection(ctx, "toolzz", self.connection)
        await edit(ctx, *await _read_channels(ctx, opened, self.integration, page))


class ToolzzDiagnoseButton(PersistentButton):
    """Finds out what is wrong, and tells only the member who presses it."""

    route = "toolzz:why:{connection}:{integration}"
    reads_only = True
    caption = "toolzz.diagnose.button"
    symbol = "🩺"

    connection: ConnectionName
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Diagnose now; what Toolzz refuses is a part of the answer."""
        await defer(ctx)
        ctx.offer_retry(self)
        opened = await open_connection(ctx, "toolzz", self.connection)
        found = await find_out(ctx, opened, self.integration)
        await respond_with_diagnosis(ctx, opened, ("toolzz", self.integration), found, self)


async def read_status(ctx: Context, connection: Connection, integration: str) -> Answer:
    """Return the status of an integration, with its buttons. Raises ProviderError and RestartingError."""
    names: dict[str, Any] = {"texts": ctx.texts, "connection": connection.name, "integration": integration}
    refresh = ToolzzStatusButton(**names)
    ctx.offer_retry(refresh)
    snapshot = await take_snapshot(ctx, connection, integration)
    known = snapshot.known
    can_link = snapshot.is_here and snapshot.linked is None and not snapshot.report.is_deleted
    view = view_of(
        ToolzzDetailsButton(**names),
        refresh,
        ToolzzChannelsButton(page=1, **names),
        ToolzzDiagnoseButton(**names),
        *(
            [MuteButton(texts=ctx.texts, provider="toolzz", integration=integration)]
            if known.is_watched
            else []
        ),
        *([ToolzzLinkButton(**names)] if can_link else []),
        *belonging_buttons_of(known, "toolzz", integration, ctx.texts)[-1:],
        *_list_buttons(ctx),
    )
    return _card(ctx, snapshot).embed(ctx.texts), view


async def look_up_status(ctx: Context, connection: Connection, integration: str) -> StatusCard:
    """Return the status of an integration. Raises ProviderError and RestartingError."""
    return _card(ctx, await take_snapshot(ctx, connection, integration))


def _card(ctx: Context, snapshot: IntegrationSnapshot) -> StatusCard:
    notes = unsettled_fields_of(snapshot.known.handover, ctx.texts)
    # Viewers see the card as well; they may not run `/toolzz link`.
    return status_card(
        snapshot, int(ctx.services.clock()), ctx.texts, notes=notes, may_link=ctx.command == "toolzz"
    )


async def _read_details(ctx: Context, connection: Connection, integration: str) -> Answer:
    texts = ctx.texts
    names: dict[str, Any] = {"texts": texts, "connection": connection.name, "integration": integration}
    refresh = ToolzzDetailsButton(**names, label=texts("pages.refresh"), emoji=REFRESH)
    ctx.offer_retry(refresh)
    found = await look_up_status(ctx, connection, integration)
    back = ToolzzStatusButton(**names, label=texts("status.back"), emoji=UP)
    return found.embed(texts, details=True), view_of(refresh, back, *_list_buttons(ctx))


async def _read_channels(ctx: Context, connection: Connection, integration: str, page: int) -> Answer:
    texts = ctx.texts
    names: dict[str, Any] = {"texts": texts, "connection": connection.name, "integration": integration}
    button = partial(ToolzzChannelsButton, **names)
    ctx.offer_retry(button(page=page, label=texts("pages.refresh"), emoji=REFRESH))
    snapshot = await take_snapshot(ctx, connection, integration)
    last = pages_of(len(snapshot.report.channels))
    # There may be fewer channels than when the button was made.
    page = min(page, last)
    view = view_of(
        *page_buttons(button, page, last, texts),
        ToolzzStatusButton(**names, label=texts("status.back"), emoji=UP),
        *_list_buttons(ctx),
    )
    checked_at = int(ctx.services.clock())
    step = next_step(snapshot, texts, may_link=False)
    return channels_embed(snapshot, page, checked_at, step, texts), view


class _ListButton(discord.ui.Button[Any]):
    """A button back to the list as a message shows it; ``ToolzzListButton`` handles its presses."""

    def is_dispatchable(self) -> bool:
        """Return False, so that discord.py does not keep the view to wait for a press."""
        return False


def _list_buttons(ctx: Context) -> Iterator[_ListButton]:
    """Yield the button back to the list, if the message that is about to be edited has one.

    Only its own custom id says which page of which unit it leads to: other custom ids have no room for that.
    """
    message = ctx.interaction.message
    for row in message.components if message is not None else ():
        for item in row.children if isinstance(row, discord.ActionRow) else ():
            if (
                isinstance(item, discord.Button)
                and (item.custom_id or "").startswith(LIST_ROUTE)
                and item.emoji is not None
                and item.emoji.name == UP
            ):
                yield _ListButton(label=ctx.texts("pages.up"), emoji=UP, custom_id=item.custom_id)
