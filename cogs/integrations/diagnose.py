"""``/integrations diagnose``: what is wrong with an integration; only the member who asks sees the answer."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.diagnosis import (
    DIAGNOSE,
    Diagnosis,
    Fix,
    Remedy,
    diagnosis_card,
    diagnosis_file,
    fixes_of,
    steps_of,
)
from bot.discord.guard import needed_tier
from bot.discord.replies import defer, respond, view_of
from bot.discord.routes import IntegrationId, ProviderSlug
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from cogs.connections import ROTATE, CredentialButton, investigate, rotation_for
from cogs.integrations.diagnosing import diagnose
from cogs.integrations.history import IntegrationHistoryButton

_CONNECTIONS: Final = "connections"
"""The command that the button for new credentials belongs to."""
_ROTATE_BUTTON: Final = "connections.rotate.button"


class IntegrationDiagnoseButton(PersistentButton):
    """Diagnoses an integration; alerts show it too."""

    route = "integrations:why:{provider}:{integration}"
    reads_only = True
    caption = DIAGNOSE
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
    rotation = []
    if connection is None:
        name = watched.connection
        rotation = [CredentialButton(texts=ctx.texts, action=ROTATE, provider=watched.provider, name=name)]
    buttons = again, IntegrationHistoryButton(**place), *rotation
    await respond_with_diagnosis(ctx, connection, (watched.provider, watched.id), found, *buttons)


async def respond_with_diagnosis(
    ctx: Context,
    connection: Connection | None,
    place: tuple[str, str],
    found: Diagnosis,
    *buttons: discord.ui.Item[Any],
) -> None:
    """Show a diagnosis with its file.

    connection: the opened one, None if it could not be opened. place: the provider's slug and the
    integration's id. buttons: those to show below the diagnosis; the first one diagnoses again.
    """
    provider, integration = place
    services, texts = ctx.services, ctx.texts
    name, usable = services.providers[provider].name, await _usable_commands(ctx)
    shown = [*buttons, *([] if connection is None else rotation_for(connection, found.failure, texts))]
    # Nobody else sees the answer: it has no button that its reader may not press.
    shown = [each for each in shown if not isinstance(each, CredentialButton) or _CONNECTIONS in usable]
    has_rotation = any(isinstance(each, CredentialButton) for each in shown)
    fixes = fixes_of(found.findings)
    # What cannot be read is a matter for the bot's host too, as its own text says.
    if has_rotation and found.failure is not None:
        fixes = _with_rotation(fixes, name, texts)
    labels = [texts(DIAGNOSE), *([texts(_ROTATE_BUTTON)] if has_rotation else [])]
    steps = steps_of(fixes, usable, labels, texts)
    await respond(
        ctx,
        diagnosis_card(found, steps, name, ctx.now, texts),
        view_of(*shown),
        [diagnosis_file(integration, found, ctx.now, services.redactor)],
    )
    if connection is not None:
        # A refusal is a part of the answer here, so nothing else reports it.
        investigate(services, connection, found.failure)


def _with_rotation(fixes: Sequence[Fix], provider: str, texts: Texts) -> list[Fix]:
    """Let the fix of refused credentials name the button. provider: its proper name."""
    button = texts(_ROTATE_BUTTON)
    step = texts("alerts.message.next_rotate", button=button, provider=provider)
    return [Fix(each.remedy, step) if each.remedy is Remedy.CREDENTIALS else each for each in fixes]


async def _usable_commands(ctx: Context) -> frozenset[str]:
    """Return the names of the top-level commands that the member's tier opens."""
    tier = await ctx.services.guard.tier(ctx.interaction)
    return frozenset(
        each.name
        for each in ctx.client.tree.get_commands()
        if isinstance(each, (app_commands.Command, app_commands.Group)) and needed_tier(each) <= tier
    )
