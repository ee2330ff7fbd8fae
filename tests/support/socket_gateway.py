"""Discord's gateway on loopback, as a test wants it, for a bot in the same process."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import discord
import pytest
import yarl
from aiohttp import web
from discord.gateway import KeepAliveHandler
from discord.http import Route

from tests.support.waiting import until

USER = {"id": "1300000000000000001", "username": "bot", "discriminator": "0", "avatar": None}
Step = Callable[["Gateway", web.WebSocketResponse], Awaitable[object]]
"""What a gateway does with a connection that it has taken."""


class Gateway:
    """Discord on loopback. It does one step with each connection; the last one again and again.

    A step that is None refuses the connection. heartbeat: milliseconds between two. refuses: whether every
    connection is refused, whatever its step. acknowledges: whether heartbeats are, in ``live``. resumes:
    whether a session is, in ``live``. sockets: those that were taken, in ``live``.
    told: the answer to who asks for the gateway, ``...`` for the right one.
    """

    def __init__(self, *steps: Step | None) -> None:
        self.steps = steps
        self.connections = self.identifies = 0
        self.resumed = asyncio.Event()
        self.heartbeat = 40_000
        self.refuses = False
        self.acknowledges = self.resumes = True
        self.told: object = ...
        self.sockets: list[web.WebSocketResponse] = []
        self.falls = [asyncio.Event(), asyncio.Event()]
        self.url = ""

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Take a connection, or refuse it."""
        step = self.steps[min(self.connections, len(self.steps) - 1)]
        self.connections += 1
        if step is None or self.refuses:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await step(self, socket)
        return socket

    async def answer(self, request: web.Request) -> web.Response:
        """Answer the requests of a login, and the question for the budget."""
        limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
        application = {
            "id": "1", "name": "n", "description": "", "icon": None, "owner": USER, "verify_key": "",
            "bot_public": True, "bot_require_code_grant": False, "flags": 0,
        }  # fmt: skip
        known: dict[str, object] = {
            "/users/@me": USER,
            "/gateway/bot": {"url": self.url, "shards": 1, "session_start_limit": limit}
            if self.told is ...
            else self.told,
        }
        # discord.py wants the header to say just this.
        headers = {"Content-Type": "application/json"}
        return web.Response(body=json.dumps(known.get(request.path, application)).encode(), headers=headers)

    async def greet(self, socket: web.WebSocketResponse) -> None:
        """Send HELLO, and take what the bot begins its session with."""
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": self.heartbeat}, "t": None, "s": None})
        async for message in socket:
            frame = json.loads(message.data)
            if frame["op"] == 6:
                self.resumed.set()
                return
            if frame["op"] == 2:
                await self._begin(socket, frame)
                return

    async def live(self, socket: web.WebSocketResponse) -> None:
        """Do all that Discord does, as far as the attributes let it."""
        self.sockets.append(socket)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": self.heartbeat}, "t": None, "s": None})
        async for message in socket:
            frame = json.loads(message.data)
            if frame["op"] == 1 and self.acknowledges:
                await socket.send_json({"op": 11, "d": None, "t": None, "s": None})
            elif frame["op"] == 2:
                await self._begin(socket, frame)
            elif frame["op"] == 6:
                self.resumed.set()
                if self.resumes:
                    await self.resume(socket)

    async def resume(self, socket: web.WebSocketResponse) -> None:
        """Tell a shard that its session goes on."""
        await socket.send_json({"op": 0, "t": "RESUMED", "s": 2, "d": {"_trace": []}})

    async def _begin(self, socket: web.WebSocketResponse, frame: Mapping[str, Any]) -> None:
        self.identifies += 1
        session = {"session_id": "x", "resume_gateway_url": self.url, "shard": frame["d"]["shard"]}
        application = {"id": "1", "flags": 0}
        ready = {**session, "user": USER, "guilds": [], "application": application}
        await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})


class Sleeps:
    """Takes no time, and keeps for how long it was asked to sleep. forever: these seconds do not pass."""

    def __init__(self, *, forever: float | None = None) -> None:
        self.seconds: list[float] = []
        self.forever = forever

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.seconds.append(seconds)
        if seconds == self.forever:
            await asyncio.Event().wait()


class Quick:
    """What discord.py's shards take for asyncio: their pauses before they connect again take no time."""

    seconds: ClassVar[list[float]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """Keep for how long it was."""
        Quick.seconds.append(seconds)


@asynccontextmanager
async def served(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Serve a gateway, where discord.py looks for Discord's."""
    application = web.Application()
    application.router.add_get("/", gateway.connect)
    application.router.add_route("*", "/{path:.+}", gateway.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    gateway.url = f"ws://{host}:{port}/"
    monkeypatch.setattr(Route, "BASE", f"http://{host}:{port}")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(gateway.url))
    try:
        yield
    finally:
        await runner.cleanup()


async def end(client: discord.Client, running: asyncio.Task[None]) -> None:
    """End a client and the task in which it runs; no thread may beat for any of its connections then."""
    # A client that is closed first may still finish a connection, and nothing closes that one. A connection
    # that fails while it is cancelled is an error to discord.py, which goes on.
    while not running.done():
        running.cancel()
        await asyncio.wait((running,), timeout=0.1)
    await client.close()
    await until(lambda: not [each for each in threading.enumerate() if isinstance(each, KeepAliveHandler)])
