"""A bot that runs shows Prometheus what members and providers do."""

import asyncio
import re

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator
from tests.support.scraping import Scraper


async def port_of(bot: BotProcess) -> int:
    """Return the port that the bot says it serves."""
    while True:
        for line in bot.lines:
            if "health_served" in line and (found := re.search(r"port=\D*(\d+)", line)):
                return int(found[1])
        await asyncio.sleep(0.02)  # a line wakes nobody


async def test_a_running_bot_is_scraped(stage: Stage) -> None:
    """The port serves the page: what was done, heartbeats, the loop's lag, and the process itself."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with BotProcess(stage.environment() | {"PATCHBAY_HTTP_PORT": "0"}, stage.folder) as bot:
        await bot.alongside(stage.discord.bot_ready())
        await bot.alongside(stage.discord.commands_synced())
        await connect(stage, toolzz)
        toolzz.fail(Answer(503, {}))
        await stage.discord.answer(await mira.slash(channel, "connections test", provider="toolzz"))
        page = Scraper(await port_of(bot))
        async with asyncio.timeout(30):
            now = await page.scrape()
            # The checks of agents begin when all servers are known.
            while not (now.values("patchbay_gateway_latency_seconds") and now.value("patchbay_ready")):
                await asyncio.sleep(0.1)
                now = await page.scrape()
        assert now.values(
            "patchbay_interactions_total", command="connections test", result="provider_failed"
        ) == [1]
        assert now.value("patchbay_provider_requests_total", provider="toolzz", status="503") == 1
        assert now.value("patchbay_event_loop_lag_seconds_count") > 0
        assert now.value("patchbay_identifies_used") == 1
        assert now.value("process_resident_memory_bytes") > 0
        assert await bot.stop() == 0
