"""Decides when a 401 from in between counts as a refusal: if one guild alone gets it for long enough."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.errors import IntermediaryUnauthorizedError, ProviderError

_Key = tuple[int, str, str]
"""Guild id, provider and name of a connection."""

LONG_ENOUGH: Final = 1800.0
_MAX_INTERVALS: Final = 3
"""After so many intervals, and ``LONG_ENOUGH`` at least, a check says nothing of the present."""
_MAX_OTHERS: Final = 1
"""So many other guilds may get the 401 as well: none of them can keep the rest from being told."""


@dataclass(frozen=True, slots=True)
class _Unauthorized:
    """An unbroken row of checks that got a 401 from in between: when the first and the last of them ended."""

    first: float
    last: float


class LoneRefusals:
    """What the latest checks of all connections to one host have shown. Times are seconds of one clock.

    Guilds are counted, not connections: one guild with many of them has no more weight than another.
    """

    def __init__(self, interval: float) -> None:
        """interval: seconds between two checks of a connection."""
        self._kept_seconds = max(LONG_ENOUGH, _MAX_INTERVALS * interval)
        # Both are in the order of the checks: the cost of one does not grow with the number of connections.
        self._answered: dict[_Key, float] = {}
        self._unauthorized: dict[_Key, _Unauthorized] = {}
        self._guilds: Counter[int] = Counter()  # how many connections of each stand in the latter

    @contextlib.contextmanager
    def noting(self, connection: _Key, clock: Callable[[], float]) -> Iterator[None]:
        """Note the error of the check in the body; a check without one may have needed no request."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, ProviderError) or not error.is_unsent:
                self.note(connection, error, clock())
            raise

    def note(self, connection: _Key, error: Exception | None, at: float) -> None:
        """Note how a check ended, and when. error: None if the host answered. at: not before the last one."""
        self._forget_before(at - self._kept_seconds)
        row = self._remove(connection)
        self._answered.pop(connection, None)
        if error is None:
            self._answered[connection] = at
        elif isinstance(error, IntermediaryUnauthorizedError):
            self._unauthorized[connection] = _Unauthorized(at if row is None else row.first, at)
            self._guilds[connection[0]] += 1

    def counts(self, connection: _Key) -> bool:
        """Return whether the 401 from in between that a connection got last counts as a refusal.

        It does if the connection has got nothing else for half an hour, at most one other guild gets it, and
        the host has answered another connection meanwhile.
        """
        row = self._unauthorized.get(connection)
        if row is None or len(self._guilds) > 1 + _MAX_OTHERS or row.last - row.first < LONG_ENOUGH:
            return False
        return next(reversed(self._answered.values()), row.first - 1) >= row.first

    def forget(self, connection: _Key) -> None:
        """Forget a connection whose credentials are known to be refused: others may still be alone."""
        self._remove(connection)

    def _remove(self, connection: _Key) -> _Unauthorized | None:
        row = self._unauthorized.pop(connection, None)
        if row is not None:
            self._guilds[connection[0]] -= 1
            if not self._guilds[connection[0]]:
                del self._guilds[connection[0]]
        return row

    def _forget_before(self, time: float) -> None:
        while self._answered and self._answered[oldest := next(iter(self._answered))] < time:
            del self._answered[oldest]
        while self._unauthorized and self._unauthorized[oldest := next(iter(self._unauthorized))].last < time:
            self._remove(oldest)
