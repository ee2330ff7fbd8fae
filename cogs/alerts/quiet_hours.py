"""``/alerts quiet-hours``: sets the time of each day in which alerts mention nobody."""

from collections.abc import Mapping, Sequence
from typing import Final

import discord

from bot.discord.commands import Suggestion, without_accents
from bot.discord.context import Context
from bot.discord.theme import Field, Tone, notice, when
from bot.errors import InvalidInputError
from bot.features.alerts.quiet_hours import QuietHours
from bot.features.maintenance.local_time import UTC_NAME, minutes_of, zone_names

_LIKELY: Final[Mapping[str, Sequence[str]]] = {
    "pt-BR": (
        "America/Sao_Paulo",
        "America/Fortaleza",
        "America/Recife",
        "America/Bahia",
        "America/Manaus",
        "America/Belem",
        "America/Cuiaba",
        "America/Campo_Grande",
        "America/Porto_Velho",
        "America/Rio_Branco",
        "America/Noronha",
        "Europe/Lisbon",
    ),
    "en-US": (
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Phoenix",
        "America/Anchorage",
        "Pacific/Honolulu",
        "America/Toronto",
        "Europe/London",
        "Australia/Sydney",
    ),
    "en-GB": ("Europe/London", "Europe/Dublin", "Australia/Sydney", "Pacific/Auckland", "Asia/Kolkata"),
    "es-ES": ("Europe/Madrid", "Atlantic/Canary"),
    "es-419": ("America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago"),
    "fr": ("Europe/Paris", "America/Montreal", "Europe/Brussels"),
    "de": ("Europe/Berlin", "Europe/Vienna", "Europe/Zurich"),
    "it": ("Europe/Rome",),
    "nl": ("Europe/Amsterdam", "Europe/Brussels"),
    "pl": ("Europe/Warsaw",),
    "ja": ("Asia/Tokyo",),
    "ko": ("Asia/Seoul",),
    "hi": ("Asia/Kolkata",),
}
"""The time zones that are suggested first, by the language of the server: where most of its speakers live."""


async def suggest_zones(ctx: Context) -> list[Suggestion]:
    """Suggest the time zones, those first in which a server of this language most likely is."""
    names = await zone_names()
    language = "" if ctx.guild is None else ctx.guild.preferred_locale.value
    likely = [*_LIKELY.get(language, ()), UTC_NAME]
    first = [name for name in likely if name in names]
    rest = [name for name in names if name not in first]
    return [Suggestion(name, name, _searched(name)) for name in (*first, *rest)]


async def change_quiet_hours(
    ctx: Context, start: str | None, end: str | None, zone: str | None, *, off: bool
) -> discord.Embed:
    """Set quiet hours, end them, or only show them; return what to say.

    start, end, zone: as a member typed them, None where left out. Raises InvalidInputError(
    "quiet_hours_pair", "time_zone_missing"), and what QuietHoursService.set raises.
    """
    service = ctx.services.quiet_hours
    before = await service.get(ctx.guild_id)
    if off:
        async with ctx.change("alerts.quiet_hours", "off") as change:
            change.idle = not await service.remove(ctx.guild_id)
        return notice(ctx.texts, Tone.QUIET, "alerts.quiet_hours.off", symbol="🌙")
    if start is None and end is None and zone is None:
        return _shown("list", before, ctx)
    if start is None or end is None:
        raise InvalidInputError("quiet_hours_pair")
    if zone is None and before is None:
        raise InvalidInputError("time_zone_missing")
    name = before.zone if zone is None and before is not None else await _zone_named(zone or "")
    begins, ends = _minutes(start), _minutes(end)
    async with ctx.change("alerts.quiet_hours", _in_words(begins, ends, name)):
        hours = await service.set(ctx.guild_id, begins, ends, name, member_id=ctx.member.id)
    return _shown("done", hours, ctx)


def hours_line(hours: QuietHours) -> str:
    """Return start, end and time zone."""
    return _in_words(hours.start, hours.end, hours.zone)


def _shown(kind: str, hours: QuietHours | None, ctx: Context) -> discord.Embed:
    texts = ctx.texts
    if hours is None:
        return notice(texts, Tone.QUIET, "alerts.quiet_hours.none", symbol="🌙")
    until = hours.until(ctx.now)
    return notice(
        texts,
        Tone.INFO if kind == "list" else Tone.GOOD,
        f"alerts.quiet_hours.{kind}",
        Field(texts("alerts.quiet_hours.field"), hours_line(hours)),
        *([] if until is None else [Field(texts("alerts.quiet_hours.now"), when(until, exact=True))]),
        how=texts("alerts.quiet_hours.how"),
        next_step=texts("alerts.quiet_hours.next"),
        symbol="🌙",
    )


def _in_words(start: int, end: int, zone: str) -> str:
    times = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (start, end))
    return f"{'-'.join(times)} · {zone}"


def _minutes(text: str) -> int:
    minutes = minutes_of(text)
    if minutes is None:
        raise InvalidInputError("quiet_hours_time")
    return minutes


def _searched(name: str) -> tuple[str, ...]:
    """Return how members type a zone: by its name, with spaces, or without any."""
    city = name.rpartition("/")[2]
    return name, name.replace("_", " "), city.replace("_", "")


async def _zone_named(typed: str) -> str:
    """Return the zone that a member means who typed its name or its city and picked none.

    Raises InvalidInputError("time_zone").
    """
    names = await zone_names()
    if typed in names:
        return typed
    wanted = _letters(typed)
    found = [name for name in names if wanted in {_letters(name), _letters(name.rpartition("/")[2])}]
    if len(found) != 1:
        raise InvalidInputError("time_zone")
    return found[0]


def _letters(text: str) -> str:
    return "".join(sign for sign in without_accents(text) if sign.isalnum() or sign == "/")
