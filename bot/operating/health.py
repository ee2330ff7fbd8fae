"""Tells a supervisor over HTTP whether the bot is alive and whether it is ready."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import discord
from aiohttp import web

from bot.store.write_state import WriteState

MAX_CONNECTIONS: Final = 32
"""How many clients may be connected at once; the oldest gives way to another."""
MAX_SECONDS: Final = 10.0
"""How long a client may stay connected, whatever it sends: a probe takes milliseconds."""
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
    client: discord.Client, write_state: WriteState, host: str, port: int
) -> AsyncIterator[int]:
    """Serve ``/healthz`` and ``/readyz``, and yield the port.

    A bot whose database takes no writes is alive, because a restart would not help, but not ready.

    Both answer from the bot's own event loop. A loop that hangs answers neither, so the supervisor's timeout
    tells it. Raises OSError if the port is taken.
    """

    def readiness() -> web.Response:
        if not client.is_ready() or client.is_closed():
            return web.json_response({"status": "starting"}, status=503)
        if write_state.refusal is not None:
            return web.json_response({"status": "not writable", "reason": write_state.refusal}, status=503)
        return web.json_response({"status": "ready"})

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path not in {"/healthz", "/readyz"}:
            return web.Response(status=404)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        return web.json_response({"status": "alive"}) if request.path == "/healthz" else readiness()

    runner = web.ServerRunner(
        _BoundedServer(answer, access_log=None), access_log=None, shutdown_timeout=_STOPPED_WITHIN
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
