"""Measures how late the event loop is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from bot.durations import Durations

_PAUSE: Final = 0.25
"""Seconds between two measurements."""


@contextlib.asynccontextmanager
async def loop_lag() -> AsyncIterator[Durations]:
    """Yield how late the event loop was, as it is measured while the block runs."""
    lag = Durations()
    task = asyncio.create_task(_measure(lag))
    try:
        yield lag
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _measure(lag: Durations) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _PAUSE
        await asyncio.sleep(_PAUSE)
        lag.add(max(0.0, loop.time() - due))
