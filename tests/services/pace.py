"""Time as the test wants it: a clock that it moves, and a provider that answers when it says."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from bot.kit.simulator import Answer, Fault


class Clock:
    """Seconds since 1970 that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.75

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Held(Fault):
    """Hold a request until the test lets it go, to the provider's own answer or to another."""

    answer: Answer | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Say that the request is here, and wait."""
        self.arrived.set()
        await self.let_go.wait()
        return await self.answer.strike(request) if self.answer else None
