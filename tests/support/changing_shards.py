"""The shards of a process as a test wants them, and Discord on loopback that tells its shards apart."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest import mock

import discord
import pytest
from aiohttp import web

from bot.discord.client import PatchbayBot
from bot.discord.connection.held_shards import HeldShards, shard_of
from bot.discord.connection.starts import Starts
from bot.discord.connection.state_file import StateFile
from bot.operating.opening import opened
from bot.store.database import Database
from bot.store.fence import NotHeldError
from tests.support.socket_gateway import USER, Gateway, Quick, Sleeps, end, served

OWNER = 77


class ChangingShards:
    """A ``HeldShards`` that a test changes. freed: the shards that were left, in order. turns: those that
    asked for a turn to identify, with the concurrency. may_identify: cleared while none gets its turn.
    is_over: whether the lease is lost.
    """

    def __init__(self, *ids: int, count: int = 3) -> None:
        self.count: int | None = None
        self.ids = frozenset[int]()
        self.lease_age: float | None = 0.0
        self.freed: list[int] = []
        self.turns: list[tuple[int, int]] = []
        self.may_identify = asyncio.Event()
        self.may_identify.set()
        self.is_over = False
        self._first = ids
        self._count = count
        self._held = frozenset[int]()
        self._changed = asyncio.Event()

    @property
    def leads(self) -> bool:
        """Whether the first shard is held."""
        return self.count is None or 0 in self.ids

    def change(self, *ids: int) -> None:
        """Hold these shards from now on; those that go are kept until they are left."""
        self.ids = frozenset(ids)
        self._held |= self.ids
        self._changed.set()

    async def begin(self, _recommended: int) -> int:
        """Hold the first shards."""
        self.count = self._count
        self.change(*self._first)
        return self.count

    async def changed(self) -> None:
        """Return after a change."""
        await self._changed.wait()
        self._changed.clear()

    async def left(self, shard_id: int) -> None:
        """Note it."""
        self._held -= {shard_id}
        self.freed.append(shard_id)

    def require(self, guild_id: int | None) -> None:
        """Raise NotHeldError as a lease does."""
        if self.is_over:
            raise NotHeldError(reason="the lease is over")
        if guild_id is not None and (self.count is None or shard_of(guild_id, self.count) not in self._held):
            raise NotHeldError(reason="not held")

    async def identify_turn(self, shard_id: int, max_concurrency: int) -> None:
        """Return when the test lets shards identify."""
        self.turns.append((shard_id, max_concurrency))
        await self.may_identify.wait()


class ShardGateway(Gateway):
    """Discord on loopback. open: the connections with a session of each shard. closed: the shards whose
    connection was ended, with the code. seen: the methods and paths of all requests by REST. limit: what it
    says of identifies. guilds: the servers of all shards. silent: shards that get no READY.
    joined: the servers that it lists when it is asked.
    """

    def __init__(self, shards: Iterable[int] = ()) -> None:
        """shards: those of three that have a server, which is ``guild_on(shard)``."""
        super().__init__(lambda _, socket: self.serve_shard(socket))
        self.open: dict[int, list[web.WebSocketResponse]] = {}
        self.closed: list[tuple[int, int | None]] = []
        self.seen: list[tuple[str, str]] = []
        self.limit: dict[str, object] = {"total": 1000, "remaining": 999, "reset_after": 1000}
        self.guilds: list[dict[str, Any]] = [guild_payload(guild_on(shard)) for shard in shards]
        self.silent: set[int] = set()
        self.joined: list[int] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request by REST."""
        self.seen.append((request.method, request.path))
        if request.path == "/users/@me/guilds":
            body = json.dumps([{"id": str(each)} for each in self.joined]).encode()
            return web.Response(body=body, headers={"Content-Type": "application/json"})
        self.told = {"url": self.url, "shards": 3, "session_start_limit": self.limit}
        return await super().answer(request)

    async def serve_shard(self, socket: web.WebSocketResponse) -> None:
        """Do all that Discord does for one connection."""
        shard = None
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": self.heartbeat}, "t": None, "s": None})
        async for message in socket:
            frame = json.loads(message.data)
            if frame["op"] == 1:
                await socket.send_json({"op": 11, "d": None, "t": None, "s": None})
            elif frame["op"] == 2:
                shard = frame["d"]["shard"][0]
                if shard not in self.silent:
                    await self._begin_shard(socket, shard, frame)
                else:
                    self.identifies += 1
            elif frame["op"] == 6:
                shard = int(frame["d"]["session_id"].removeprefix("session-"))
                self.resumed.set()
                if self.resumes:
                    self.open.setdefault(shard, []).append(socket)
                    await self.resume(socket)
        if shard is not None:
            self.closed.append((shard, socket.close_code))
            if socket in self.open.get(shard, []):
                self.open[shard].remove(socket)

    async def _begin_shard(self, socket: web.WebSocketResponse, shard: int, frame: dict[str, Any]) -> None:
        own = [each for each in self.guilds if shard_of(int(each["id"]), frame["d"]["shard"][1]) == shard]
        ready = {
            "session_id": f"session-{shard}",
            "resume_gateway_url": self.url,
            "shard": frame["d"]["shard"],
            "user": USER,
            "guilds": [{"id": each["id"], "unavailable": True} for each in own],
            "application": {"id": "1", "flags": 0},
        }
        self.identifies += 1
        self.open.setdefault(shard, []).append(socket)
        await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})
        for number, each in enumerate(own, 2):
            await socket.send_json({"op": 0, "t": "GUILD_CREATE", "s": number, "d": each})

    async def tell(self, shard: int, name: str, data: object) -> None:
        """Send an event to a shard's session."""
        await self.open[shard][-1].send_json({"op": 0, "t": name, "s": 9, "d": data})


def guild_on(shard: int, count: int = 3) -> int:
    """Return the id of a server of a shard."""
    guild_id = (100_000_000_000 * count + shard) << 22
    assert shard_of(guild_id, count) == shard
    return guild_id


def guild_payload(guild_id: int) -> dict[str, Any]:
    """Return a server as Discord tells of it when a session begins."""
    everybody = {
        "id": str(guild_id), "name": "@everyone", "permissions": "3072", "position": 0, "color": 0,
        "hoist": False, "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip
    own = {
        "user": USER,
        "roles": [],
        "flags": 0,
        "joined_at": "2020-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
    }
    return {
        "id": str(guild_id), "name": f"Server {guild_id}", "owner_id": str(OWNER), "unavailable": False,
        "roles": [everybody], "channels": [], "threads": [], "members": [own], "emojis": [], "stickers": [],
        "features": [], "member_count": 2, "large": False, "preferred_locale": "en-US", "voice_states": [],
        "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
        "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "afk_timeout": 60, "system_channel_flags": 0,
        "joined_at": "2020-01-01T00:00:00+00:00",
    }  # fmt: skip


def command_payload(guild_id: int, number: int) -> dict[str, Any]:
    """Return what Discord sends when a member runs a command. number: the interaction's id."""
    member = guild_payload(guild_id)["members"][0]
    member = {**member, "user": {**USER, "id": "9"}, "permissions": "0", "avatar": None}
    data = {"id": "1", "name": "help", "type": 1, "options": []}
    return {
        "id": str(number), "application_id": "1", "type": 2, "token": "FAKE-TOKEN-answer", "version": 1,
        "guild_id": str(guild_id), "channel_id": "6", "member": member, "data": data, "locale": "en-US",
        "guild_locale": "en-US", "entitlements": [], "authorizing_integration_owners": {}, "context": 0,
        "app_permissions": "0", "attachment_size_limit": 1,
    }  # fmt: skip


@contextmanager
def holding(held: HeldShards) -> Iterator[None]:
    """Let the bots that are built in the block hold these shards, in all their parts."""

    @asynccontextmanager
    async def opened_with(*args: Any, **options: Any) -> AsyncIterator[tuple[Database, HeldShards]]:  # noqa: ANN401
        async with opened(*args, **options) as (database, _):
            yield database, held

    with mock.patch("bot.app.opened", opened_with):
        yield


@asynccontextmanager
async def connecting(
    bot: PatchbayBot,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: Sleeps | None = None,
    *,
    within: float = 20,
) -> AsyncIterator[None]:
    """Connect a bot to a gateway; its pauses take no time, or those that ``sleeps`` lets pass.

    within: seconds after which the test fails.
    """
    monkeypatch.setattr("bot.discord.connection.held_shards.IDENTIFY_SECONDS", 0.0)
    monkeypatch.setattr(discord.shard, "asyncio", Quick())
    bot._connection.guild_ready_timeout = 0.05
    bot.sessions._starts = bot.starts = Starts(StateFile(None), sleep=sleeps or Sleeps())
    async with asyncio.timeout(within), served(gateway, monkeypatch):
        await bot.login("FAKE-TOKEN-FOR-TESTS")
        running = asyncio.create_task(bot.connect())
        try:
            yield
        finally:
            bot.services.background.cancel_all()
            await end(bot, running)


def served_by(bot: PatchbayBot) -> set[int]:
    """Return the shards of which the bot serves the server."""
    return {shard for shard in range(3) if bot.serves(guild_on(shard))}


async def quiet(seconds: float = 0.1) -> None:
    """Let a while pass in which nothing may happen."""
    await asyncio.sleep(seconds)
