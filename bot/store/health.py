"""Checks a database file without changing it."""

import contextlib
import sqlite3
from pathlib import Path

from bot.setup_errors import DatabaseUnusableError
from bot.store.revision import HEAD, current_revision


def database_state(path: Path) -> str:
    """Return a line about the database's schema and integrity. It blocks. Raises DatabaseUnusableError."""
    revision = current_revision(path)
    try:
        # mode=ro would leave a -wal and a -shm file behind, which may belong to another user than the bot's.
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
