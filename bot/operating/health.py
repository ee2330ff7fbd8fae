"""Tells a supervisor over HTTP whether the bot is alive and whether it is ready."""

import contextlib
from collections.abc import AsyncIterator

import discord
from aiohttp import web


@contextlib.asynccontextmanager
async def serve_health(client: discord.Client, host: str, port: int) -> AsyncIterator[int]:
    """Serve ``/healthz`` and ``/readyz``, and yield the port.

    Both answer from the bot's own event loop. A loop that hangs answers neither, so the supervisor's timeout
    tells it. Raises OSError if the port is taken.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        ready = client.is_ready() and not client.is_closed()
        return web.json_response({"status": "ready" if ready else "starting"}, status=200 if ready else 503)

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
