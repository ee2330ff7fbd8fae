"""The file of ``/integrations history``: a table for spreadsheets; in English."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.services.history import Span

MOST: Final = 50_000
"""Spans in one file, the newest: some 8 MB, where Discord takes 10."""
COLUMNS: Final = ("from", "to", "seconds", "state", "detail")


def write(spans: Sequence[Span]) -> bytes:
    """Write spans as CSV, oldest first: times in UTC as ISO 8601, states and details as they are stored."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerows(
        (_time(span.start), _time(span.end), span.seconds, span.state, _cell(span.detail))
        for span in spans[-MOST:]
    )
    return table.getvalue().encode()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _cell(detail: str) -> str:
    """Make foreign text a cell in which no spreadsheet finds a formula, nor the beginning of another cell."""
    shown = plain(detail).replace(";", ",")  # where people write 0,5 that is what parts the cells
    return shown if not shown or shown[0].isalnum() else f"'{shown}"
