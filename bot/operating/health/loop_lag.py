"""Measures how late the event loop comes to what is due."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from bot.durations import Durations

_PAUSE: Final = 0.25
"""Seconds between two measurements."""
_REMEMBERED: Final = 60.0
"""Seconds for which the worst one is told."""


class LoopLag:
    """What was measured, in seconds."""

    def __init__(self) -> None:
        self.durations = Durations()
        """All measurements since the start."""
        self._latest = deque([0.0], maxlen=int(_REMEMBERED / _PAUSE))

    @property
    def last(self) -> float:
        """The last measurement."""
        return self._latest[-1]

    @property
    def worst(self) -> float:
        """The longest of the last minute."""
        return max(self._latest)

    async def measure(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _PAUSE
            await asyncio.sleep(_PAUSE)
            late = max(0.0, loop.time() - due)
            self._latest.append(late)
            self.durations.add(late)


@contextlib.asynccontextmanager
async def loop_lag() -> AsyncIterator[LoopLag]:
    """Measure while the block runs."""
    lag = LoopLag()
    task = asyncio.create_task(lag.measure())
    try:
        yield lag
    finally:
        task.cancel()
        await asyncio.wait((task,))
