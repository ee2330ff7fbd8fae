"""What a supervisor is told over HTTP."""

import aiohttp
import discord
import pytest

from bot.runtime.health import serve_health
from tests.cogs.town import Town


async def ask(port: int, path: str) -> tuple[int, object]:
    """Return the status and the JSON of an answer."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json() if response.ok or response.status == 503 else None


async def test_a_bot_in_discord_is_alive_and_ready(town: Town) -> None:
    """Once Discord has said ready both answer 200."""
    async with serve_health(town.bot, "127.0.0.1", 0) as port:
        assert await ask(port, "/healthz") == (200, {"status": "alive"})
        assert await ask(port, "/readyz") == (200, {"status": "ready"})


async def test_a_bot_that_is_starting_is_alive_and_not_ready() -> None:
    """Before Discord has said ready it is alive, and readiness answers 503."""
    client = discord.Client(intents=discord.Intents.none())
    async with client, serve_health(client, "127.0.0.1", 0) as port:
        assert await ask(port, "/healthz") == (200, {"status": "alive"})
        assert await ask(port, "/readyz") == (503, {"status": "starting"})


async def test_a_bot_that_has_closed_is_not_ready(town: Town) -> None:
    """While it is leaving, nothing new is sent its way."""
    async with serve_health(town.bot, "127.0.0.1", 0) as port:
        await town.bot.close()
        assert (await ask(port, "/readyz"))[0] == 503
        assert (await ask(port, "/healthz"))[0] == 200


async def test_nothing_else_is_served(town: Town) -> None:
    """There are two addresses, to be read and not to be written."""
    async with serve_health(town.bot, "127.0.0.1", 0) as port:
        for path in ("/", "/metrics", "/healthz/x"):
            assert (await ask(port, path))[0] == 404
        session = aiohttp.ClientSession()
        async with session, session.post(f"http://127.0.0.1:{port}/healthz") as response:
            assert response.status == 405


async def test_a_taken_port_is_an_error_and_a_left_one_is_free() -> None:
    """Two cannot serve on one port; after the first has gone the next can."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        async with serve_health(client, "127.0.0.1", 0) as port:
            with pytest.raises(OSError, match="address already in use"):
                async with serve_health(client, "127.0.0.1", port):
                    raise AssertionError("unreachable")
        async with serve_health(client, "127.0.0.1", port) as again:
            assert again == port
