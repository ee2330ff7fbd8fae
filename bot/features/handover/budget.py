"""Counts the answers of Discord that lead to a block of the host's address, and stops in time."""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog
from cachetools import TTLCache

from bot.errors import PreflightBudgetError, PreflightLimitError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Discord blocks an address for a while after 10,000 in 10 minutes; the bot's own requests need most of them.
# https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
SECONDS: Final = 600.0
IN_ALL: Final = 1000
"""What all processes may have together, which may share an address or a proxy. Each has a part, and
``PER_GUILD`` at least.
"""
PER_GUILD: Final = 50
PER_MEMBER: Final = 10
OWN_PER_GUILD: Final = 100
_MAX_COUNTED: Final = 10_000
INVALID: Final = frozenset({401, 403, 429})


class InvalidRequestBudget:
    """Counts the invalid answers of ten minutes: to members' tokens by member and by guild, and in all.

    The bot's own requests count in all. They are not stopped, except those for a guild that has caused many
    invalid answers: its members must not use up what the others need.
    """

    def __init__(self, clock: Callable[[], float], part: Callable[[], float] = lambda: 1.0) -> None:
        """clock: seconds since 1970. part: this process's, above 0 and at most 1; it may change."""
        self._clock = clock
        self._part = part
        self._in_all: deque[float] = deque()
        self._counted: TTLCache[tuple[int, int | None], deque[float]]
        self._counted = TTLCache(_MAX_COUNTED, SECONDS, timer=clock)
        self._own: TTLCache[int, deque[float]] = TTLCache(_MAX_COUNTED, SECONDS, timer=clock)

    def reserve(self, guild_id: int, member_id: int) -> float:
        """Count a request as if its answer were invalid, so that requests at once cannot go beyond a limit.

        Return what ``give_back`` takes. Raises PreflightBudgetError if a limit is reached, and
        PreflightLimitError if it is the one in all, with the time at which that ends.
        """
        limits = self._limits(guild_id, member_id)
        for times, limit in limits:
            self._drop_old(times)
            if len(times) >= limit:
                error = PreflightLimitError if times is self._in_all else PreflightBudgetError
                raise error(until=math.ceil(times[-limit] + SECONDS))
        now = self._clock()
        # Put anew each time: what is in use must not fall out of the cache.
        for (times, _), member in zip(limits, (member_id, None), strict=False):
            times.append(now)
            self._counted[guild_id, member] = times
        self._count_in_all(now)
        return now

    def give_back(self, guild_id: int, member_id: int, reserved: float) -> None:
        """Count a request no longer, because its answer was a valid one or none came."""
        for times, _ in self._limits(guild_id, member_id):
            if reserved in times:
                times.remove(reserved)

    def count_own(self, status: int, guild_id: int | None = None) -> None:
        """Count an answer to a request of the bot's own with this status, if it is an invalid one.

        guild_id: for whose work it was sent, None if that was no guild's.
        """
        if status not in INVALID:
            return
        self._drop_old(self._in_all)
        self._count_in_all(self._clock())
        if guild_id is not None:
            times = self._own.get(guild_id, deque())
            self._drop_old(times)
            times.append(self._clock())
            self._own[guild_id] = times
            if len(times) == OWN_PER_GUILD:
                _log.warning("requests_stopped", guild=guild_id, seconds=SECONDS)

    def is_spent(self, guild_id: int) -> bool:
        """Tell whether requests of the bot's own for a guild have had so many invalid answers that no more
        are sent.
        """
        times = self._own.get(guild_id, deque())
        self._drop_old(times)
        return len(times) >= OWN_PER_GUILD

    @property
    def used(self) -> int:
        """How many invalid answers of the last ten minutes are counted."""
        self._drop_old(self._in_all)
        return len(self._in_all)

    def _count_in_all(self, now: float) -> None:
        self._in_all.append(now)
        limit = self._limit_in_all()
        if len(self._in_all) in {limit // 2, limit}:
            _log.warning("preflight_budget_used", used=len(self._in_all), limit=limit)

    def _limit_in_all(self) -> int:
        return max(int(IN_ALL * self._part()), PER_GUILD)

    def _limits(self, guild_id: int, member_id: int) -> tuple[tuple[deque[float], int], ...]:
        return (
            (self._of(guild_id, member_id), PER_MEMBER),
            (self._of(guild_id, None), PER_GUILD),
            (self._in_all, self._limit_in_all()),
        )

    def _of(self, guild_id: int, member_id: int | None) -> deque[float]:
        return self._counted.setdefault((guild_id, member_id), deque())

    def _drop_old(self, times: deque[float]) -> None:
        while times and times[0] <= self._clock() - SECONDS:
            times.popleft()
