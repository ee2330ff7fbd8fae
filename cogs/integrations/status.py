"""``/integrations status``: one integration, as its provider's own command shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection
from bot.runtime.watched_words import fix, name, provider_name, symbol, tone, why, word
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry, view_of
from bot.ui.pages import Turn
from bot.ui.replies import renew
from bot.ui.text import code
from bot.ui.theme import Field, card, when
from cogs.integrations.ways import ONE, Way, back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import discord

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider
    from bot.services.watching import Watched


class StatusButton(LastingButton, template=rf"integrations:status:{ONE}"):
    """Reads an integration into the message."""

    def __init__(self, *, texts: Texts, provider: str, integration: str) -> None:
        self._key = f"{provider}:{integration}"
        super().__init__(Turn.SAME.button(texts, f"integrations:status:{self._key}"))

    async def press(self, interaction: Interaction) -> None:
        """Read it now."""
        await interaction.response.defer()
        await show(interaction, self._key)


async def show(interaction: Interaction, key: str) -> None:
    """Put an integration into the message whose component was used. Raises like ``read_status``."""
    bot = cast("PatchbayBot", interaction.client)
    await renew(interaction, *await read_status(interaction, bot, key))


async def read_status(
    interaction: Interaction, bot: PatchbayBot, text: str
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask the provider and build the reply. text: a key, or the name of just one.

    Raises NotWatchedError, and what the provider's own command raises.
    """
    guild_id, texts = guild_of(interaction), bot.catalog[interaction.locale.value]
    watched = await bot.watching.find(guild_id, text)
    refresh = StatusButton(texts=texts, provider=watched.provider, integration=watched.id)
    offer_retry(interaction, refresh)
    details = bot.details.get(watched.provider)
    if details is not None:
        connection = await open_connection(interaction, watched.provider, watched.connection)
        embed = await details.status(interaction, bot, connection, watched.id)
    else:
        await bot.unless_stopping(bot.poller.check_guild(guild_id))
        embed = status_embed(await bot.watching.find(guild_id, watched.key), bot.providers, texts)
    ways = (way.button(watched.key, texts) for way in (Way.DIAGNOSE, Way.HISTORY))
    return embed, view_of(refresh, *ways, back(texts))


def status_embed(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> discord.Embed:
    """Show what is known of an integration of any provider."""
    said = [f"**{word(watched, texts)}**", why(watched, texts, providers)]
    return card(
        tone(watched),
        name(watched.label, watched.id),
        " · ".join(filter(None, said)),
        fields=[
            *_fields(watched, providers, texts),
            Field(texts("next_step"), fix(watched, texts, providers) or texts("integrations.status.next")),
        ],
        symbol=symbol(watched),
    )


def _fields(watched: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[Field]:
    def field(key: str, value: str) -> Field:
        return Field(texts(f"integrations.status.{key}"), value, inline=True)

    yield field("provider", provider_name(watched, providers))
    yield field("connection", code(watched.connection))
    yield field("since", when(watched.changed_at, exact=True))
    answered = watched.answered_at
    yield field("checked", texts("not_reported") if answered is None else when(answered))
    if watched.incident is not None:
        yield field("incident", when(watched.incident.opened_at))
    if watched.muted_until is not None:
        yield field("muted", when(watched.muted_until))
    yield field("id", code(watched.id, 70))
