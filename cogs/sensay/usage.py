"""``/sensay usage``: conversations by source and by day."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.errors import ProviderError
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.usage import count, largest, latest
from bot.ui.charts import ROWS, Bars
from bot.ui.sheet import LABEL, draw
from bot.ui.text import clamp, code, listed, plain, quoted
from bot.ui.theme import Field, Tone, card
from cogs.sensay.choice import chosen_replica

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.i18n.catalog import Texts
    from bot.providers.sensay.usage import Counted
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.ui.components import Interaction

MOST_DAYS: Final = 30
MOST_REPLICAS: Final = 10
_MOST_OF_MONTH: Final = 5
_DAYS_AS_TEXT: Final = 7
_LONGEST_ALT: Final = 1024
_FILE: Final = "usage.png"


async def read_usage(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, replica: str | None, days: int
) -> tuple[discord.Embed, discord.ui.View, Sequence[discord.File]]:
    """Show one replica's conversations, or those of all that are on Discord, as text and as a picture.

    Raises InvalidInputError("replica") and ProviderError.
    """
    texts = bot.catalog[interaction.locale.value]
    client = bot.provider(SensayProvider).client(connection.credentials)
    notes = []
    if replica is None:
        found = await client.own_replicas(on_discord=True)
        names = {entry.uuid: entry.name or entry.uuid for entry in found.items if entry.uuid}
        if len(names) > MOST_REPLICAS:
            notes.append(texts("sensay.usage.first", most=MOST_REPLICAS, all=len(names)))
        if not found.complete:
            notes.append(texts("sensay.usage.incomplete"))
    else:
        chosen = chosen_replica(bot, connection, replica)
        names = {chosen.id: chosen.label}
    asked = list(names)[:MOST_REPLICAS]
    counted = await count(client, asked)
    panels = _panels(counted, days, texts)
    if panels:
        of = listed((quoted(names[uuid], 60) for uuid in asked), texts, separator=", ")
        notes.insert(0, texts("sensay.usage.of", replicas=of))
    known = {
        uuid: choice.label
        for uuid in _month_of(counted)
        if (choice := bot.choices.known(connection, uuid)) is not None
    }
    embed = card(
        Tone.INFO,
        *_headline(texts, notes, any_replica=bool(asked), any_conversation=bool(panels)),
        fields=[*_fields(panels, counted, known | names, texts), _next(texts, asked, panels)],
        symbol="📊",
    )
    files = []
    if panels:
        picture = await draw(*panels)
        files.append(discord.File(io.BytesIO(picture), _FILE, description=_described(panels, texts)))
        embed.set_image(url=f"attachment://{_FILE}")
    return embed, discord.utils.MISSING, files


def _headline(
    texts: Texts, notes: Sequence[str], *, any_replica: bool, any_conversation: bool
) -> tuple[str, str]:
    if any_conversation:
        return texts("sensay.usage.title"), "\n".join(notes)
    if any_replica:
        return texts("sensay.usage.none"), "\n".join([texts("sensay.usage.none_why"), *notes])
    return texts("sensay.usage.no_replica"), "\n".join([texts("sensay.usage.no_replica_why"), *notes])


def _panels(counted: Counted, days: int, texts: Texts) -> list[Bars]:
    """Return what there is to draw: by source, then by day; nothing where nobody ever said anything."""
    if not any(counted.by_source.values()) and not any(counted.by_day.values()):
        return []
    panels = []
    if counted.by_source:
        top, others = largest(counted.by_source, ROWS)
        labels = [_source(word, texts) for word in top]
        values = list(top.values())
        if others is not None:
            labels.append(texts("sensay.usage.other_sources"))
            values.append(others)
        panels.append(Bars(texts("sensay.usage.by_source"), labels, values, horizontal=True))
    if counted.by_day:
        by_day = latest(counted.by_day, days)
        panels.append(
            Bars(texts("sensay.usage.by_day"), [texts.day(day) for day in by_day], list(by_day.values()))
        )
    return panels


def _source(word: str, texts: Texts) -> str:
    """Return a platform's name, or Sensay's own word for one that we do not know."""
    return texts.find(f"sensay.usage.source.{word}") or plain(word, LABEL) or "?"


def _fields(
    panels: Sequence[Bars], counted: Counted, names: Mapping[str, str], texts: Texts
) -> Iterator[Field]:
    """Yield the picture's numbers as text, the account's, and who is not among them."""
    for bars in panels:
        entries = [
            f"{quoted(label)}: **{texts.number(value)}**"
            for label, value in zip(bars.labels, bars.values, strict=True)
        ]
        total = texts("sensay.usage.total", number=texts.number(sum(bars.values)))
        if bars.horizontal:
            shown = "\n".join(entries)
        else:
            # A month of figures is for the picture; its last week is for whoever wants to read one.
            shown = "… " * (len(entries) > _DAYS_AS_TEXT) + " · ".join(entries[-_DAYS_AS_TEXT:])
        yield Field(bars.title, f"{shown}\n{total}")
    yield Field(texts("sensay.usage.month"), "\n".join(_month(counted, names, texts)))
    if counted.not_counted:
        missing = (quoted(names[uuid], 60) for uuid in counted.not_counted)
        yield Field(texts("sensay.usage.not_counted"), listed(missing, texts))


def _month_of(counted: Counted) -> Mapping[str, int]:
    """Return the month's conversations of the replicas that had the most, by whatever Sensay calls them."""
    if counted.month is None or isinstance(counted.month, ProviderError):
        return {}
    by_replica = counted.month.conversations.current_month_by_replica
    most = sorted(by_replica, key=lambda uuid: (-by_replica[uuid], uuid))[:_MOST_OF_MONTH]
    return {uuid: by_replica[uuid] for uuid in most if by_replica[uuid]}


def _month(counted: Counted, names: Mapping[str, str], texts: Texts) -> Iterator[str]:
    if counted.month is None:
        yield texts("sensay.usage.month_needs_user")
    elif isinstance(counted.month, ProviderError):
        yield texts("sensay.usage.month_unread")
    else:
        month = counted.month
        total = month.conversations.current_month_total
        yield texts("sensay.usage.month_conversations", number=texts.number(total))
        for uuid, number in _month_of(counted).items():
            name = quoted(names[uuid], 60) if uuid in names else code(uuid, 40)
            yield f"• {name}: **{texts.number(number)}**"
        entries = month.knowledge_base_entries.total
        yield texts("sensay.usage.month_entries", number=texts.number(entries))
    yield texts("sensay.usage.no_limit")


def _next(texts: Texts, asked: Sequence[str], panels: Sequence[Bars]) -> Field:
    if not asked:
        return Field(texts("next_step"), texts("sensay.connected.next"))
    return Field(texts("next_step"), texts("sensay.usage.next" if panels else "sensay.usage.none_next"))


def _described(panels: Sequence[Bars], texts: Texts) -> str:
    """Say what the picture shows, for those who do not see it."""
    described = (
        f"{bars.title}: "
        + ", ".join(
            f"{label} {texts.number(value)}" for label, value in zip(bars.labels, bars.values, strict=True)
        )
        for bars in panels
    )
    return clamp(". ".join(described), _LONGEST_ALT)
