"""What providers' cogs tell of one integration to those who look at it through ``/integrations``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.runtime.connections import look_into, rotation_for
from bot.ui.components import view_of
from bot.ui.diagnosis import diagnosis_card, diagnosis_file
from bot.ui.replies import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from bot.errors import ProviderError
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.ui.components import Interaction
    from bot.ui.diagnosis import Finding


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found out about an integration.

    name: its own, safe where markdown is rendered. facts: for the file, see ``diagnosis_file``. failure: what
    kept the provider from telling, which is a finding and no error.
    """

    name: str
    findings: Sequence[Finding]
    facts: Sequence[tuple[str, object]]
    failure: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """How a provider's own cog shows an integration, and finds out what is wrong with it.

    Both are given the opened connection through which it is read, and its id. status: what the provider's own
    command shows; raises what that does. diagnose: None where the provider has no more to tell than any.
    """

    status: Callable[[Interaction, PatchbayBot, Connection, str], Awaitable[discord.Embed]]
    diagnose: Callable[[Interaction, PatchbayBot, Connection, str], Awaitable[Diagnosis]] | None = None


async def answer_diagnosis(
    interaction: Interaction,
    bot: PatchbayBot,
    place: tuple[str, str],
    found: Diagnosis,
    *buttons: discord.ui.Item[Any],
) -> None:
    """Show a diagnosis with its file, and what leads on. place: the provider and the integration's id."""
    slug, integration_id = place
    texts = bot.catalog[interaction.locale.value]
    checked_at = int(interaction.created_at.timestamp())
    checks = [finding.check for finding in found.findings]
    connection: Connection | None = interaction.extras.get("connection")
    rotation = [] if connection is None else rotation_for(connection, found.failure, texts)
    await answer(
        interaction,
        diagnosis_card(found.name, bot.providers[slug].name, found.findings, checked_at, texts),
        view_of(*buttons, *rotation),
        [diagnosis_file(integration_id, checks, found.facts, checked_at, bot.redactor)],
    )
    if connection is not None:
        # Here a refusal is no error that would be reported.
        look_into(bot, connection, found.failure)
