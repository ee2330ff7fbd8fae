"""``/integrations diagnose``: what is wrong with an integration; only the member who asks sees the answer."""

from typing import Any

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.diagnosis import Diagnosis, diagnosis_card, diagnosis_file
from bot.discord.replies import defer, respond, view_of
from bot.discord.routes import IntegrationId, ProviderSlug
from bot.features.connections.service import Connection
from cogs.connections import investigate, rotation_for
from cogs.integrations.diagnosing import diagnose
from cogs.integrations.history import IntegrationHistoryButton


class IntegrationDiagnoseButton(PersistentButton):
    """Diagnoses an integration; alerts show it too."""

    route = "integrations:why:{provider}:{integration}"
    reads_only = True
    caption = "integrations.diagnose.button"
    symbol = "🩺"

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Diagnose now, and leave the message as it is."""
        await defer(ctx)
        await show_diagnosis(ctx, f"{self.provider}:{self.integration}")


async def show_diagnosis(ctx: Context, text: str) -> None:
    """Diagnose an integration and answer. text: a ``Watched.key``, or a name that only one integration has.

    Raises NotWatchedError, NoSuchConnectionError and RestartingError.
    """
    watched = await ctx.services.monitoring.find(ctx.guild_id, text)
    place: dict[str, Any] = {"texts": ctx.texts, "provider": watched.provider, "integration": watched.id}
    again = IntegrationDiagnoseButton(**place)
    ctx.offer_retry(again)
    connection, found = await diagnose(ctx, watched)
    history = IntegrationHistoryButton(**place)
    await respond_with_diagnosis(ctx, connection, (watched.provider, watched.id), found, again, history)


async def respond_with_diagnosis(
    ctx: Context,
    connection: Connection | None,
    place: tuple[str, str],
    found: Diagnosis,
    *buttons: discord.ui.Item[Any],
) -> None:
    """Show a diagnosis with its file.

    connection: the opened one, None if it could not be opened. place: the provider's slug and the
    integration's id. buttons: those to show below the diagnosis.
    """
    provider, integration = place
    services, texts = ctx.services, ctx.texts
    rotation = [] if connection is None else rotation_for(connection, found.failure, texts)
    await respond(
        ctx,
        diagnosis_card(found, services.providers[provider].name, ctx.now, texts),
        view_of(*buttons, *rotation),
        [diagnosis_file(integration, found, ctx.now, services.redactor)],
    )
    if connection is not None:
        # A refusal is a part of the answer here, so nothing else reports it.
        investigate(services, connection, found.failure)
