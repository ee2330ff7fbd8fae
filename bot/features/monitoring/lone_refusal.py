"""Decides when a 401 from in between counts as a refusal: if one connection alone gets it for long enough."""

import contextlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.errors import IntermediaryUnauthorizedError

LONG_ENOUGH: Final = 1800.0
_MAX_INTERVALS: Final = 3
"""After so many intervals, and ``LONG_ENOUGH`` at least, a check says nothing of the present."""


@dataclass(frozen=True, slots=True)
class _Unauthorized:
    """An unbroken row of checks that got a 401 from in between: when the first and the last of them ended."""

    first: float
    last: float


class LoneRefusals:
    """What the latest checks of all connections to one host have shown. Times are seconds of one clock."""

    def __init__(self, interval: float) -> None:
        """interval: seconds between two checks of a connection."""
        self._kept_seconds = max(LONG_ENOUGH, _MAX_INTERVALS * interval)
        # Both are in the order of the checks: the cost of one does not grow with the number of connections.
        self._answered: dict[Hashable, float] = {}
        self._unauthorized: dict[Hashable, _Unauthorized] = {}

    @contextlib.contextmanager
    def noting(self, connection: Hashable, clock: Callable[[], float]) -> Iterator[None]:
        """Note the error of the check in the body; a check without one may have needed no request."""
        try:
            yield
        except Exception as error:
            self.note(connection, error, clock())
            raise

    def note(self, connection: Hashable, error: Exception | None, at: float) -> None:
        """Note how a check ended, and when. error: None if the host answered. at: not before the last one."""
        self._forget_before(at - self._kept_seconds)
        row = self._unauthorized.pop(connection, None)
        self._answered.pop(connection, None)
        if error is None:
            self._answered[connection] = at
        elif isinstance(error, IntermediaryUnauthorizedError):
            self._unauthorized[connection] = _Unauthorized(at if row is None else row.first, at)

    def counts(self, connection: Hashable) -> bool:
        """Return whether the 401 from in between that a connection got last counts as a refusal.

        It does if the connection has got nothing else for half an hour, no other connection gets it, and the
        host has answered another one meanwhile.
        """
        row = self._unauthorized.get(connection)
        if row is None or len(self._unauthorized) > 1 or row.last - row.first < LONG_ENOUGH:
            return False
        return next(reversed(self._answered.values()), row.first - 1) >= row.first

    def forget(self, connection: Hashable) -> None:
        """Forget a connection whose credentials are known to be refused: others may still be alone."""
        self._unauthorized.pop(connection, None)

    def _forget_before(self, time: float) -> None:
        while self._answered and self._answered[oldest := next(iter(self._answered))] < time:
            del self._answered[oldest]
        while self._unauthorized and self._unauthorized[oldest := next(iter(self._unauthorized))].last < time:
            del self._unauthorized[oldest]
