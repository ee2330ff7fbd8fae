"""Stops requests to a host that is down, and tries single requests until the host answers again."""

from collections.abc import Callable
from typing import Final

import structlog

from bot.errors import (
    IntermediaryError,
    NotJsonError,
    ProviderError,
    ProviderTimeoutError,
    ServerFaultError,
    UnreachableError,
)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_FAILURES: Final = 5
"""So many failures in a row open the breaker."""
FIRST_PAUSE: Final = 30.0
MAX_PAUSE: Final = 600.0
"""Seconds; each trial that fails doubles the pause up to this."""

DOWN: Final[tuple[type[ProviderError], ...]] = (
    UnreachableError,
    ProviderTimeoutError,
    ServerFaultError,
    IntermediaryError,
    NotJsonError,
)
"""The errors of a request to a host that is down. Any other error is an answer of the host, hence a success
here.
"""


class Breaker:
    """The circuit breaker of one host: ask it before each request, and report afterwards how the request
    went.

    It opens after ``MAX_FAILURES`` failures in a row. While it is open it allows one trial after each pause.
    """

    def __init__(self, host: str, clock: Callable[[], float]) -> None:
        """clock: seconds that never go back."""
        self._host = host
        self._clock = clock
        self._failures = 0
        self._pause = 0.0  # seconds; 0 while the breaker is closed
        self._trying = False
        self._not_before = self._held_until = clock()

    @property
    def is_open(self) -> bool:
        """Whether the host counts as down."""
        return self._pause > 0

    def may_ask(self) -> bool:
        """Return whether a request may be sent now. While the breaker is open this is the trial, the only
        one.
        """
        now = self._clock()
        if now < max(self._not_before, self._held_until):
            return False
        if self.is_open:
            self._trying = True
            # A trial that is cancelled never reports how it went: another one may follow after the longest
            # pause.
            self._not_before = now + MAX_PAUSE
        return True

    def succeeded(self) -> None:
        """Note that the host answered. This closes the breaker."""
        if self.is_open:
            _log.info("host_back", host=self._host)
        self._failures = 0
        self._pause = 0.0
        self._trying = False
        self._not_before = self._clock()

    def failed(self) -> None:
        """Note one of the errors in ``DOWN``. A request from before the breaker opened changes nothing."""
        if self.is_open:
            if not self._trying:
                return
            self._pause = min(2 * self._pause, MAX_PAUSE)
        else:
            self._failures += 1
            if self._failures < MAX_FAILURES:
                return
            self._pause = FIRST_PAUSE
            _log.warning("host_down", host=self._host)
        self._trying = False
        self._not_before = self._clock() + self._pause

    def hold(self, seconds: float) -> None:
        """Allow no request for so long, whatever the outcomes: the host asked for it with Retry-After."""
        self._held_until = max(self._held_until, self._clock() + seconds)
