"""Says to which schema a file was brought."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseNewerError, DatabaseUnusableError

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def current_revision(path: Path) -> str | None:
    """Return the database's revision, None for an empty one.

    Blocks; call it in a thread. Raises DatabaseUnusableError, and DatabaseNewerError for a revision
    that this code does not know.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")
            if tables.fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
    if row is None:
        return None
    revision = str(row[0])
    if revision not in {script.name.partition("_")[0] for script in _VERSIONS.glob("*.py")}:
        raise DatabaseNewerError(path=str(path), revision=revision)
    return revision
