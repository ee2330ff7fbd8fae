"""Checks a database file without changing it."""

from pathlib import Path

from bot.setup_errors import DatabaseUnusableError
from bot.store.copies import flaw_of
from bot.store.revision import HEAD, current_revision


def database_state(path: Path) -> str:
    """Return a line about the database's schema and integrity. It blocks. Raises DatabaseUnusableError."""
    revision = current_revision(path)
    if flaw := flaw_of(path):
        raise DatabaseUnusableError(path=str(path), reason=flaw)
    due = "" if revision == HEAD else f", schema {revision or 'empty'} is brought to {HEAD} at the next start"
    return f"{path} is sound{due}"
