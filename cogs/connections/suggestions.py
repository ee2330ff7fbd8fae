"""What commands suggest while a member types; never an error, at worst nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from bot.discord.commands import MAX_CHOICE_LENGTH, Suggest, Suggestion
from bot.discord.context import Context
from bot.discord.names import Named, tell_apart
from bot.discord.text import plain
from bot.discord.theme import state_symbol
from bot.errors import PatchbayError
from bot.features.monitoring.access import Access, effective_state
from bot.providers.base.integration import Choice
from cogs.connections.opening import investigate, open_connection

_MAX_NAME: Final = MAX_CHOICE_LENGTH - 3
"""Discord's limit without the symbol, which counts as two, and a space."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def suggest_choices(provider: str, kind: str | None = None) -> Suggest:
    """Return what suggests a provider's entries by name, from a list that is cached for a minute.

    kind: which of the provider's lists. The command's ``connection`` option, if it is filled, says whose.
    """

    async def suggest(ctx: Context) -> list[Suggestion]:
        named = ctx.interaction.namespace.connection
        try:
            connection = await open_connection(ctx, provider, named or None)
            refused = partial(investigate, ctx.services, connection)
            choices = await ctx.services.choices.offered(connection, kind, refused)
        except (PatchbayError, TimeoutError) as error:
            # The command itself will say what is wrong, with room for a way out.
            _log.info("nothing_to_suggest", provider=provider, error=str(error) or type(error).__name__)
            return []
        ignored = await ctx.services.integrations.ignored(ctx.guild_id, provider)
        own = [each for each in choices if each.id not in ignored and not each.runs_elsewhere(ctx.guild_id)]
        return suggestions_of(
            choices_here(own, await ctx.services.monitoring.accesses(ctx.guild_id, provider))
        )

    return suggest


def suggest_connections(provider: str | None = None) -> Suggest:
    """Return what suggests the guild's connections: with this provider, else with the one in the options."""

    async def suggest(ctx: Context) -> list[Suggestion]:
        slug = provider or ctx.interaction.namespace.provider
        return [Suggestion(name, name) for name in await ctx.services.connections.names(ctx.guild_id, slug)]

    return suggest


def choices_here(choices: Iterable[Choice], accesses: Mapping[str, Access]) -> list[Choice]:
    """Return the entries with the states that count in a guild. accesses: what their bots can do, by id."""
    return [
        choice
        if choice.state is None
        else replace(choice, state=effective_state(choice.state, "", accesses.get(choice.id))[0])
        for choice in choices
    ]


def suggestions_of(choices: Sequence[Choice]) -> list[Suggestion]:
    """Return a suggestion for each entry whose id Discord takes; those of one name are told apart."""
    names = tell_apart([Named(choice.label, choice.id) for choice in choices], _MAX_NAME)
    return [
        Suggestion(_with_symbol(choice, name), choice.id, (choice.label, name, choice.id))
        for choice, name in zip(choices, names, strict=True)
        if 0 < len(choice.id) <= MAX_CHOICE_LENGTH
    ]


def _with_symbol(choice: Choice, name: str) -> str:
    symbol = "" if choice.state is None else f"{state_symbol(choice.state)} "
    return symbol + (name or plain(choice.id, _MAX_NAME))
