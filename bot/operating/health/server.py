"""Tells a supervisor over HTTP whether the bot is alive and whether it is ready."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.http import HttpProcessingError

from bot.operating.health.loop_lag import LoopLag
from bot.operating.health.readiness import Readiness

Page: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers requests for one path."""

MAX_CONNECTIONS: Final = 32
"""How many clients may be connected at once; the oldest gives way to another."""
MAX_SECONDS: Final = 10.0
"""How long a client may stay connected, whatever it sends: a probe takes milliseconds."""
_log: Final = logging.getLogger(__name__)
# Whatever a client sends wrongly, aiohttp would log with a traceback.
_log.addFilter(lambda record: not isinstance((record.exc_info or (None, None))[1], HttpProcessingError))
_STOPPED_WITHIN: Final = 1.0
"""Seconds that clients have to take their answers when the bot stops."""


class _BoundedServer(web.Server):
    """aiohttp's server gives a client that sends nothing, or sends slowly, all the time in the world."""

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        asyncio.get_running_loop().call_later(MAX_SECONDS, transport.abort)
        # The oldest, and not this one: a supervisor's probe is new and ends within milliseconds.
        made = [each.transport for each in self.connections]
        held = [each for each in made if each is not None and not each.is_closing()]
        for oldest in held[:-MAX_CONNECTIONS]:
            oldest.abort()


@contextlib.asynccontextmanager
async def serve_health(
    readiness: Readiness,
    lag: LoopLag,
    host: str,
    port: int,
    others: Mapping[str, Page] = MappingProxyType({}),
) -> AsyncIterator[int]:
    """Serve ``/healthz`` and ``/readyz``, and yield the port. others: what else is served, by its path.

    A bot that is not ready is alive nevertheless, because a restart would not help.

    Both answer from the bot's own event loop. A loop that hangs answers neither, so the supervisor's timeout
    tells it; a server in a thread of its own could say so in words, and would itself have to be watched.
    Raises OSError if the port is taken.
    """

    async def alive(_: web.BaseRequest) -> web.Response:
        return web.json_response(
            {"status": "alive", "loop_lag": round(lag.last, 3), "worst_loop_lag": round(lag.worst, 3)}
        )

    async def ready(_: web.BaseRequest) -> web.Response:
        reasons = readiness.reasons()
        if reasons:
            return web.json_response({"status": "not ready", "reasons": reasons}, status=503)
        return web.json_response({"status": "ready"})

    pages: Mapping[str, Page] = {"/healthz": alive, "/readyz": ready, **others}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = await answer_of(request)
        # A connection that is kept would be cut when its time is up, in the middle of a later answer.
        response.force_close()
        return response

    async def answer_of(request: web.BaseRequest) -> web.StreamResponse:
        page = pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        return await page(request)

    runner = web.ServerRunner(
        _BoundedServer(answer, access_log=None, logger=_log),
        access_log=None,
        shutdown_timeout=_STOPPED_WITHIN,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
