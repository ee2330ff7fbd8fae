"""What the health endpoint tells a supervisor."""

import asyncio
import re
import time

import aiohttp
import pytest

from bot.discord.client import PatchbayBot
from bot.operating.health.loop_lag import LoopLag, loop_lag
from bot.operating.health.readiness import Readiness
from bot.operating.health.server import MAX_CONNECTIONS, serve_health
from tests.support.harness import BotHarness


def readiness_of(bot: PatchbayBot) -> Readiness:
    """Return what is watched of a bot."""
    return Readiness(bot, bot.services.write_state, bot.services.poller)


async def ask(port: int, path: str) -> tuple[int, object]:
    """Return the status and the JSON of an answer."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json() if response.ok or response.status == 503 else None


def one_reason(answer: object) -> str:
    """Return the only reason of an answer that a bot is not ready."""
    assert isinstance(answer, dict)
    (reason,) = answer["reasons"]
    assert isinstance(reason, str)
    return reason


async def test_a_bot_in_discord_is_alive_and_ready(harness: BotHarness) -> None:
    """After Discord's READY both paths answer 200."""
    async with serve_health(readiness_of(harness.bot), LoopLag(), "127.0.0.1", 0) as port:
        assert (await ask(port, "/healthz"))[0] == 200
        assert await ask(port, "/readyz") == (200, {"status": "ready"})


async def test_a_bot_that_is_starting_is_alive_and_not_ready(bot: PatchbayBot) -> None:
    """Before Discord's READY the bot is alive but not ready (503)."""
    async with serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        assert (await ask(port, "/healthz"))[0] == 200
        status, answer = await ask(port, "/readyz")
        assert status == 503
        assert one_reason(answer) == "Shard 0 has not been connected to Discord since the start."


async def test_a_bot_that_has_closed_is_not_ready(harness: BotHarness) -> None:
    """A bot that is closing is not ready."""
    async with serve_health(readiness_of(harness.bot), LoopLag(), "127.0.0.1", 0) as port:
        await harness.bot.close()
        assert (await ask(port, "/readyz"))[0] == 503
        assert (await ask(port, "/healthz"))[0] == 200


async def test_a_bot_whose_database_takes_no_writes_is_alive_and_not_ready(harness: BotHarness) -> None:
    """While writes fail the answer says since when and why; afterwards the bot is ready again."""
    state = harness.bot.services.write_state
    async with serve_health(readiness_of(harness.bot), LoopLag(), "127.0.0.1", 0) as port:
        state.refused("disk full")
        assert (await ask(port, "/healthz"))[0] == 200
        status, answer = await ask(port, "/readyz")
        assert status == 503
        assert re.fullmatch(r"The database takes no writes since \d.*Z: disk full\.", one_reason(answer))
        state.accepted()
        assert await ask(port, "/readyz") == (200, {"status": "ready"})


async def test_the_loops_lag_is_told(bot: PatchbayBot) -> None:
    """A loop that stood still for a moment says so for a minute."""
    async with (
        asyncio.timeout(10),
        loop_lag() as lag,
        serve_health(readiness_of(bot), lag, "127.0.0.1", 0) as port,
    ):
        began = time.monotonic()
        # Something is due within this time, and late by the rest of it.
        while time.monotonic() < began + 1:
            pass
        told: object = {}
        while not (isinstance(told, dict) and told.get("worst_loop_lag", 0) >= 0.4):
            await asyncio.sleep(0.01)
            told = (await ask(port, "/healthz"))[1]
        assert isinstance(told, dict)
        assert told.keys() == {"status", "loop_lag", "worst_loop_lag"}


async def send(port: int, request: bytes) -> bytes:
    """Send bytes, and return what comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_what_is_sent_is_bounded(
    bot: PatchbayBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Long paths and headers are refused, a body that never comes is not waited for, and no log is filled."""
    monkeypatch.setattr("bot.operating.health.server.MAX_SECONDS", 0.5)
    async with asyncio.timeout(10), serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        for request in (
            b"GET /healthz?" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % each for each in range(9000)) + b"\r\n",
            b"\x16\x03\x01\r\n\r\n",
        ):
            assert b" 400 " in (await send(port, request)).partition(b"\r\n")[0]
        assert caplog.records == []
        for method, status in ((b"GET", b"200"), (b"POST", b"405")):
            request = method + b" /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
            assert (await send(port, request)).startswith(b"HTTP/1.1 " + status)
        answer = await send(port, b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")


async def test_a_connection_is_for_one_answer(bot: PatchbayBot) -> None:
    """None is kept: it would be cut when its time is up, in the middle of whatever it is used for then."""
    async with asyncio.timeout(5), serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        for path in (b"/healthz", b"/readyz", b"/nothing"):
            answer = await send(port, 2 * (b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"))
            assert answer.count(b"HTTP/1.1 ") == 1
            assert b"\r\nconnection: close\r\n" in answer.lower()


async def test_nothing_else_is_served(harness: BotHarness) -> None:
    """There are two paths, and both can only be read."""
    async with serve_health(readiness_of(harness.bot), LoopLag(), "127.0.0.1", 0) as port:
        for path in ("/", "/metrics", "/healthz/x"):
            assert (await ask(port, path))[0] == 404
        session = aiohttp.ClientSession()
        async with session, session.post(f"http://127.0.0.1:{port}/healthz") as response:
            assert response.status == 405


async def test_clients_that_say_nothing_are_turned_away(
    bot: PatchbayBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 200 silent sockets most are closed at once and the others when their time is up; probes go on."""
    monkeypatch.setattr("bot.operating.health.server.MAX_SECONDS", 0.3)
    async with serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        ended = [asyncio.create_task(reader.read()) for reader, _ in silent]
        held = set(ended)
        while len(held) > MAX_CONNECTIONS:
            _, held = await asyncio.wait(ended, timeout=0.01)
        await asyncio.gather(*ended, return_exceptions=True)
        assert (await ask(port, "/healthz"))[0] == 200
        for _, writer in silent:
            writer.close()


async def test_a_probe_is_answered_however_many_say_nothing(bot: PatchbayBot) -> None:
    """With every place taken by a silent socket a probe is answered at once, again and again."""
    async with serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        silent = []
        for _ in range(3):
            silent += [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
            assert (await ask(port, "/healthz"))[0] == 200
        for _, writer in silent:
            writer.close()


async def test_a_client_that_drips_is_turned_away(bot: PatchbayBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that comes byte by byte ends when its time is up, whatever it still has to say."""
    monkeypatch.setattr("bot.operating.health.server.MAX_SECONDS", 0.2)
    async with serve_health(readiness_of(bot), LoopLag(), "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"G")
            await asyncio.wait((ended,), timeout=0.01)
        writer.close()


async def test_a_taken_port_is_an_error_and_a_left_one_is_free(bot: PatchbayBot) -> None:
    """Two bots cannot serve on one port; after the first has stopped, the next can."""
    readiness = readiness_of(bot)
    async with serve_health(readiness, LoopLag(), "127.0.0.1", 0) as port:
        with pytest.raises(OSError, match="address already in use"):
            async with serve_health(readiness, LoopLag(), "127.0.0.1", port):
                raise AssertionError("unreachable")
    async with serve_health(readiness, LoopLag(), "127.0.0.1", port) as again:
        assert again == port
