"""``/integrations history``: which states an integration was in, as text, as a picture and as a file."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.pages import REFRESH
from bot.discord.replies import acknowledge, defer, edit, respond, view_of
from bot.discord.routes import IntegrationId, ProviderSlug, Segment
from bot.discord.theme import duration
from bot.features.alerts.incident_store import Kind
from bot.features.alerts.incident_summary import summarise
from bot.features.history.service import DAY, PERIODS, Past, look_back, reaches_back_to
from bot.features.maintenance.windows import MaintenanceTime, covered
from bot.features.monitoring.service import Watched, nothing_known_of
from bot.i18n.catalog import Texts
from bot.pictures.canvas import draw_now
from cogs.integrations.history_embed import history_embed
from cogs.integrations.history_files import description, panels, write_table
from cogs.integrations.reported import read_reported
from cogs.monitoring import find_watched

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 3650
"""The longest time that a setting lets history be kept."""
_SYMBOL: Final = "📈"
_PICTURE: Final = "history.png"


class IntegrationHistoryButton(PersistentButton):
    """Shows the history in an answer of its own, from a message that shows something else."""

    route = "integrations:history:{provider}:{integration}"
    reads_only = True
    operation = "integrations history"
    caption = "integrations.history.button"
    symbol = _SYMBOL

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Look back from now."""
        await defer(ctx)
        await respond(ctx, *await read_history(ctx, f"{self.provider}:{self.integration}", is_private=True))


class HistoryPeriodButton(PersistentButton):
    """Shows the history of so many days in the message."""

    route = "integrations:history:{days}:{provider}:{integration}"
    reads_only = True
    operation = "integrations history"
    caption = "pages.refresh"
    symbol = REFRESH

    days: Annotated[int, Segment(r"[0-9]{1,4}", read=int)]
    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Look back from now."""
        await acknowledge(ctx)
        message = ctx.interaction.message
        is_private = message is not None and message.flags.ephemeral
        key = f"{self.provider}:{self.integration}"
        await edit(ctx, *await read_history(ctx, key, self.days, is_private=is_private))


async def read_history(
    ctx: Context, text: str, days: int = DEFAULT_DAYS, *, is_private: bool
) -> tuple[discord.Embed, discord.ui.View, Sequence[discord.File]]:
    """Look back over so many days, at most as many as are kept.

    text: a ``Watched.key``, or a name that only one integration has. is_private: whether only the member sees
    the answer; reports of answers are shown nowhere else. Raises NotWatchedError, and
    InvalidInputError("same_name", "not_yet").
    """
    services, texts, now = ctx.services, ctx.texts, ctx.now
    kept = services.monitoring.history_days
    days = max(1, min(days, kept))
    watched = await find_watched(ctx, text)
    buttons = list(_buttons(watched, days, kept, texts))
    ctx.offer_retry(buttons[0])
    # At once, because each of them waits for its turn to read.
    transitions, windows, incidents, reported = await asyncio.gather(
        services.monitoring.history(ctx.guild_id, watched, reaches_back_to(days, now)),
        services.maintenance.windows(ctx.guild_id, 0),
        services.alerts.incidents(ctx.guild_id, now - days * DAY),
        read_reported(ctx, watched, is_private=is_private),
    )
    if not transitions:
        raise nothing_known_of(watched)
    since = min(transitions[0].at, reaches_back_to(days, now))
    maintenance = MaintenanceTime(covered(windows, watched.provider, watched.id, since, now))

    def make_files() -> tuple[Past, bytes, bytes]:
        past = look_back(transitions, days, now, maintenance)
        picture = draw_now(panels(watched.provider, past, texts))
        return past, picture, write_table(watched.provider, past.spans, texts, maintenance)

    # Summing up a long history and drawing it would hold up the event loop.
    past, picture, table = await asyncio.to_thread(make_files)
    own = (Kind.INTEGRATION, watched.provider, watched.id)
    summary = summarise([each for each in incidents if (each.kind, each.provider, each.id) == own], now)
    providers = services.providers
    embed = history_embed(watched, past, summary, providers, texts, kept=kept, reported=reported)
    embed.set_image(url=f"attachment://{_PICTURE}")
    # The class of this button stands in a module that imports this one.
    status: discord.ui.Button[Any] = discord.ui.Button(
        label=texts("integrations.status.button"), emoji="🔎", custom_id=f"integrations:status:{watched.key}"
    )
    files = [
        discord.File(io.BytesIO(picture), _PICTURE, description=description(watched.provider, past, texts)),
        discord.File(io.BytesIO(table), f"history-{watched.id}.csv"),
    ]
    return embed, view_of(*buttons, status), files


def _buttons(watched: Watched, days: int, kept: int, texts: Texts) -> Iterator[discord.ui.Item[Any]]:
    """Yield the button that shows the same period anew, then those of the other periods."""
    for period in (days, *sorted({*PERIODS, kept} - {days})):
        if period <= kept:
            yield HistoryPeriodButton(
                texts=texts,
                days=period,
                provider=watched.provider,
                integration=watched.id,
                label=None if period == days else duration(period * DAY, texts),
                emoji=None if period == days else _SYMBOL,
            )
