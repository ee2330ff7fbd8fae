"""Opens the connections to the database."""

import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from bot.store.sqlite.connection import SqliteReader, SqliteWriter
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.private_files import make_database_private

_CHUNK: Final = 64
"""Rows that the writing connection fetches in one step."""
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    # By default a large sort uses a folder that may not be writable in a container.
    "temp_store = MEMORY",
    # The triggers of a scrub must see the rows that an INSERT OR REPLACE replaces.
    "recursive_triggers = ON",
)


def prepare(path: Path) -> None:
    """Make the file if there is none, readable for its owner only, and migrate it if that is due. Blocks.

    Raises DatabaseUnusableError and DatabaseNewerError.
    """
    # A folder that is missing or takes no file is reported by SQLite.
    with contextlib.suppress(OSError):
        make_database_private(path)
    migrate(path)


def _set_up(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    # Text that is not UTF-8 must be shown and reported; a query that fails shows nothing.
    connection.text_factory = lambda text: text.decode(errors="replace")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def connect_reader(path: Path, patience: float) -> SqliteReader:
    """Open a connection that cannot write. patience: see ``Database.open``. Blocks. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        path, timeout=patience, isolation_level=None, check_same_thread=False, factory=SqliteReader
    )
    _set_up(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open_writer(path: Path, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
    _set_up(connection)
    return connection


@contextlib.asynccontextmanager
async def connect_writer(path: Path, patience: float) -> AsyncIterator[SqliteWriter]:
    """Open the connection that writes. patience: see ``Database.open``. Raises sqlite3.Error."""
    connection = SqliteWriter(functools.partial(_open_writer, path, patience), _CHUNK)
    async with connection:
        yield connection
