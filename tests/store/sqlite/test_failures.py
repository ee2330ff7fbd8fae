"""Proves that each error of SQLite is named for what it means."""

import sqlite3

import pytest

from bot.errors import BusyError, DamagedError, UnavailableError
from bot.store.sqlite.failures import unavailable


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (sqlite3.SQLITE_FULL, UnavailableError, "disk full"),
        (sqlite3.SQLITE_IOERR_WRITE, UnavailableError, "disk I/O error"),
        (sqlite3.SQLITE_IOERR_FSYNC, UnavailableError, "disk I/O error"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, UnavailableError, "the file is read-only"),
        (sqlite3.SQLITE_CANTOPEN, UnavailableError, "the file cannot be opened"),
        (sqlite3.SQLITE_BUSY, BusyError, "another process has it locked"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, BusyError, "another process has it locked"),
        (sqlite3.SQLITE_CORRUPT, DamagedError, "x"),
        (sqlite3.SQLITE_CORRUPT_INDEX, DamagedError, "x"),
        (sqlite3.SQLITE_NOTADB, DamagedError, "x"),
        (sqlite3.SQLITE_IOERR_READ, DamagedError, "x"),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, DamagedError, "x"),
        (sqlite3.SQLITE_ERROR, None, None),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, None, None),
        (None, None, None),
    ],
)
def test_each_kind_of_refusal_is_named(
    code: int | None, kind: type[UnavailableError] | None, reason: str | None
) -> None:
    """What it is follows from SQLite's code, whatever its extension is."""
    error = sqlite3.OperationalError("x")
    if code is not None:
        error.sqlite_errorcode = code
    found = unavailable(error)
    assert (type(found) if found else None, found and found.values["reason"]) == (kind, reason)
