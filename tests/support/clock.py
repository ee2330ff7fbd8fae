"""A clock that a test moves, one that follows another, a pause without duration, and a fault that holds
requests.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from bot.providers.base.simulator import Answer, Fault


class Clock:
    """A clock in seconds since 1970 that stands still until a test changes ``now``."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.75

    def __call__(self) -> float:
        return self.now


class SharedClock:
    """A clock in seconds since 1970 that returns the time of ``source``, by default the machine's."""

    def __init__(self) -> None:
        self.source: Callable[[], float] = time.time

    def __call__(self) -> float:
        return self.source()


async def no_pause(_seconds: float) -> None:
    """Let everything else that can go on go on, in place of a pause that a test would really wait for."""
    await asyncio.sleep(0)


@dataclass(frozen=True)
class Held(Fault):
    """Holds a request until the test sets ``let_go``; then the provider answers, or ``answer`` replaces its
    answer.
    """

    answer: Answer | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Set ``arrived``, and wait for ``let_go``."""
        self.arrived.set()
        await self.let_go.wait()
        return await self.answer.strike(request) if self.answer else None
