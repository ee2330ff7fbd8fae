"""A simulated Discord with several shards and its limit for identifies, which knows each bot by its port."""

# ruff: noqa: SLF001 - a simulator's own parts are extended here

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from bot.demo.discord_server import CLOSED_WITHIN, Call, SimulatedDiscord
from bot.demo.gateway import GatewayConnection, Op
from prove.shards.record import Identify, Record, Request, Session

SHARDS: Final = 6
BUCKETS: Final = 2
"""Discord's ``max_concurrency``: so many shards may identify at the same time."""
IDENTIFY_SECONDS: Final = 5.0
"""Seconds between two identifies of one bucket."""
STARTS: Final = 1000
"""Identifies that a bot has for a day."""


def shard_of(guild_id: int) -> int:
    """Return the shard of a server."""
    return (guild_id >> 22) % SHARDS


class ShardedDiscord(SimulatedDiscord):
    """A ``SimulatedDiscord`` that records what each bot asks for, and refuses identifies that come early."""

    record: Record
    ports: Mapping[int, int]
    """The bot that each port is for."""

    @classmethod
    @asynccontextmanager
    async def for_bots(cls, bots: int, record: Record) -> AsyncIterator[ShardedDiscord]:
        """Serve an empty Discord until the block ends, to each bot at a port of its own."""
        async with cls.serve() as server:
            server.record = record
            runner = server._runner()
            await runner.setup()
            try:
                for _ in range(bots):
                    await web.TCPSite(runner, "127.0.0.1", 0).start()
                server.ports = {port: bot for bot, (_, port) in enumerate(runner.addresses)}
                yield server
            finally:
                for connection in tuple(server._connections):
                    await connection.close()
                await runner.cleanup()

    def environment_of(self, bot: int) -> dict[str, str]:
        """Return the settings that point one bot here."""
        (port,) = (port for port, each in self.ports.items() if each == bot)
        return {
            "PATCHBAY_DISCORD_TOKEN": self.token,
            "PATCHBAY_DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
            "PATCHBAY_DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{port}/gateway",
        }

    def served(self) -> dict[int, set[int]]:
        """Return the bots that have a session, by the shard."""
        found: dict[int, set[int]] = {}
        for session in self.record.sessions:
            if session.until is None:
                found.setdefault(session.shard_id, set()).add(session.bot)
        return found

    def may_identify(self, bot: int, shard_id: int) -> bool:
        """Note an identify; return whether it comes in its turn."""
        now = time.time()
        before = (
            each.at
            for each in reversed(self.record.identifies)
            if each.shard_id % BUCKETS == shard_id % BUCKETS
        )
        is_too_early = now - next(before, 0.0) < IDENTIFY_SECONDS
        self.record.identifies.append(Identify(now, bot, shard_id, is_too_early))
        return not is_too_early

    def _bot_of(self, request: web.Request) -> int:
        assert request.transport is not None  # noqa: S101 - it is answered on it
        return self.ports[request.transport.get_extra_info("sockname")[1]]

    async def _answer_call(self, request: web.Request) -> web.Response:
        path = f"/{request.match_info['path']}"
        sent = Request(
            time.time(), self._bot_of(request), "Discord", f"{request.method} {path}", self._guild_of(path)
        )
        self.record.requests.append(sent)
        return await super()._answer_call(request)

    def _guild_of(self, path: str) -> int | None:
        """Return the server that a request is about."""
        backend = self.env.backend
        match path.split("/")[1:]:
            case ["guilds", guild_id, *_] if guild_id.isdecimal():
                return int(guild_id)
            case ["channels", channel_id, *_] if channel_id.isdecimal():
                channel = backend.channels.get(int(channel_id))
                return None if channel is None else channel.guild_id
            case ["interactions", interaction_id, *_]:
                return backend.interactions[int(interaction_id)].guild_id
            case ["webhooks", _, token, *_]:
                interaction = backend.interaction_tokens.get(token)
                return None if interaction is None else backend.interactions[interaction].guild_id
            case _:
                return None

    def _dispatch(self, call: Call) -> Any:  # noqa: ANN401 - any route's JSON
        answer = super()._dispatch(call)
        if call.path == "/gateway/bot":
            limit = {
                "total": STARTS,
                "remaining": STARTS - len(self.record.identifies),
                "reset_after": 3_600_000,
                "max_concurrency": BUCKETS,
            }
            return {**answer, "shards": SHARDS, "session_start_limit": limit}
        return answer

    async def _open_gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, timeout=CLOSED_WITHIN)
        await socket.prepare(request)
        bot = self._bot_of(request)
        connection = ShardConnection(
            socket,
            self.env,
            token=self.token,
            url=self.environment_of(bot)["PATCHBAY_DISCORD_GATEWAY_URL"],
            compressed=request.query.get("compress") == "zlib-stream",
            present=self._in_language,
        )
        connection.discord, connection.bot = self, bot
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            connection.end()
            self._connections.discard(connection)
            self.env.tell()
        return socket


class ShardConnection(GatewayConnection):
    """A connection that may identify only in its turn."""

    discord: ShardedDiscord
    bot: int
    _session: Session | None = None

    def end(self) -> None:
        """Note that it has ended."""
        if self._session is not None:
            self._session.until = time.time()

    def _identify(self, data: Mapping[str, Any]) -> None:
        shard_id = data["shard"][0]
        if not self.discord.may_identify(self.bot, shard_id):
            self._put(Op.INVALID_SESSION, False)  # noqa: FBT003 - the frame's data: not resumable
            return
        self._session = Session(self.bot, shard_id, time.time())
        self.discord.record.sessions.append(self._session)
        super()._identify(data)
