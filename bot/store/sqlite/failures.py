"""Says what an error of SQLite means for the database."""

import sqlite3
from typing import Final

from bot.errors import BusyError, DamagedError, UnavailableError

_REASONS: Final = {
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_IOERR: "disk I/O error",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another process has it locked",
}
"""The errors that are about the file and not about what was to be written, by SQLite's primary code."""
_DAMAGE: Final = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_DATA,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
}
"""The codes, primary or extended, that mean that something stored cannot be read any more."""
_PRIMARY: Final = 0xFF
"""The part of an extended error code that is the primary one."""


def unavailable(error: sqlite3.Error) -> UnavailableError | None:
    """Return what an error says of the file, None if it is about the statement."""
    # An error that did not come from SQLite has no code.
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if not _DAMAGE.isdisjoint({code, code & _PRIMARY}):
        return DamagedError(reason=str(error))
    reason = _REASONS.get(code & _PRIMARY)
    if reason is None:
        return None
    is_busy = code & _PRIMARY == sqlite3.SQLITE_BUSY
    return BusyError(reason=reason) if is_busy else UnavailableError(reason=reason)
