"""Stops asking a host that is down, and finds out with one request at a time whether it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import NotJsonError, ProviderTimeoutError, ServerFaultError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.errors import ProviderError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_FAILURES: Final = 5
"""In a row."""
FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 600.0
"""Seconds; each trial that fails doubles the pause up to this."""

DOWN: Final[tuple[type[ProviderError], ...]] = (
    UnreachableError,
    ProviderTimeoutError,
    ServerFaultError,
    NotJsonError,
)
"""What comes of asking a host that is down. With any other error it has answered: a success, here."""


class Breaker:
    """Of one host. Whoever asks there first asks here, and says afterwards how it went.

    It opens, and lets nobody through, after ``MOST_FAILURES`` in a row; after a pause one may try.
    """

    def __init__(self, host: str, clock: Callable[[], float]) -> None:
        """clock: seconds that never go back."""
        self._host = host
        self._clock = clock
        self._failures = 0
        self._pause = 0.0  # seconds; nought unless it is open
        self._trying = False
        self._not_before = self._held_until = clock()

    @property
    def is_open(self) -> bool:
        """Whether the host is taken to be down."""
        return self._pause > 0

    def may_ask(self) -> bool:
        """Tell whether to ask now. True while it is open is the trial, the only one until it is over."""
        now = self._clock()
        if now < max(self._not_before, self._held_until):
            return False
        if self.is_open:
            self._trying = True
            # Of a trial that ends without a word nobody would ever hear.
            self._not_before = now + LONGEST_PAUSE
        return True

    def succeeded(self) -> None:
        """Note an answer. It closes."""
        if self.is_open:
            _log.info("host_back", host=self._host)
        self._failures = 0
        self._pause = 0.0
        self._trying = False
        self._not_before = self._clock()

    def failed(self) -> None:
        """Note one of ``DOWN``. What was asked before it opened, and fails after that, changes nothing."""
        if self.is_open:
            if not self._trying:
                return
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        else:
            self._failures += 1
            if self._failures < MOST_FAILURES:
                return
            self._pause = FIRST_PAUSE
            _log.warning("host_down", host=self._host)
        self._trying = False
        self._not_before = self._clock() + self._pause

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long, whatever else is said: the host has asked for it (Retry-After)."""
        self._held_until = max(self._held_until, self._clock() + seconds)
