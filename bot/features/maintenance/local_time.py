"""Reads and computes times of day as the clock on a server's wall shows them."""

from __future__ import annotations

import asyncio
import functools
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

DAY_MINUTES: Final = 1440
UTC_NAME: Final = "UTC"
_AREAS: Final = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3])(?::([0-5][0-9])|h([0-5][0-9])?)", re.IGNORECASE | re.ASCII)
"""A time of day, as in 22:30; in Portuguese also 22h30 and 22h."""


_zones: dict[str, ZoneInfo] = {}
"""The time zones that were read."""


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone. Raises ZoneInfoNotFoundError.

    The first call for each zone reads a file and blocks: await ``load_zone`` first.
    """
    if name not in _zones:
        _zones[name] = ZoneInfo(name)
    return _zones[name]


async def load_zone(name: str) -> ZoneInfo:
    """Read a time zone, so that ``zone_named`` returns it at once. Raises ZoneInfoNotFoundError."""
    return _zones[name] if name in _zones else await asyncio.to_thread(zone_named, name)


@functools.cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(name for name in available_timezones() if name.startswith(_AREAS)))


async def zone_names() -> tuple[str, ...]:
    """Return the names of the time zones that stand for places, such as America/Sao_Paulo, and UTC."""
    return (*await asyncio.to_thread(_zone_names), UTC_NAME)


def minutes_of(text: str) -> int | None:
    """Read a time of day; return it in minutes after midnight, or None if it is none."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) * 60 + int(found[2] or found[3] or 0)


def first_moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the first moment at which the local clock shows this time or a later one, in seconds since 1970.

    A time that the clock shows twice, when it is set back, means the first time. A time that it skips, when
    it is set forward, means the moment of the change. minutes: after midnight.
    """
    wanted = datetime.combine(day, time()) + timedelta(minutes=minutes)
    # For a time that is skipped, fold=0 is computed with the offset from before the change and so comes after
    # it, and fold=1 comes before it (PEP 495).
    after, before = (int(wanted.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    while before + 1 < after:
        middle = (before + after) // 2
        if local(middle, zone) >= wanted:
            after = middle
        else:
            before = middle
    return after


def local(at: int, zone: ZoneInfo) -> datetime:
    """Return what the local clock shows at a moment, without its zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None)


def start_of(text: str, zone: ZoneInfo, now: int) -> int | None:
    """Read when something begins; return seconds since 1970, or None if the text is no time.

    text: a time of day, which means the next time that the local clock shows it, or a date and a time such as
    2026-12-01 22:30. About times that the clock skips or shows twice, see ``first_moment``.
    """
    written_day, _, written_time = text.strip().rpartition(" ")
    minutes = minutes_of(written_time)
    if minutes is None:
        return None
    if written_day:
        day = _day_of(written_day.strip())
        return None if day is None else first_moment(day, minutes, zone)
    today = local(now, zone).date()
    moments = (first_moment(today + timedelta(days=ahead), minutes, zone) for ahead in range(3))
    return next(at for at in moments if at > now)


def _day_of(text: str) -> date | None:
    # date.fromisoformat also takes weeks, and days without hyphens.
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # In the last years that a date can have, a moment may be in a year that it cannot.
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None
