"""Reverse proxies on loopback: a Discord that refuses what is too much, and a proxy that lets it wait."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import ClientSession, web

_HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding"}


class ReverseProxy:
    """Passes each request on to another address, with its headers and its body, and the answer back."""

    def __init__(self, session: ClientSession, target: str) -> None:
        """target: where the paths begin."""
        self.passed = 0
        """How many requests it has passed on."""
        self.url = ""
        self._session = session
        self._target = target

    @classmethod
    @asynccontextmanager
    async def serve(cls, target: str) -> AsyncIterator[Self]:
        """Serve until the block ends."""
        async with ClientSession(auto_decompress=False) as session:
            proxy = cls(session, target)
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", proxy._answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield proxy
            finally:
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.passed += 1
        sent = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method, self._target + request.path_qs, headers=sent, data=await request.read()
        ) as answer:
            given = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, headers=given, body=await answer.read())


class LimitedDiscord(ReverseProxy):
    """Refuses requests beyond a number in each second, by whichever process: Discord's global limit."""

    A_SECOND = 5

    def __init__(self, session: ClientSession, target: str) -> None:
        super().__init__(session, target)
        self.refused = 0
        """How many requests it has answered with 429."""
        self._times: deque[float] = deque(maxlen=self.A_SECOND)

    async def _answer(self, request: web.Request) -> web.Response:
        now = time.monotonic()
        if len(self._times) == self.A_SECOND and (left := self._times[0] + 1 - now) > 0:
            self.refused += 1
            said = {"message": "You are being rate limited.", "retry_after": left, "global": True}
            # discord.py gives up without exactly this type and Via: it would be an answer of Cloudflare's.
            headers = {
                "Content-Type": "application/json",
                "Retry-After": str(left),
                "X-RateLimit-Global": "true",
                "X-RateLimit-Scope": "global",
                "Via": "1.1 google",
            }
            return web.Response(body=json.dumps(said).encode(), status=429, headers=headers)
        self._times.append(now)
        return await super()._answer(request)


class WaitingProxy(ReverseProxy):
    """Lets requests wait for each other, so that Discord never has too many; the order stays."""

    PAUSE = 1.05 / LimitedDiscord.A_SECOND
    """Seconds between two requests; a little more than Discord asks for, because sending takes time."""

    def __init__(self, session: ClientSession, target: str) -> None:
        super().__init__(session, target)
        self._turn = asyncio.Lock()

    async def _answer(self, request: web.Request) -> web.Response:
        async with self._turn:
            await asyncio.sleep(self.PAUSE)
        return await super()._answer(request)
