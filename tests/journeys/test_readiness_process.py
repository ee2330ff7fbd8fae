"""The bot as a process whose gateway goes, and comes back."""

import asyncio
from unittest import mock

import aiohttp

from bot.demo.bot_process import BotProcess
from bot.demo.gateway import GatewayConnection
from bot.demo.stage import Stage
from tests.support.odd_discord import json_logs, logged

WITHIN = 30
"""Seconds for what takes a few, on a busy machine."""


async def test_a_lost_gateway_shows_and_comes_back(stage: Stage) -> None:
    """Ready, not ready while the gateway ends each connection, and ready again without a restart."""
    environment = json_logs(stage, PATCHBAY_HTTP_PORT="0")
    async with BotProcess(environment, stage.folder) as process, aiohttp.ClientSession() as session:
        await process.alongside(stage.discord.bot_ready(WITHIN))
        (port,) = (line["port"] for line in logged(process, "health_served"))

        async def becomes(status: int, told: object) -> None:
            """Wait until this is the answer."""
            async with asyncio.timeout(WITHIN):
                while True:
                    async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                        if (answer.status, await answer.json()) == (status, told):
                            return
                    await asyncio.sleep(0.02)

        await becomes(200, {"status": "ready"})
        with mock.patch.object(GatewayConnection, "serve", GatewayConnection.close):
            for connection in list(stage.discord._connections):
                await connection.close()
            lost = "Shard 0 has lost its connection to Discord."
            await becomes(503, {"status": "not ready", "reasons": [lost]})
            async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
        await becomes(200, {"status": "ready"})
        assert await process.stop() == 0
