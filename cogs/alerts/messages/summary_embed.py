"""The embed that says at the end of quiet hours what is open, and what began and ended during them."""

from typing import Final

import discord

from bot.discord.text import length
from bot.discord.theme import DESCRIPTION, Field, Tone, card, when
from bot.features.alerts.messenger import SummaryNotice
from cogs.alerts.messages.incident_rows import (
    acknowledged_mark,
    limited,
    open_of,
    open_row,
    over_of,
    over_row,
    tone_of,
)
from cogs.alerts.messages.rendering import Rendering

_MAX_OPEN: Final = 10
_MAX_OVER: Final = 5
_ROOM_FOR_OVER: Final = 1000


def summary_embed(notice: SummaryNotice, rendering: Rendering) -> discord.Embed:
    """Show what quiet hours kept from being mentioned."""
    texts = rendering.texts
    open_ones, over = open_of(notice.incidents), over_of(notice.incidents)
    span = texts("alerts.summary.span", since=f"<t:{notice.since}:f>", until=f"<t:{notice.until}:f>")
    head = "\n".join([span, *rendering.mentions.problems(texts)])
    below = ""
    if over:
        rows = limited([over_row(each, rendering) for each in over], _MAX_OVER, texts, _ROOM_FOR_OVER)
        below = f"**{texts.plural('alerts.summary.over', len(over))}**\n{rows}"
    above = texts("alerts.summary.none_open")
    if open_ones:
        title = f"**{texts.plural('alerts.summary.open', len(open_ones))}**\n"
        room = DESCRIPTION - sum(map(length, (head, title, below))) - 8
        rows = limited(
            [
                open_row(
                    each,
                    rendering,
                    texts("alerts.row.opened", time=when(each.opened_at)),
                    *acknowledged_mark(each, texts),
                )
                for each in open_ones
            ],
            _MAX_OPEN,
            texts,
            room,
        )
        above = title + rows
    step = rendering.services.links.link(texts("alerts.message.next_overview"))
    return card(
        tone_of(open_ones, over) if open_ones else Tone.GOOD,
        texts("alerts.summary.title"),
        "\n\n".join(filter(None, [head, above, below])),
        fields=[Field(texts("next_step"), step)],
        footer=texts("alerts.message.footer", reference=notice.reference),
        symbol="🔔",
    )
