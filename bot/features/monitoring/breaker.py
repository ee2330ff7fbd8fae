"""Stops requests to a host that is down, and tries single requests until the host answers again."""

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
"""So many failures in a row open the breaker, if no guild's request was answered lately."""
FIRST_PAUSE: Final = 30.0
MAX_PAUSE: Final = 480.0
"""Seconds; each trial that fails doubles the pause up to this."""
TURN_SECONDS: Final = 120.0
"""For so long after a pause, a guild that has had its turn leaves the trial to those that wait for theirs.
With the longest pause, this makes ten minutes.
"""
MIN_WINDOW: Final = 60.0
"""An answer counts for so many seconds at least."""
_WINDOW_INTERVALS: Final = 1.5
"""An answer counts until the guild's next check, which may come late."""

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
    went. All times are seconds of one clock.

    It opens after ``MAX_FAILURES`` failures in a row, if the host has answered no guild lately: what fails
    for one guild only says nothing of the host. While it is open it allows one trial after each pause, to the
    guilds in turn. A guild that has not failed itself since the last answer may try without a pause.
    """

    def __init__(self, host: str, interval: float) -> None:
        """interval: seconds between two checks of a connection."""
        self._host = host
        self._window = max(MIN_WINDOW, _WINDOW_INTERVALS * interval)
        self._answered_at: float | None = None
        self._failures = 0
        self._pause = 0.0  # seconds; 0 while the breaker is closed
        self._not_before = 0.0
        self._trying: int | None = None  # the guild whose request is the trial
        # Guilds since the last answer: those that failed, those that were held, those that have had a turn.
        self._failed: set[int] = set()
        self._waiting: set[int] = set()
        self._tried: set[int] = set()

    @property
    def is_open(self) -> bool:
        """Whether the host counts as down."""
        return self._pause > 0

    def may_ask(self, guild_id: int, at: float) -> bool:
        """Return whether a request may be sent for a guild now. While the breaker is open this is the trial,
        the only one.
        """
        if not self.is_open:
            return True
        if not self._has_turn(guild_id, at):
            self._waiting.add(guild_id)
            return False
        self._waiting.discard(guild_id)
        self._tried = {guild_id} if self._waiting <= self._tried else self._tried | {guild_id}
        self._trying = guild_id
        # A trial that is cancelled never reports how it went: another one may follow after the longest pause.
        self._not_before = at + MAX_PAUSE
        return True

    def note(self, guild_id: int, at: float, *, ok: bool, why: str = "") -> None:
        """Note how a guild's request went. ok: False for one of the errors in ``DOWN``. An answer closes the
        breaker, whoever got it. why: a word for the log, where it is not ok.
        """
        if ok:
            self._close(at)
            return
        self._failed.add(guild_id)
        if self.is_open:
            if self._trying != guild_id:
                return  # from before the breaker opened
            self._pause = min(2 * self._pause, MAX_PAUSE)
        else:
            self._failures += 1
            is_answering = self._answered_at is not None and at - self._answered_at < self._window
            if self._failures < MAX_FAILURES or is_answering:
                return
            self._pause = FIRST_PAUSE
            _log.warning("host_down", host=self._host, why=why)
        self._trying = None
        self._not_before = at + self._pause

    def give_back(self, guild_id: int, at: float) -> None:
        """Note that a guild has sent no request after all: if that was the trial, the next one may follow."""
        if self.is_open and self._trying == guild_id:
            self._trying = None
            self._not_before = at

    def _has_turn(self, guild_id: int, at: float) -> bool:
        if self._trying is None and guild_id not in self._failed:
            return True
        others_wait = guild_id in self._tried and not self._waiting <= self._tried
        return at >= self._not_before + (TURN_SECONDS if others_wait else 0)

    def _close(self, at: float) -> None:
        if self.is_open:
            _log.info("host_back", host=self._host)
        self._answered_at = at
        self._failures = 0
        self._pause = 0.0
        self._trying = None
        for guilds in (self._failed, self._waiting, self._tried):
            guilds.clear()
