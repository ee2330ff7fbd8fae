"""What keeps a bot from being ready is told while it lasts, by real faults of the gateway, the database and
the checks.
"""

import asyncio
import random
import sqlite3
from contextlib import closing
from functools import partial
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bot.discord.client import PatchbayBot
from bot.discord.connection.sessions import ACK_GRACE, Sessions
from bot.discord.connection.starts import Starts
from bot.discord.connection.state_file import StateFile
from bot.features.connections.service import ConnectionService
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.operating.readiness import Readiness
from bot.settings import Settings
from tests.support import changing_shards
from tests.support.clock import Clock
from tests.support.socket_gateway import Gateway, Sleeps, served
from tests.support.waiting import until

LOST = "Shard 0 has lost its connection to Discord."
DISCORDS_INTERVAL = 41.25
"""Seconds between two heartbeats, as Discord asks for."""
connecting = partial(changing_shards.connecting, within=10)


def reasons(bot: PatchbayBot) -> tuple[str, ...]:
    """Return why a bot is not ready."""
    return Readiness(bot, bot.services.write_state, bot.services.poller).reasons()


@pytest.fixture
def gateway() -> Gateway:
    """Discord's gateway, without a fault."""
    return Gateway(Gateway.live)


async def test_a_closed_connection_shows_at_once_and_comes_back(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the gateway refuses the bot it is not ready; with the next session it is."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        gateway.refuses = True
        await gateway.sockets[0].close(code=1001)
        await until(lambda: reasons(bot) == (LOST,))
        refused = gateway.connections
        await until(lambda: gateway.connections > refused + 2)
        assert reasons(bot) == (LOST,)
        gateway.refuses = False
        await until(lambda: not reasons(bot))


async def test_a_resumed_session_counts_from_its_resumption(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection alone is no session: it is when Discord has said RESUMED."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        gateway.resumes = False
        await gateway.sockets[0].close(code=4000)
        await gateway.resumed.wait()
        await until(
            lambda: reasons(bot) == ("Shard 0 is connected to Discord, but its session has not begun.",)
        )
        await gateway.resume(gateway.sockets[-1])
        await until(lambda: not reasons(bot))
        assert gateway.identifies == 1


async def test_a_silent_connection_shows_and_comes_back(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that is open and on which no heartbeat is acknowledged is half a connection."""
    monkeypatch.setattr("bot.discord.connection.sessions.ACK_GRACE", 0.2)
    gateway.heartbeat = 50
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        gateway.acknowledges = False
        await until(lambda: bool(reasons(bot)))
        (reason,) = reasons(bot)
        assert reason.startswith("Discord has acknowledged no heartbeat of shard 0 for ")
        gateway.acknowledges = True
        await until(lambda: not reasons(bot))
        assert gateway.connections == 1


async def test_a_connection_is_silent_within_60_seconds(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Discord's interval a late acknowledgement is waited for, and a missing one shows in a minute."""
    gateway.heartbeat = int(DISCORDS_INTERVAL * 1000)
    clock = Clock()
    clock.now = 0.0
    bot.sessions = Sessions(bot, bot.starts, bot.held, clock)
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        socket: Any = bot._get_websocket(shard_id=0)
        acknowledged = socket._keep_alive._last_ack
        clock.now = acknowledged + DISCORDS_INTERVAL + ACK_GRACE - 5
        assert not reasons(bot)
        clock.now = acknowledged + DISCORDS_INTERVAL + ACK_GRACE + 1
        assert clock.now - acknowledged < 60
        assert reasons(bot) == ("Discord has acknowledged no heartbeat of shard 0 for 57 seconds.",)


async def test_a_shard_that_never_came_up_shows(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two shards is refused from the start; the bot is ready when both have a session."""
    gateway.steps = (Gateway.live, None, None, Gateway.live)
    held: Any = bot.held
    held._setting = 2
    async with connecting(bot, gateway, monkeypatch):
        pending = "Shard {} has not been connected to Discord since the start."
        await until(lambda: reasons(bot) in {(pending.format(0),), (pending.format(1),)})
        await until(lambda: not reasons(bot))
        assert gateway.identifies == 2


async def test_a_shard_that_may_not_identify_says_why(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hosts the bot reads until when it waits."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        starts = Starts(StateFile(None), clock=lambda: 0.0, sleep=Sleeps(forever=5.0))
        bot.sessions._starts = bot.starts = starts
        await bot.starts.identifies(0)
        await gateway.sockets[0].send_json({"op": 9, "d": False, "t": None, "s": None})
        await until(
            lambda: (
                reasons(bot)
                == ("Shard 0 begins no session before 1970-01-01T00:00:05Z: starts that failed in a row: 1.",)
            )
        )


async def test_a_gateway_that_is_named_oddly_is_no_traceback(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer with status 200 that names no gateway, or no shard, ends the start as a refusal does."""
    odd: list[object] = [
        None, [], "x", {"url": "ws://x"}, {"url": None, "shards": 1, "session_start_limit": {}},
        {"url": "ws://x", "shards": "many", "session_start_limit": {}},
        {"url": "ws://x", "shards": 0, "session_start_limit": {}},
    ]  # fmt: skip
    async with served(gateway, monkeypatch):
        await bot.login("FAKE-TOKEN-FOR-TESTS")
        for answer in odd:
            gateway.told = answer
            bot.shard_count = None  # type: ignore[assignment] # as before a start
            with pytest.raises(discord.GatewayNotFound):
                await bot.connect()
    assert gateway.connections == 0


def locking(settings: Settings) -> sqlite3.Connection:
    """Return another process's connection to a bot's database."""
    return sqlite3.connect(settings.database_path, isolation_level=None, check_same_thread=False)


async def test_a_database_that_takes_no_writes_shows_and_comes_back(
    bot: PatchbayBot, gateway: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the write lock; nobody of ours writes but the probe."""
    probe = bot.services.write_probe
    await probe._database._engine.connection.execute("PRAGMA busy_timeout = 1")
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        await probe.try_once()
        with closing(locking(settings)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await probe.try_once()
            await probe.try_once()
            (reason,) = reasons(bot)
            assert "locked" in reason
            await asyncio.to_thread(other.execute, "ROLLBACK")
        await probe.try_once()
        assert not reasons(bot)


async def test_a_tick_that_hangs_shows_and_comes_back(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However seldom the ticks are: what counts is how long the one that was due has not ended."""
    clock, lists, hanging = Clock(), ConnectionService.watch_list_change, asyncio.Event()
    hanging.set()

    async def change(self: ConnectionService) -> object:
        await hanging.wait()
        return await lists(self)

    monkeypatch.setattr(ConnectionService, "watch_list_change", change)
    poller = bot.services.poller
    poller._schedule = ConnectionSchedule(12, clock, random.random)
    monkeypatch.setattr(ConnectionSchedule, "tick", 0.01)
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        hanging.clear()
        clock.now += 14
        assert not reasons(bot)
        clock.now += 10
        await until(lambda: reasons(bot) == ("The checks of agents have stood still for 24 seconds.",))
        hanging.set()
        await until(lambda: not reasons(bot))


async def test_ticks_that_fail_show(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick that ends with an error has checked nothing."""
    clock = Clock()

    async def change(_: ConnectionService) -> object:
        clock.now += 11
        raise RuntimeError("FAKE")

    bot.services.poller._schedule = ConnectionSchedule(12, clock, random.random)
    monkeypatch.setattr(ConnectionService, "watch_list_change", change)
    monkeypatch.setattr(ConnectionSchedule, "tick", 0.01)
    with capture_logs():
        async with connecting(bot, gateway, monkeypatch):
            await until(lambda: any("stood still" in each for each in reasons(bot)))


async def test_a_bot_that_stops_is_not_ready(
    bot: PatchbayBot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the moment at which it takes no new commands."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        bot.services.background.shut_down()
        assert reasons(bot) == ("The bot is stopping.",)
