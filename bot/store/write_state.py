"""Knows whether the database takes writes, and logs once when that ends and once when it begins again."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_REASONS: Final = {
    sqlite3.SQLITE_FULL: "disk full",
    sqlite3.SQLITE_IOERR: "disk I/O error",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another process has it locked",
}
"""The errors that are about the file and not about what was to be written, by SQLite's primary code."""
_PRIMARY: Final = 0xFF
"""The part of an extended error code that is the primary one."""


def refusal_reason(error: sqlite3.OperationalError) -> str | None:
    """Return why the file takes no writes, None if the error is about the statement."""
    # An error that did not come from SQLite has no code.
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _REASONS.get(code & _PRIMARY)


class WriteState:
    """Since when the database has taken no writes, and why."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """clock: seconds since 1970."""
        self._clock = clock
        self._since: float | None = None
        self._reason = ""
        self._trying_since: float | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the last that is known is that writes fail."""
        return self._since is not None

    @property
    def refusal(self) -> str | None:
        """A sentence for whoever hosts the bot, None while writes work."""
        if self._since is None:
            return None
        since = datetime.fromtimestamp(int(self._since), UTC).isoformat().replace("+00:00", "Z")
        return f"the database takes no writes since {since}: {self._reason}"

    @property
    def trying_for(self) -> float:
        """For how many seconds the write that is tried at intervals has gone on; 0 while none does."""
        return 0.0 if self._trying_since is None else max(0.0, time.monotonic() - self._trying_since)

    @contextlib.contextmanager
    def trying(self) -> Iterator[None]:
        """Note that a write is tried while the block runs: one that hangs is refused by nobody."""
        self._trying_since = time.monotonic()
        try:
            yield
        finally:
            self._trying_since = None

    def refused(self, reason: str) -> None:
        """Note that a write failed."""
        if self._since is None:
            self._since = self._clock()
            _log.error("writes_failing", reason=reason)
        self._reason = reason

    def accepted(self) -> None:
        """Note that writes work again."""
        if self._since is not None:
            seconds = max(0, round(self._clock() - self._since))
            _log.info("writes_back", after_seconds=seconds, reason=self._reason)
            self._since, self._reason = None, ""
