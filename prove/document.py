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
_BEGIN: Final = "<!-- The lines of `make prove ARGS=--record` -->\n"
_END: Final = "<!-- End -->\n"


def record(figures: Sequence[Figure]) -> None:
    """Put the lines between the two marks of the document, with the date and the machine."""
    before, _, rest = PATH.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    machine = (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}:"
    )
    lines = "".join(f"- {figure}\n" for figure in figures)
    PATH.write_text(f"{before}{_BEGIN}\n{machine}\n\n{lines}\n{_END}{after}", "utf-8")
