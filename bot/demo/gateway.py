"""Serves Discord's gateway to one shard of the bot."""

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import discord
from aiohttp import WSMsgType, web
from simcord.backend import serializers
from simcord.gateway import FakeGateway

from bot.demo.env import RemoteEnv

HEARTBEAT_INTERVAL: Final = 41_250
"""Milliseconds, as Discord asks for."""
GOING_AWAY: Final = 1001
_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY)


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    DECODE_ERROR = 4002
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005


class _Parsers(dict[str, Callable[[Any], None]]):
    """Sends every event on, where discord.py has one parser for each event."""

    def __init__(self, send: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._send = send

    def __missing__(self, event: str) -> Callable[[Any], None]:
        return partial(self._send, event)


class GatewayConnection:
    """A connected shard. Intents are honoured; sessions are not kept, so a resume starts a new one."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        env: RemoteEnv,
        *,
        token: str,
        url: str,
        compressed: bool,
        present: Callable[[str, Mapping[str, Any]], Mapping[str, Any]],
    ) -> None:
        """present: returns the payload of an event as this Discord shows it, before intents remove parts
        of it.
        """
        self.ready = False
        self._socket = socket
        self._env = env
        self._backend = env.backend
        self._token = token
        self._url = url
        self._present = present
        self._zlib = zlib.compressobj() if compressed else None
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sequence = 0
        self._shard, self._shards = 0, 1
        self._gateway: FakeGateway | None = None

    async def serve(self) -> None:
        """Serve the connection until either side closes it."""
        sender = asyncio.create_task(self._send())
        self._put(Op.HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL})
        try:
            async for message in self._socket:
                # Discord takes JSON in either kind of frame; hikari sends binary ones.
                await self._receive(message.data if message.type in _DATA else "")
        finally:
            self.ready = False
            self._env.tell()
            if self._gateway is not None:
                self._backend.subscribers.remove(self._on_event)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def close(self) -> None:
        await self._socket.close(code=GOING_AWAY)

    async def _receive(self, text: str | bytes) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            await self._socket.close(code=Close.DECODE_ERROR)
            return
        match frame["op"]:
            case Op.HEARTBEAT:
                self._put(Op.HEARTBEAT_ACK, None)
            case Op.RESUME:
                self._put(Op.INVALID_SESSION, False)  # noqa: FBT003 - the frame's data: not resumable
            case Op.IDENTIFY if frame["d"]["token"] != self._token:
                await self._socket.close(code=Close.AUTHENTICATION_FAILED)
            case Op.IDENTIFY if self._gateway is not None:
                await self._socket.close(code=Close.ALREADY_AUTHENTICATED)
            case Op.IDENTIFY:
                self._identify(frame["d"])
            case _:
                pass  # presence and the like change nothing here

    def _identify(self, data: Mapping[str, Any]) -> None:
        self._shard, self._shards = data.get("shard", (0, 1))
        intents = discord.Intents.none()
        intents.value = data["intents"]
        self._gateway = FakeGateway(
            self._backend, SimpleNamespace(intents=intents, parsers=_Parsers(self._dispatch))
        )
        guilds = [guild for guild in self._backend.guilds.values() if self._serves(guild.id)]
        self._dispatch(
            "READY",
            {
                "v": 10,
                "user": serializers.user_payload(self._backend.bot_user),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": secrets.token_hex(16),
                "resume_gateway_url": self._url,
                "shard": [self._shard, self._shards],
                "application": {"id": str(self._backend.application_id), "flags": 0},
            },
        )
        for guild in guilds:
            self._on_event("GUILD_CREATE", serializers.guild_create_payload(self._backend, guild))
        self._backend.subscribers.append(self._on_event)
        self.ready = True
        self._env.tell()

    def _serves(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self._shards == self._shard

    def _on_event(self, event: str, payload: Mapping[str, Any]) -> None:
        guild_id = payload.get(
            "id" if event.startswith("GUILD_") and "guild_id" not in payload else "guild_id"
        )
        # Events that belong to no guild go to the first shard.
        if self._gateway is not None and (self._serves(int(guild_id)) if guild_id else self._shard == 0):
            self._gateway.feed(event, self._present(event, payload))

    def _dispatch(self, event: str, data: Any) -> None:  # noqa: ANN401 - any event's payload
        self._sequence += 1
        self._outbox.put_nowait({"op": Op.DISPATCH, "t": event, "s": self._sequence, "d": data})

    def _put(self, op: Op, data: Any) -> None:  # noqa: ANN401 - each operation has its own
        self._outbox.put_nowait({"op": op, "t": None, "s": None, "d": data})

    async def _send(self) -> None:
        while True:
            text = json.dumps(await self._outbox.get())
            if self._zlib is None:
                await self._socket.send_str(text)
            else:
                packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self._socket.send_bytes(packed)
