"""Writes the lines of proofs into docs/security.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import bot
from prove.runner import Figure

PATH: Final = Path(bot.__path__[0]).parent / "docs" / "security.md"
_BEGIN: Final = "<!-- The lines of `make prove ARGS=--record` -->\n\n"
_END: Final = "\n<!-- End -->"


def record(figures: Sequence[Figure]) -> None:
    """Put the lines between the two marks of the document, each with its day and machine.

    Lines of other promises stay.
    """
    PATH.write_text(recorded(PATH.read_text("utf-8"), figures, _where()), "utf-8")


def recorded(text: str, figures: Sequence[Figure], where: str) -> str:
    """Return the document with these lines. where: the day and the machine."""
    before, _, rest = text.partition(_BEGIN)
    lines, _, after = rest.partition(_END)
    kept = lines.splitlines()
    for figure in figures:
        begin = f"- **{figure.promise}**:"
        line = f"{begin} {figure.outcome} ({where})"
        former = [each for each in kept if each.startswith(begin)]
        kept = [line if each in former else each for each in kept] if former else [*kept, line]
    return before + _BEGIN + "".join(f"{line}\n" for line in kept) + _END + after


def _where() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )
