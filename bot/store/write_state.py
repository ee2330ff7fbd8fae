"""Knows whether the database takes writes, and logs once when that ends and once when it begins again."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import structlog

from bot.errors import BusyError, DamagedError, UnavailableError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class WriteState:
    """Since when the database has taken no writes, and why. Damage stays until the process ends."""

    def __init__(self, clock: Callable[[], float] = time.time, database: str = "") -> None:
        """clock: seconds since 1970. database: its path, for the log."""
        self._clock = clock
        self._database = database
        self._since: float | None = None
        self.reason = ""
        """Why, while writes fail."""
        self._is_busy = False
        self._damage: str | None = None
        self.damaged_operation = ""
        """What has found the damage."""
        self._damaged = asyncio.Event()
        self._trying_since: float | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the last that is known is that writes fail."""
        return self._since is not None

    @property
    def is_busy(self) -> bool:
        """Whether they fail because another process has the file locked."""
        return self.is_refused and self._is_busy

    @property
    def damage(self) -> str | None:
        """What SQLite said of the damage that was found, None if there is none."""
        return self._damage

    @property
    def refusal(self) -> str | None:
        """A sentence for whoever hosts the bot, None while writes work."""
        if self._since is None:
            return None
        since = datetime.fromtimestamp(int(self._since), UTC).isoformat().replace("+00:00", "Z")
        return f"the database takes no writes since {since}: {self.reason}"

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

    async def until_damaged(self) -> None:
        """Wait until damage is found."""
        await self._damaged.wait()

    def failed(self, error: UnavailableError, operation: str, holder: str = "") -> None:
        """Note that a read or a write failed.

        operation: the name of the query or of the transaction. holder: who has the file locked, if known.
        """
        reason = str(error.values["reason"])
        if isinstance(error, DamagedError):
            self.damaged(reason, operation)
        else:
            self.refused(reason, operation, is_busy=isinstance(error, BusyError), holder=holder)

    def refused(self, reason: str, operation: str = "", *, is_busy: bool = False, holder: str = "") -> None:
        """Note that a write failed, and log it if the last one did not."""
        if self._damage is not None:
            return
        if self._since is None:
            self._since = self._clock()
            known = {"locked_by": holder} if holder else {}
            _log.error("writes_failing", reason=reason, database=self._database, operation=operation, **known)
        self.reason, self._is_busy = reason, is_busy

    def damaged(self, reason: str, operation: str = "") -> None:
        """Note that something stored cannot be read. ``bot.operating.backups.damage`` logs the first time."""
        if self._damage is None:
            self._damage, self.damaged_operation = reason, operation
            self._since = self._clock() if self._since is None else self._since
            self.reason, self._is_busy = f"it is damaged ({reason})", False
            self._damaged.set()

    def accepted(self) -> None:
        """Note that writes work again."""
        if self._since is not None and self._damage is None:
            seconds = max(0, round(self._clock() - self._since))
            _log.info("writes_back", after_seconds=seconds, reason=self.reason)
            self._since, self.reason = None, ""
