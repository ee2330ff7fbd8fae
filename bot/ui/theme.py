"""The one place where embeds are built: colours, symbols, and Discord's limits."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

import discord

from bot.kit.integration import State, Verdict
from bot.ui.text import clamp, length

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


TITLE: Final = 256
DESCRIPTION: Final = 4096
FIELDS: Final = 25
FIELD_NAME: Final = 256
FIELD_VALUE: Final = 1024
FOOTER: Final = 2048
TOTAL: Final = 6000
_NOTHING: Final = "—"


class Tone(Enum):
    """What an embed is about: a symbol and a colour that read on dark and on light ground."""

    GOOD = ("✅", 0x2E9E5B)
    INFO = ("🔌", 0x4F6BED)
    WARNING = ("⚠️", 0xD9910A)
    BAD = ("❌", 0xD0393E)
    QUIET = ("💤", 0x7A7F87)

    def __init__(self, symbol: str, colour: int) -> None:
        self.symbol = symbol
        self.colour = colour


_STATES: Final[Mapping[State, tuple[str, Tone]]] = {
    State.CONNECTED: ("🟢", Tone.GOOD),
    State.DISCONNECTED: ("🔴", Tone.BAD),
    State.ERROR: ("🟠", Tone.BAD),
    State.INACTIVE: ("⚪", Tone.QUIET),
    State.UNKNOWN: ("❔", Tone.WARNING),
}


class Field(NamedTuple):
    """One field of an embed."""

    name: str
    value: str
    inline: bool = False


def state_symbol(state: State) -> str:
    """Return the symbol that stands beside a state's word."""
    return _STATES[state][0]


def verdict_tone(verdict: Verdict) -> Tone:
    """Return the tone of an answer that says what became of a write."""
    return Tone.GOOD if verdict is Verdict.THERE else Tone.WARNING


def state_tone(state: State) -> Tone:
    """Return the tone that a state gives its embed."""
    return _STATES[state][1]


def when(time: datetime | float, *, exact: bool = False) -> str:
    """Return a time that Discord shows in each reader's own zone: how long ago, on request with the date."""
    seconds = int(time if isinstance(time, (int, float)) else time.timestamp())
    return f"<t:{seconds}:f> (<t:{seconds}:R>)" if exact else f"<t:{seconds}:R>"


def total(embed: discord.Embed) -> int:
    """Return what Discord counts towards ``TOTAL``, in UTF-16 code units."""
    parts = [embed.title, embed.description, embed.footer.text, embed.author.name]
    parts += [part for field in embed.fields for part in (field.name, field.value)]
    return sum(length(part) for part in parts if part)


def card(
    tone: Tone,
    title: str,
    description: str = "",
    *,
    fields: Iterable[Field] = (),
    footer: str = "",
    symbol: str | None = None,
) -> discord.Embed:
    """Build an embed that Discord accepts, whatever the lengths.

    Each part is cut to its own limit; what no longer fits into the 6,000 characters of the whole
    message is cut from the end of the fields, never from title and footer.
    """
    title = clamp(f"{tone.symbol if symbol is None else symbol} {title}".strip(), TITLE)
    footer = clamp(footer, FOOTER)
    room = TOTAL - length(title) - length(footer)
    description = clamp(description, min(DESCRIPTION, room))
    room -= length(description)
    embed = discord.Embed(title=title, description=description or None, colour=tone.colour)
    for field in list(fields)[:FIELDS]:
        name = clamp(field.name or _NOTHING, FIELD_NAME)
        value = clamp(field.value or _NOTHING, FIELD_VALUE)
        if length(name) + length(value) > room:
            value = clamp(value, room - length(name)) if room - length(name) > 1 else ""
            if not value:
                break
        room -= length(name) + length(value)
        embed.add_field(name=name, value=value, inline=field.inline)
    if footer:
        embed.set_footer(text=footer)
    return embed
