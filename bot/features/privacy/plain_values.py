"""Turns what is stored into JSON values."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

_TIME: Final = "at"
"""The names of columns with a time end with this."""
_IDS: Final = ("_id", "_by", "_channel", "member", "subject")
"""The names of columns with an id end with one of these. All other numbers are counts."""


def plain_tables(
    tables: Mapping[str, Iterable[Mapping[str, object]]],
) -> dict[str, list[dict[str, object]]]:
    """Return the rows as JSON values. Ids become strings, because some programs round large numbers."""
    return {
        table: [{name: _plain(name, value) for name, value in row.items()} for row in rows]
        for table, rows in tables.items()
    }


def iso_time(seconds: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _plain(name: str, value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and name.endswith(_TIME):
        return iso_time(value)
    if isinstance(value, int) and name.endswith(_IDS):
        return str(value)
    return value
