"""``/integrations history``: which state was when, as text, as a picture and as a file."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, Final, cast

import discord

from bot.errors import NotWatchedError
from bot.runtime.client import PatchbayBot
from bot.services.history import DAY, PERIODS, look_back, reaches_back_to, troubles
from bot.services.watching import Kind
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry, view_of
from bot.ui.durations import duration
from bot.ui.pages import Turn
from bot.ui.replies import answer, renew, think
from bot.ui.sheet import draw
from cogs.integrations import history_file
from cogs.integrations.history_embed import history_embed
from cogs.integrations.history_picture import described, panels
from cogs.integrations.ways import ONE, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.i18n.catalog import Texts
    from bot.services.watching import Watched

DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 3650
"""The longest that a setting lets history be kept."""
_PICTURE: Final = "history.png"


class HistoryButton(LastingButton, template=rf"integrations:history:(?:(?P<days>[0-9]{{1,4}}):)?{ONE}"):
    """Shows another period in the message, or the same one as it is now.

    days: None under what is no history: then that stays, and the history is an answer of its own.
    """

    def __init__(self, *, texts: Texts, days: str | None, provider: str, integration: str) -> None:
        self._key = f"{provider}:{integration}"
        self._days = None if days is None else int(days)
        button = Way.HISTORY.button(self._key, texts)
        if self._days is not None:
            button.label = duration(self._days * DAY, texts)
            button.custom_id = f"integrations:history:{days}:{self._key}"
        super().__init__(button)

    async def press(self, interaction: Interaction) -> None:
        """Look back from now."""
        bot = cast("PatchbayBot", interaction.client)
        if self._days is None:
            await think(interaction)
            await answer(interaction, *await read_history(interaction, bot, self._key))
        else:
            await interaction.response.defer()
            await renew(interaction, *await read_history(interaction, bot, self._key, self._days))


async def read_history(
    interaction: Interaction, bot: PatchbayBot, text: str, days: int = DEFAULT_DAYS
) -> tuple[discord.Embed, discord.ui.View, Sequence[discord.File]]:
    """Look back as far as history is kept. text: a key, or the name of just one. Raises NotWatchedError."""
    guild_id, texts = guild_of(interaction), bot.catalog[interaction.locale.value]
    days = max(1, min(days, bot.watching.history_days))
    watched = await bot.watching.find(guild_id, text)
    view = view_of(*_buttons(watched, days, bot.watching.history_days, texts))
    offer_retry(interaction, _button(watched, days, texts, again=True))
    now = int(interaction.created_at.timestamp())
    transitions = await bot.watching.history(guild_id, watched, reaches_back_to(days, now))
    if not transitions:
        raise NotWatchedError  # all that is stored of the server was erased this very moment
    # Of what changes with every check there is more than the bot's loop may be held up for.
    past = await asyncio.to_thread(look_back, transitions, days, now)
    incidents = [
        each
        for each in await bot.watching.incidents(guild_id, past.since)
        if (each.kind, each.provider, each.id) == (Kind.INTEGRATION, watched.provider, watched.id)
    ]
    embed = history_embed(
        watched, past, troubles(incidents, now), bot.providers, texts, kept=bot.watching.history_days
    )
    picture = await draw(*await asyncio.to_thread(panels, past, texts))
    embed.set_image(url=f"attachment://{_PICTURE}")
    table = await asyncio.to_thread(history_file.write, past.spans)
    return (
        embed,
        view,
        [
            discord.File(io.BytesIO(picture), _PICTURE, description=described(past, texts)),
            discord.File(io.BytesIO(table), f"history-{watched.id}.csv"),
        ],
    )


def _buttons(watched: Watched, days: int, kept: int, texts: Texts) -> Iterator[discord.ui.Item[Any]]:
    yield _button(watched, days, texts, again=True)
    for period in sorted({*PERIODS, kept} - {days}):
        if period <= kept:
            yield _button(watched, period, texts)
    yield Way.STATUS.button(watched.key, texts)


def _button(watched: Watched, days: int, texts: Texts, *, again: bool = False) -> HistoryButton:
    button = HistoryButton(texts=texts, days=str(days), provider=watched.provider, integration=watched.id)
    if again:
        button.item.label, button.item.emoji = texts(Turn.SAME.key), Turn.SAME.symbol
    return button
