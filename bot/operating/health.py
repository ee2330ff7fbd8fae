"""Tells a supervisor over HTTP whether the bot is alive and whether it is ready."""

import contextlib
from collections.abc import AsyncIterator

import discord
from aiohttp import web

from bot.store.write_state import WriteState


@contextlib.asynccontextmanager
async def serve_health(
    client: discord.Client, write_state: WriteState, host: str, port: int
) -> AsyncIterator[int]:
    """Serve ``/healthz`` and ``/readyz``, and yield the port.

    A bot whose database takes no writes is alive, because a restart would not help, but not ready.

    Both answer from the bot's own event loop. A loop that hangs answers neither, so the supervisor's timeout
    tells it. Raises OSError if the port is taken.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        if not client.is_ready() or client.is_closed():
            return web.json_response({"status": "starting"}, status=503)
        if write_state.refusal is not None:
            return web.json_response({"status": "not writable", "reason": write_state.refusal}, status=503)
        return web.json_response({"status": "ready"})

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
