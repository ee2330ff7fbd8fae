"""The demo's page, used with a keyboard and a mouse in a browser."""

import pytest
from playwright.async_api import expect

from bot.demo.page import live_page
from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.browser import CHROMIUM, Browser
from tests.support.demo_steps import simulator
from tests.support.english import english


@pytest.mark.sqlite  # the page knows no database
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
async def test_the_demo_works_in_a_browser(stage: Stage) -> None:
    """A user connects Toolzz in a form, reads a status in an embed, and sets up an agent with a menu."""
    world, toolzz = stage.world, simulator(stage, ToolzzSimulator)
    async with (
        live_page(stage.discord.env, world.operations, [world.mira], locale="en-US") as page,
        stage.running_bot(),
        Browser.open(page.url) as browser,
    ):
        await browser.command("connections add", "Toolzz")
        await browser.past_guide()
        await browser.fill_in(toolzz.credentials.values())
        await expect(await browser.answered()).to_contain_text(
            english("connections.add.done", provider="Toolzz")
        )
        await browser.command("toolzz status", "Pedidos e entregas")
        status = await browser.answered()
        await expect(status).to_contain_text("Pedidos e entregas")
        await expect(status).to_contain_text("Discord refused the bot token")
        await expect(status).to_contain_text("Only you can see this")
        await browser.command("setup")
        steps = await browser.answered()
        await browser.press("Toolzz", steps)
        await browser.pick("Link an integration", "Suporte da loja", steps)
        await expect(await browser.answered()).to_contain_text("Linked to this server")
        await expect(steps).to_contain_text("🟢 Suporte da loja · Connected")
