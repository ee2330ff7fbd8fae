"""A gateway that ends connections, or sends what cannot be read, is asked again after pauses."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import discord
import pytest
from aiohttp import web
from discord.gateway import KeepAliveHandler

from bot.discord.background import BackgroundTasks
from bot.discord.client import PatchbayBot
from bot.discord.connection.held_shards import FixedShards
from bot.discord.connection.shard import PatientShard
from bot.discord.connection.socket import PatientWebSocket
from bot.discord.connection.starts import Starts
from bot.discord.connection.state_file import StateFile
from tests.support.socket_gateway import Gateway, Quick, Sleeps, Step, end, served
from tests.support.waiting import until


async def break_off(gateway: Gateway, socket: web.WebSocketResponse) -> None:
    """Begin a session, then end its connection."""
    await gateway.greet(socket)
    await socket.close(code=4000)


def break_later(number: int) -> Step:
    """Return the step that begins a session, and ends its connection when the test says so."""

    async def step(gateway: Gateway, socket: web.WebSocketResponse) -> None:
        await gateway.greet(socket)
        await gateway.falls[number].wait()
        await socket.close(code=4000)

    return step


async def keep(gateway: Gateway, socket: web.WebSocketResponse) -> None:
    """Begin a session and keep it."""
    await gateway.greet(socket)
    async for _ in socket:
        pass


async def close_first(_gateway: Gateway, socket: web.WebSocketResponse) -> None:
    """End the connection before HELLO."""
    await socket.close(code=1001)


def send_first(frame: str | bytes) -> Step:
    """Return the step that sends something instead of HELLO."""

    async def step(_gateway: Gateway, socket: web.WebSocketResponse) -> None:
        await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        await socket.receive()

    return step


class Client(discord.AutoShardedClient):
    """A bot that does nothing, with the connections of ours."""

    def __init__(self, sleeps: Sleeps, shards: int) -> None:
        super().__init__(intents=discord.Intents(guilds=True), shard_count=shards, max_messages=None)
        self.services = SimpleNamespace(background=BackgroundTasks())
        self.held = FixedShards()
        self.held.ids = frozenset(range(shards))
        self.starts = Starts(StateFile(None), clock=lambda: 0.0, sleep=sleeps)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do what the bot does, without the five seconds of discord.py's."""
        del initial
        await self.starts.permit(self.http, shard_id or 0)
        await self.starts.identifies(shard_id or 0)


@asynccontextmanager
async def connected(
    gateway: Gateway, sleeps: Sleeps, monkeypatch: pytest.MonkeyPatch, shards: int = 1
) -> AsyncIterator[asyncio.Task[None]]:
    """Connect a bot to a gateway, and yield the task in which it runs."""
    monkeypatch.setattr(discord.shard, "DiscordWebSocket", PatientWebSocket)
    monkeypatch.setattr(discord.shard, "Shard", PatientShard)
    monkeypatch.setattr(discord.shard, "asyncio", Quick())
    Quick.seconds.clear()
    async with served(gateway, monkeypatch), Client(sleeps, shards) as client:
        await client.login("FAKE-TOKEN-FOR-TESTS")
        running = asyncio.create_task(client.connect())
        try:
            yield running
        finally:
            client.services.background.cancel_all()
            await end(client, running)


BAD_BEGINNINGS = pytest.mark.parametrize(
    "step",
    [
        close_first,
        send_first(b"\x00garbage\x00\x00\xff\xff"),
        send_first(json.dumps({"op": 10, "d": None})),
        send_first(json.dumps({"op": 7, "d": None})),
        send_first(json.dumps({"op": 9, "d": True})),
        send_first(json.dumps({"op": 9, "d": False})),
    ],
    ids=["closed", "unreadable", "empty", "reconnect", "resumable", "invalidated"],
)


@BAD_BEGINNINGS
async def test_what_comes_instead_of_hello_ends_no_process(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard that connects again, and is then not greeted, waits and tries once more."""
    gateway = Gateway(break_off, None, step, keep)
    async with asyncio.timeout(30), connected(gateway, Sleeps(), monkeypatch) as running:
        while gateway.connections < 4:
            assert not running.done()
            await asyncio.sleep(0.01)
        assert len(Quick.seconds) >= 2


@BAD_BEGINNINGS
async def test_no_gateway_is_asked_again_without_a_pause(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a session is resumed, each connection that is not greeted costs a pause: 1, 2, 4 … 60 seconds."""
    gateway = Gateway(break_off, *[step] * 20, keep)
    async with asyncio.timeout(30), connected(gateway, Sleeps(), monkeypatch) as running:
        while gateway.connections < 22:
            assert not running.done()
            await asyncio.sleep(0.01)
        assert len(Quick.seconds) >= 20
        assert max(Quick.seconds) == 60


async def test_a_session_that_breaks_at_once_is_resumed_after_growing_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway that takes each resume and ends it is asked after 1, 2, 4 … 60 seconds."""
    gateway, sleeps = Gateway(*[break_off] * 10, keep), Sleeps()
    async with asyncio.timeout(30), connected(gateway, sleeps, monkeypatch) as running:
        while gateway.connections < 11:
            assert not running.done()
            await asyncio.sleep(0.01)
        assert gateway.resumed.is_set()
        assert sleeps.seconds == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


async def test_a_gateway_that_refuses_for_hours_is_asked_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause is longer than a minute, and the attempts use up no identify."""
    gateway, sleeps = Gateway(break_off, *[None] * 200, keep), Sleeps()
    async with asyncio.timeout(30), connected(gateway, sleeps, monkeypatch) as running:
        while gateway.connections < 202 or gateway.identifies < 2:
            assert not running.done()
            await asyncio.sleep(0.01)
    assert gateway.identifies == 2
    assert sum(Quick.seconds) > 3 * 3600
    assert max(Quick.seconds + sleeps.seconds) == 60


async def test_a_session_that_lasted_is_resumed_at_once() -> None:
    """After a minute nothing is held against a connection, nor against the next one."""
    sleeps = Sleeps()
    starts = Starts(StateFile(None), sleep=sleeps)
    for lasted in (0.1, 0.1, 60.0, 0.1):
        await starts.wait_to_resume(0, lasted)
    await starts.wait_to_resume(1, 0.1)
    assert sleeps.seconds == [1, 2, 1, 1]


async def test_a_connection_that_is_given_up_before_its_identify_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever connects waits a minute at most; discord.py forgets the connection then, and it beats on."""

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Client, "before_identify_hook", wait)
    async with asyncio.timeout(30), connected(Gateway(keep), Sleeps(), monkeypatch):
        await until(lambda: any(isinstance(each, KeepAliveHandler) for each in threading.enumerate()))


async def test_a_shard_that_may_not_identify_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one shard waits for hours before it connects again, another one resumes its session."""
    gateway, sleeps = Gateway(break_later(0), break_later(1), None, keep), Sleeps(forever=5.0)
    async with asyncio.timeout(30), connected(gateway, sleeps, monkeypatch, shards=2):
        await until(lambda: gateway.connections == 2)
        gateway.falls[0].set()
        await until(lambda: 5.0 in sleeps.seconds)
        gateway.falls[1].set()
        await gateway.resumed.wait()


async def test_a_shard_that_may_not_identify_at_the_start_holds_up_no_other(
    bot: PatchbayBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two shards waits, because its last starts failed; the second one is ready and watched."""
    gateway, sleeps, working = Gateway(keep), Sleeps(forever=5.0), asyncio.Event()

    async def work() -> None:
        working.set()

    monkeypatch.setattr("bot.discord.connection.held_shards.IDENTIFY_SECONDS", 0.0)
    monkeypatch.setattr("bot.discord.connection.workers._LATE_SHARDS_SECONDS", 0.01)
    bot._connection.guild_ready_timeout = 0.01
    bot.workers.start_when_ready(work)
    bot.starts = Starts(StateFile(None), clock=lambda: 0.0, sleep=sleeps)
    await bot.starts.identifies(0)
    bot.held = FixedShards(count=2)
    async with asyncio.timeout(30), served(gateway, monkeypatch):
        await bot.login("FAKE-TOKEN-FOR-TESTS")
        running = asyncio.create_task(bot.connect())
        await until(lambda: gateway.connections == 1)
        await working.wait()
        assert sleeps.seconds == [5.0]
        assert not bot.is_ready()
        await end(bot, running)
