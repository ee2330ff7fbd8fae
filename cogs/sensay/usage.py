"""``/sensay usage``: conversations by source and by day."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import discord

from bot.discord.context import Context
from bot.discord.names import Named, tell_apart
from bot.discord.text import clamp, code, listed, plain, quoted
from bot.discord.theme import Field, Tone, notice
from bot.errors import ProviderError
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.pictures.canvas import MAX_LABEL_LENGTH, draw
from bot.pictures.charts import MAX_ROWS, BarChart
from bot.providers.sensay.usage import Counted, count, largest, latest
from cogs.sensay.replica import chosen_replica, client_of

MAX_DAYS: Final = 30
MAX_REPLICAS: Final = 10
_MAX_MONTH_REPLICAS: Final = 5
_MAX_NAME: Final = 80
_MAX_DAYS_AS_TEXT: Final = 7
_MAX_ALT: Final = 1024
_FILE: Final = "usage.png"


async def read_usage(
    ctx: Context, connection: Connection, replica: str | None, days: int
) -> tuple[discord.Embed, Sequence[discord.File]]:
    """Show the conversations of one replica, or of all that are on Discord, as text and as a picture.

    Raises InvalidInputError("replica") and ProviderError.
    """
    texts, client = ctx.texts, client_of(ctx, connection)
    notes = []
    if replica is None:
        found = await client.own_replicas(on_discord=True)
        names = {entry.uuid: entry.name or entry.uuid for entry in found.items if entry.uuid}
        if len(names) > MAX_REPLICAS:
            notes.append(texts("sensay.usage.first", most=MAX_REPLICAS, all=texts.number(len(names))))
        if not found.complete:
            notes.append(texts("sensay.usage.incomplete"))
    else:
        chosen = chosen_replica(ctx, connection, replica)
        names = {chosen.id: chosen.label}
    asked = list(names)[:MAX_REPLICAS]
    counted = await count(client, asked)
    panels = _panels(counted, days, texts)
    key = f"sensay.usage.{'some' if panels else 'none' if asked else 'no_replica'}"
    known = {
        uuid: choice.label
        for uuid in _month_of(counted)
        if (choice := ctx.services.choices.listed(connection, uuid)) is not None
    }
    shown = _told_apart(known | names)
    of = listed((shown[uuid] for uuid in asked), texts, separator=", ")
    embed = notice(
        texts,
        Tone.INFO,
        key,
        *_fields(panels, counted, shown, texts),
        how="\n".join([texts(f"{key}_how", replicas=of), *notes]),
        next_step=None if asked else texts("sensay.connected.next"),
        symbol="📊",
    )
    files = []
    if panels:
        picture = await draw(*panels)
        files.append(discord.File(io.BytesIO(picture), _FILE, description=_description(panels, texts)))
        embed.set_image(url=f"attachment://{_FILE}")
    return embed, files


def _told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return replicas' names by UUID, made different, and safe where Discord renders markdown."""
    labels = tell_apart([Named(label, uuid) for uuid, label in names.items()], _MAX_NAME)
    return {uuid: quoted(label) or code(uuid, 40) for uuid, label in zip(names, labels, strict=True)}


def _panels(counted: Counted, days: int, texts: Texts) -> list[BarChart]:
    """Return the charts, by source and by day; none where there never was a conversation."""
    if not any(counted.by_source.values()) and not any(counted.by_day.values()):
        return []
    panels = []
    if counted.by_source:
        top, others = largest(counted.by_source, MAX_ROWS)
        labels = [_source(word, texts) for word in top]
        values = list(top.values())
        if others is not None:
            labels.append(texts("sensay.usage.other_sources"))
            values.append(others)
        title, thousands = texts("sensay.usage.by_source"), texts.thousands
        panels.append(BarChart(title, labels, values, horizontal=True, thousands=thousands))
    if counted.by_day:
        by_day = latest(counted.by_day, days)
        labels, values = [texts.day(day) for day in by_day], list(by_day.values())
        panels.append(BarChart(texts("sensay.usage.by_day"), labels, values, thousands=texts.thousands))
    return panels


def _source(word: str, texts: Texts) -> str:
    """Return a platform's name, or Sensay's own word where we have no name for it."""
    return texts.find(f"sensay.usage.source.{word}") or plain(word, MAX_LABEL_LENGTH) or "?"


def _fields(
    panels: Sequence[BarChart], counted: Counted, names: Mapping[str, str], texts: Texts
) -> Iterator[Field]:
    """Yield the charts' numbers as text, then the account's, then the replicas that could not be counted."""
    for bars in panels:
        numbers = zip(bars.labels, bars.values, strict=True)
        entries = [f"{quoted(label)}: **{texts.number(value)}**" for label, value in numbers]
        total = texts("sensay.usage.total", number=texts.number(sum(bars.values)))
        if bars.horizontal:
            shown = "\n".join(entries)
        else:
            # The picture shows the whole month; the text has the last days only.
            shown = "… " * (len(entries) > _MAX_DAYS_AS_TEXT) + " · ".join(entries[-_MAX_DAYS_AS_TEXT:])
        yield Field(bars.title, f"{shown}\n{total}")
    yield Field(texts("sensay.usage.month"), "\n".join(_month(counted, names, texts)))
    if counted.not_counted:
        missing = (names[uuid] for uuid in counted.not_counted)
        yield Field(texts("sensay.usage.not_counted"), listed(missing, texts))


def _month_of(counted: Counted) -> Mapping[str, int]:
    """Return this month's conversations of the replicas that had the most, by the id that Sensay gives."""
    if counted.month is None or isinstance(counted.month, ProviderError):
        return {}
    by_replica = counted.month.conversations.current_month_by_replica
    most = sorted(by_replica, key=lambda uuid: (-by_replica[uuid], uuid))[:_MAX_MONTH_REPLICAS]
    return {uuid: by_replica[uuid] for uuid in most if by_replica[uuid]}


def _month(counted: Counted, names: Mapping[str, str], texts: Texts) -> Iterator[str]:
    if counted.month is None:
        yield texts("sensay.usage.month_needs_user")
    elif isinstance(counted.month, ProviderError):
        yield texts("sensay.usage.month_unread")
    else:
        month = counted.month
        number = texts.number(month.conversations.current_month_total)
        yield texts("sensay.usage.month_conversations", number=number)
        for uuid, conversations in _month_of(counted).items():
            name = names.get(uuid) or code(uuid, 40)
            yield f"• {name}: **{texts.number(conversations)}**"
        yield texts("sensay.usage.month_entries", number=texts.number(month.knowledge_base_entries.total))
    yield texts("sensay.usage.no_limit")


def _description(panels: Sequence[BarChart], texts: Texts) -> str:
    """Describe the picture for members who cannot see it."""
    described = []
    for bars in panels:
        numbers = zip(bars.labels, bars.values, strict=True)
        described.append(
            f"{bars.title}: " + ", ".join(f"{name} {texts.number(each)}" for name, each in numbers)
        )
    return clamp(". ".join(described), _MAX_ALT)
