"""The event loop's lag is what it is late."""

import asyncio
import time

from bot.durations import BOUNDS, Durations
from bot.operating.health.loop_lag import loop_lag


def longer_than(lag: Durations, seconds: float) -> int:
    """Return how many measurements were above this bound."""
    return sum(lag.counts[BOUNDS.index(seconds) + 1 :])


async def measured(lag: Durations) -> None:
    """Wait for one more measurement."""
    before = sum(lag.counts)
    while sum(lag.counts) == before:  # noqa: ASYNC110 - a measurement wakes nobody
        await asyncio.sleep(0.01)


async def test_a_loop_that_is_held_up_is_late() -> None:
    """Whatever blocks the loop for a second shows as a lag of more than half of one."""
    async with loop_lag() as lag:
        await measured(lag.durations)
        before = longer_than(lag.durations, 0.5)
        time.sleep(1)  # noqa: ASYNC251 - this is the fault
        await measured(lag.durations)
        assert longer_than(lag.durations, 0.5) > before
        assert lag.worst > 0.5
    ended = sum(lag.durations.counts)
    await asyncio.sleep(0.3)
    assert sum(lag.durations.counts) == ended
