"""The one place where embeds are built: colours, symbols, words for states, and Discord's limits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

import discord

from bot.discord.text import clamp, length
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State

TITLE: Final = 256
DESCRIPTION: Final = 4096
FIELDS: Final = 25
FIELD_NAME: Final = 256
FIELD_VALUE: Final = 1024
FOOTER: Final = 2048
TOTAL: Final = 6000
MAX_NAME_ON_CARD: Final = 50
"""Characters of a name in the title of a ``StatusCard``: two lines on a phone."""
_NOTHING: Final = "—"
_UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


class Tone(Enum):
    """The kind of an embed: a symbol, and a colour that is visible on dark and on light backgrounds."""

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
    State.BLOCKED: ("⛔", Tone.BAD),
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


def state_word(texts: Texts, provider: str, state: State) -> str:
    """Return the word for the state of an integration: the provider's own, else the one that all share.

    provider: the slug. A provider words its states itself under ``<slug>.state.<state>``.
    """
    return texts.find(f"{provider}.state.{state}") or shared_state_word(texts, state)


def shared_state_word(texts: Texts, state: State) -> str:
    """Return the word for a state where no single provider is meant."""
    return texts(f"state.{state}")


def condition_word(texts: Texts, kind: str, state: State) -> str:
    """Return the word for the state of a connection or a provider. kind: which of the two."""
    return texts.find(f"state.{kind}.{state}") or shared_state_word(texts, state)


def state_symbol(state: State) -> str:
    """Return the symbol that stands beside the name of a state."""
    return _STATES[state][0]


def state_tone(state: State) -> Tone:
    """Return the tone of an embed that shows a state."""
    return _STATES[state][1]


def when(time: datetime | float, *, exact: bool = False) -> str:
    """Return a time that Discord shows as how long ago it was. exact: with the date in the reader's zone."""
    seconds = int(time if isinstance(time, (int, float)) else time.timestamp())
    return f"<t:{seconds}:f> (<t:{seconds}:R>)" if exact else f"<t:{seconds}:R>"


def duration(seconds: float, texts: Texts) -> str:
    """Return the largest unit that is not 0, and the next smaller unit unless that is 0.

    seconds: a fraction is dropped, and a negative number counts as 0.
    """
    rest = max(0, int(seconds))
    counts: list[tuple[str, int]] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        counts.append((unit, count))
    first = next((index for index, (_, count) in enumerate(counts) if count), len(counts) - 1)
    shown = [counts[first], *(each for each in counts[first + 1 : first + 2] if each[1])]
    return " ".join(texts.plural(f"duration.{unit}", count) for unit, count in shown)


def total(embed: discord.Embed) -> int:
    """Return the length that Discord compares with ``TOTAL``, in UTF-16 code units."""
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

    Each part is cut to its own limit. What does not fit into ``TOTAL`` is cut from the end of the fields,
    never from title and footer. symbol: takes the place of the tone's own.
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


def notice(
    texts: Texts,
    tone: Tone,
    key: str,
    *fields: Field,
    title: str | None = None,
    how: str | None = None,
    next_step: str | None = None,
    footer: str = "",
    symbol: str | None = None,
    **values: str | int,
) -> discord.Embed:
    """Build an embed with the texts ``key``, ``<key>_how`` and ``<key>_next``: title, description, next step.

    title, how, next_step: take the place of those texts. values: fill the texts' placeholders.
    """
    step = texts(f"{key}_next", **values) if next_step is None else next_step
    return card(
        tone,
        texts(key, **values) if title is None else title,
        texts(f"{key}_how", **values) if how is None else how,
        fields=[*fields, Field(texts("next_step"), step)],
        footer=footer,
        symbol=symbol,
    )


@dataclass(frozen=True, slots=True)
class StatusCard:
    """One integration's status, the same for every provider: in short, and all that is known of it.

    name: the integration's, safe where markdown is rendered. state: its word. causes: why that is its state,
    the most important reason first; the short form shows no other. here: lines about the server that need
    somebody to do something. notes: what else must not be overlooked. details: makes the fields of the long
    form, which few ask for. checked_at: seconds since 1970, None where it was never checked.
    """

    tone: Tone
    symbol: str
    name: str
    state: str
    next_step: str
    causes: Sequence[str] = ()
    here: Sequence[str] = ()
    notes: Sequence[Field] = ()
    details: Callable[[], Sequence[Field]] = tuple
    checked_at: float | None = None
    footer: str = ""

    def embed(self, texts: Texts, *, details: bool = False) -> discord.Embed:
        """Build the short form, which fits a phone's screen, or the one with the details in its place."""
        checked = [] if self.checked_at is None else [texts("status.checked", time=when(self.checked_at))]
        if details:
            lines = [f"**{self.state}**", *self.causes, *checked]
            return card(
                self.tone,
                self.name,
                "\n".join(lines),
                fields=self.details(),
                footer=self.footer,
                symbol=self.symbol,
            )
        state = " · ".join([f"**{self.state}**", *self.causes[:1]])
        return card(
            self.tone,
            self.name,
            "\n".join([state, *self.here, *checked]),
            fields=[*self.notes, Field(texts("next_step"), self.next_step)],
            symbol=self.symbol,
        )
