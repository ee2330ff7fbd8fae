"""``/integrations status``: one integration, as its provider's own command shows it."""

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import DETAILS, REFRESH, UP
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import IntegrationId, ProviderSlug
from bot.discord.text import code, plain
from bot.discord.theme import MAX_NAME_ON_CARD, Field, StatusCard, when
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.provider import Provider
from cogs.connections import open_connection
from cogs.integrations.diagnose import IntegrationDiagnoseButton
from cogs.integrations.history import IntegrationHistoryButton
from cogs.monitoring import belonging_buttons
from cogs.monitoring.formatting import fix, name, provider_name, symbol, tone, why, word


class IntegrationStatusButton(PersistentButton):
    """Reads an integration anew and shows it in the message."""

    route = "integrations:status:{provider}:{integration}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        await acknowledge(ctx)
        await edit(ctx, *await read_status(ctx, f"{self.provider}:{self.integration}"))


class IntegrationDetailsButton(PersistentButton):
    """Shows all that is known of an integration in the message."""

    route = "integrations:more:{provider}:{integration}"
    reads_only = True
    caption = "status.details"
    symbol = DETAILS

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        await acknowledge(ctx)
        await edit(ctx, *await _read_details(ctx, f"{self.provider}:{self.integration}"))


async def read_status(ctx: Context, text: str) -> Answer:
    """Ask the provider and build the answer.

    text: a ``Watched.key``, or a name that only one integration has. Raises NotWatchedError, and what the
    provider's own status raises.
    """
    texts = ctx.texts
    watched = await ctx.services.monitoring.find(ctx.guild_id, text)
    place: dict[str, Any] = {"texts": texts, "provider": watched.provider, "integration": watched.id}
    refresh = IntegrationStatusButton(**place)
    ctx.offer_retry(refresh)
    found = await _look_up(ctx, watched)
    # The class of this button stands in a module that imports this one.
    overview: discord.ui.Button[Any] = discord.ui.Button(
        label=texts("pages.up"), emoji=UP, custom_id="integrations:all:1"
    )
    links = IntegrationDiagnoseButton(**place), IntegrationHistoryButton(**place), overview
    deciding = await belonging_buttons(ctx, watched.provider, watched.id)
    return found.embed(texts), view_of(IntegrationDetailsButton(**place), refresh, *links, *deciding)


async def _read_details(ctx: Context, text: str) -> Answer:
    texts = ctx.texts
    watched = await ctx.services.monitoring.find(ctx.guild_id, text)
    place: dict[str, Any] = {"texts": texts, "provider": watched.provider, "integration": watched.id}
    refresh = IntegrationDetailsButton(**place, label=texts("pages.refresh"), emoji=REFRESH)
    ctx.offer_retry(refresh)
    found = await _look_up(ctx, watched)
    back = IntegrationStatusButton(**place, label=texts("status.back"), emoji=UP)
    return found.embed(texts, details=True), view_of(refresh, back)


async def _look_up(ctx: Context, watched: Watched) -> StatusCard:
    """Ask the provider. Raises what its own status raises."""
    services = ctx.services
    view = services.views.get(watched.provider)
    if view is not None:
        connection = await open_connection(ctx, watched.provider, watched.connection)
        return await view.status(ctx, connection, watched.id)
    await ctx.cancel_on_shutdown(services.poller.check_guild(ctx.guild_id))
    watched = await services.monitoring.find(ctx.guild_id, watched.key)
    return status_card(watched, services.providers, ctx.texts)


def status_card(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> StatusCard:
    """Show what is known about an integration of any provider."""
    reason = why(watched, texts, providers)
    return StatusCard(
        tone(watched),
        symbol(watched),
        name(plain(watched.label, MAX_NAME_ON_CARD), watched.id),
        word(watched, texts),
        fix(watched, texts, providers) or texts("integrations.status.next"),
        causes=[reason] if reason else [],
        here=list(_passing(watched, texts)),
        details=lambda: list(_fields(watched, providers, texts)),
        checked_at=watched.answered_at,
    )


def _passing(watched: Watched, texts: Texts) -> Iterator[str]:
    """Say since when there is an incident, and until when nothing is said of it."""
    times = {
        "incident": None if watched.incident is None else watched.incident.opened_at,
        "muted": watched.muted_until,
        "maintenance": watched.maintenance_until,
    }
    for key, time in times.items():
        if time is not None:
            yield texts(f"integrations.now.{key}", time=when(time))


def _fields(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[Field]:
    values = {
        "provider": provider_name(watched, providers),
        "connection": code(watched.connection),
        "since": when(watched.changed_at, exact=True),
        "id": code(watched.id, 70),
    }
    for key, value in values.items():
        yield Field(texts(f"integrations.status.{key}"), value, inline=True)
