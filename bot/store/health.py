"""Looks at a database file without changing it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from bot.errors import DatabaseUnusableError
from bot.store.migrations import HEAD, current_revision

if TYPE_CHECKING:
    from pathlib import Path


def database_state(path: Path) -> str:
    """Return a line on the database's schema and integrity. Blocks. Raises DatabaseUnusableError."""
    revision = current_revision(path)
    try:
        # Not mode=ro, which would leave a -wal and a -shm file behind, perhaps not the bot's user's.
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        ) as connection:
            result = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
    if result != "ok":
        raise DatabaseUnusableError(path=str(path), reason=result)
    due = "" if revision == HEAD else f", schema {revision or 'empty'} is brought to {HEAD} at the next start"
    return f"{path} is sound{due}"
