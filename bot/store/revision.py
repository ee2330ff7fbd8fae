"""Says to which schema a database was brought."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseNewerError, DatabaseUnusableError

HEAD: Final = "0013"
"""The newest revision in ``migrations/versions/``; a test holds it to that."""
POSTGRES_HEAD: Final = "0015"
"""The same for a server's database: what only several processes need is not in a file."""
_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"


def newest_revision(database: Path | str) -> str:
    """Return the newest revision of a file, or of a database on a server."""
    return HEAD if isinstance(database, Path) else POSTGRES_HEAD


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
