"""``/integrations status``: one integration, as its provider's own command shows it."""

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import REFRESH, UP
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import IntegrationId, ProviderSlug
from bot.discord.text import code
from bot.discord.theme import Field, card, when
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


async def read_status(ctx: Context, text: str) -> Answer:
    """Ask the provider and build the answer.

    text: a ``Watched.key``, or a name that only one integration has. Raises NotWatchedError, and what the
    provider's own status raises.
    """
    services, texts = ctx.services, ctx.texts
    watched = await services.monitoring.find(ctx.guild_id, text)
    place: dict[str, Any] = {"texts": texts, "provider": watched.provider, "integration": watched.id}
    refresh = IntegrationStatusButton(**place)
    ctx.offer_retry(refresh)
    view = services.views.get(watched.provider)
    if view is not None:
        connection = await open_connection(ctx, watched.provider, watched.connection)
        embed = await view.status(ctx, connection, watched.id)
    else:
        await ctx.cancel_on_shutdown(services.poller.check_guild(ctx.guild_id))
        watched = await services.monitoring.find(ctx.guild_id, watched.key)
        embed = status_embed(watched, services.providers, texts)
    # The class of this button stands in a module that imports this one.
    overview: discord.ui.Button[Any] = discord.ui.Button(
        label=texts("pages.up"), emoji=UP, custom_id="integrations:all:1"
    )
    links = IntegrationDiagnoseButton(**place), IntegrationHistoryButton(**place), overview
    return embed, view_of(refresh, *links, *await belonging_buttons(ctx, watched.provider, watched.id))


def status_embed(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> discord.Embed:
    """Show what is known about an integration of any provider."""
    parts = [f"**{word(watched, texts)}**", why(watched, texts, providers)]
    return card(
        tone(watched),
        name(watched.label, watched.id),
        " · ".join(filter(None, parts)),
        fields=[
            *_fields(watched, providers, texts),
            Field(texts("next_step"), fix(watched, texts, providers) or texts("integrations.status.next")),
        ],
        symbol=symbol(watched),
    )


def _fields(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[Field]:
    answered, incident = watched.answered_at, watched.incident
    values = {
        "provider": provider_name(watched, providers),
        "connection": code(watched.connection),
        "since": when(watched.changed_at, exact=True),
        "checked": texts("never") if answered is None else when(answered),
        "incident": "" if incident is None else when(incident.opened_at),
        "muted": "" if watched.muted_until is None else when(watched.muted_until),
        "maintenance": "" if watched.maintenance_until is None else when(watched.maintenance_until),
        "id": code(watched.id, 70),
    }
    for key, value in values.items():
        if value:
            yield Field(texts(f"integrations.status.{key}"), value, inline=True)
