"""Paces a worker that fails: each pause is longer than the one before, and the log does not fill."""

import structlog


class Backoff:
    """The pauses of one worker, or of one thing that it works on.

    first, longest: seconds. Each failure doubles the pause; a success begins anew.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0
        self._logged: type[BaseException] | None = None

    def fail(self) -> float:
        """Count a failure, and return how many seconds to wait."""
        self._failures += 1
        # A power of two that no float holds is an error.
        doublings = min(self._failures - 1, 32)
        return min(self._longest, self._first * 2.0**doublings)

    def fail_with(
        self, log: structlog.stdlib.BoundLogger, event: str, error: BaseException, **fields: object
    ) -> float:
        """Count a failure that nobody foresaw, log it, and return how many seconds to wait.

        The traceback is logged once for a kind of error, then a line with the number of failures.
        """
        pause = self.fail()
        if type(error) is self._logged:
            log.error(event, error=type(error).__name__, failures=self._failures, **fields)
        else:
            self._logged = type(error)
            log.error(event, exc_info=error, **fields)
        return pause

    def succeed(self) -> None:
        """Begin anew."""
        self._failures, self._logged = 0, None
