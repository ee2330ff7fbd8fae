"""What commands suggest while a member types; never an error, at worst nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from discord import app_commands

from bot.errors import PatchbayError
from bot.runtime.connections import look_into, open_connection
from bot.runtime.watched_words import plain_name, symbol
from bot.ui.components import Interaction, guild_of
from bot.ui.text import plain
from bot.ui.theme import state_symbol

if TYPE_CHECKING:
    from bot.kit.integration import Choice
    from bot.runtime.client import PatchbayBot

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST: Final = 25
"""Discord's limit for the choices of one suggestion."""
LONGEST: Final = 100
"""Discord's limit for a choice's name and for its value."""


async def suggest_choices(
    interaction: Interaction, bot: PatchbayBot, provider: str, typed: str, kind: str | None = None
) -> list[app_commands.Choice[str]]:
    """Suggest a provider's entries by name, from a list that is kept for a minute. kind: of which list.

    The command's ``connection`` option, where it is filled already, says whose list.
    """
    named = interaction.namespace.connection
    try:
        connection = await open_connection(interaction, provider, named or None)
        choices = await bot.choices.offered(connection, kind, partial(look_into, bot, connection))
    except (PatchbayError, TimeoutError) as error:
        # The command itself will say what is wrong, with room for a way out.
        _log.info("nothing_to_suggest", provider=provider, error=str(error) or type(error).__name__)
        return []
    wanted = typed.strip().casefold()
    fitting = (
        choice for choice in choices if wanted in choice.label.casefold() or wanted in choice.id.casefold()
    )
    return [
        app_commands.Choice(name=_name(choice), value=choice.id)
        for choice in fitting
        if 0 < len(choice.id) <= LONGEST
    ][:MOST]


async def suggest_connections(
    interaction: Interaction, bot: PatchbayBot, provider: str | None, typed: str
) -> list[app_commands.Choice[str]]:
    """Suggest the names of the guild's connections, with one provider or with all."""
    names = await bot.connections.names(guild_of(interaction), provider)
    return [app_commands.Choice(name=name, value=name) for name in names if typed.strip().lower() in name][
        :MOST
    ]


async def suggest_watched(
    interaction: Interaction, bot: PatchbayBot, typed: str
) -> list[app_commands.Choice[str]]:
    """Suggest the guild's watched integrations, of all providers, worst first; asks no provider."""
    wanted = typed.strip().casefold()
    return [
        app_commands.Choice(name=f"{symbol(each)} {plain_name(each, LONGEST - 3)}", value=each.key)
        for each in await bot.watching.integrations(guild_of(interaction))
        if wanted in each.label.casefold() or wanted in each.id.casefold()
    ][:MOST]


def _name(choice: Choice) -> str:
    symbol = f"{state_symbol(choice.state)} " if choice.state is not None else ""
    room = LONGEST - len(symbol) - 1
    return symbol + (plain(choice.label, room) or plain(choice.id, room))
