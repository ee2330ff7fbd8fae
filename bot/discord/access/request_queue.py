"""Sends questions to Discord one after the other: so many per second, and each server in turn."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Final

from bot.discord.background import BackgroundTasks
from bot.providers.base.current_guild import working_for

_PER_SECOND: Final = 5
"""A tenth of what Discord lets a bot ask; the rest is for members' commands."""

Work = Callable[[], Coroutine[Any, Any, object]]
_Lanes = dict[int, dict[Hashable, Work]]
"""What waits, by guild; the guild whose turn is next comes first."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How time passes for questions to Discord.

    clock: seconds that never go back. random: a number from 0 to below 1. sleep: waits for so many seconds.
    """

    clock: Callable[[], float]
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


class RequestQueue:
    """Starts work in the background; a longer queue only delays it."""

    def __init__(self, background: BackgroundTasks, timing: Timing) -> None:
        self._background = background
        self._timing = timing
        self._urgent: _Lanes = {}
        self._later: _Lanes = {}
        self._starts: deque[float] = deque(maxlen=_PER_SECOND)
        self._is_running = False

    def add(self, guild_id: int, key: Hashable, work: Work, *, urgent: bool) -> None:
        """Add work unless it waits already. urgent: before all that is not."""
        if key in self._urgent.get(guild_id, {}):
            return
        if urgent:
            _remove(self._later, guild_id, key)
        (self._urgent if urgent else self._later).setdefault(guild_id, {}).setdefault(key, work)
        if not self._is_running:
            self._is_running = True
            self._background.start(self._run())

    def __len__(self) -> int:
        """How much work waits."""
        return sum(map(len, [*self._urgent.values(), *self._later.values()]))

    def forget_guild(self, guild_id: int) -> None:
        """Drop what waits for a guild."""
        self._urgent.pop(guild_id, None)
        self._later.pop(guild_id, None)

    async def _run(self) -> None:
        while self._urgent or self._later:
            await self._wait_for_turn()
            if lanes := self._urgent or self._later:
                guild_id, work = _take(lanes)
                with working_for(guild_id):
                    self._background.start(work())
        self._is_running = False

    async def _wait_for_turn(self) -> None:
        """Wait until so few have been started within a second that one more may be."""
        now = self._timing.clock()
        is_full = len(self._starts) == _PER_SECOND
        start = max(now, self._starts[0] + 1.0) if is_full else now
        self._starts.append(start)
        if start > now:
            await self._timing.sleep(start - now)


def _take(lanes: _Lanes) -> tuple[int, Work]:
    """Remove and return the guild whose turn it is and its next work, and put that guild last."""
    guild_id = next(iter(lanes))
    lane = lanes.pop(guild_id)
    work = lane.pop(next(iter(lane)))
    if lane:
        lanes[guild_id] = lane
    return guild_id, work


def _remove(lanes: _Lanes, guild_id: int, key: Hashable) -> None:
    lane = lanes.get(guild_id, {})
    lane.pop(key, None)
    if not lane:
        lanes.pop(guild_id, None)
