"""Checks a database file without changing it."""

import contextlib
import sqlite3
from pathlib import Path

from bot.setup_errors import DatabaseUnusableError
from bot.store.copies import flaw_of, opened
from bot.store.revision import HEAD, current_revision
from bot.store.scrub import REPLICATION


def database_state(path: Path) -> str:
    """Return a line about the database's schema and integrity. It blocks. Raises DatabaseUnusableError."""
    revision = current_revision(path)
    if flaw := flaw_of(path):
        raise DatabaseUnusableError(path=str(path), reason=flaw)
    due = "" if revision == HEAD else f", schema {revision or 'empty'} is brought to {HEAD} at the next start"
    return f"{path} is sound{due}"


def is_replicated(path: Path) -> bool:
    """Tell whether Litestream replicates a database, or has done so. Blocks."""
    with contextlib.suppress(sqlite3.Error), opened(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return any(str(name).startswith(REPLICATION) for (name,) in tables)
    return False
