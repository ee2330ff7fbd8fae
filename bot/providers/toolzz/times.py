"""Times as Toolzz reports them: with a zone, without one, as a number, or unreadable."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Self

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_UNITS: Final = ((10**8, 10**10, 1), (10**11, 10**13, 1000))
"""The numbers that are seconds since 1970 and those that are milliseconds: the years 1973 to 2286."""
_MAX_TEXT: Final = 1000
"""Far more than is shown: a token in it is masked first, and half a token is not recognised."""


@dataclass(frozen=True, slots=True)
class ReportedTime:
    """A time that Toolzz reported.

    text: as received, shortened; hostile. time: without a zone where the text names none, None where the text
    is no time. host: the one that sent it. offset: how far from UTC that host writes times without a zone,
    None where nobody knows.
    """

    text: str
    time: datetime | None = None
    host: str = ""
    offset: timedelta | None = None

    @property
    def unzoned(self) -> datetime | None:
        """The time, None where the text says in which zone it is, or is no time."""
        return None if self.time is None or self.time.tzinfo is not None else self.time

    @property
    def moment(self) -> datetime | None:
        """The time with its zone, None where nobody knows the zone, or the text is no time."""
        if self.unzoned is None:
            return self.time
        return None if self.offset is None else self.unzoned.replace(tzinfo=timezone(self.offset))

    def is_after(self, other: Self) -> bool:
        """Tell whether this time is certainly the later one: False also where nobody can compare them."""
        if self.moment is not None and other.moment is not None:
            return self.moment > other.moment
        if self.unzoned is None or other.unzoned is None:
            return False
        return self.host == other.host and self.unzoned > other.unzoned


def read_time(value: object) -> ReportedTime | None:
    """Read a time; None for null, blanks, and what is neither a text nor a number."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    text = str(value).strip()
    if not text:
        return None
    return ReportedTime(text[:_MAX_TEXT], _since_1970(text) if _NUMBER.fullmatch(text) else _iso(text))


def _since_1970(digits: str) -> datetime | None:
    number = float(digits)
    for least, below, unit in _UNITS:
        if least <= number < below:
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def _iso(text: str) -> datetime | None:
    """Read a date with a time of day; a date alone is no moment."""
    try:
        return datetime.fromisoformat(text) if ":" in text or "T" in text else None
    except ValueError:
        return None
