"""The demo's page with everything around the chat, in a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Locator, ViewportSize, expect

from bot.demo.controls import DemoControls
from bot.demo.guide import EMPTY, FILLED
from bot.demo.page import live_page
from bot.demo.past import write_past
from bot.demo.stage import Stage
from tests.support.browser import COMPOSER, SIZE, Browser


class DemoPage:
    """The page in one tab: what is beside the chat."""

    def __init__(self, browser: Browser, stage: Stage) -> None:
        self.browser = browser
        self.stage = stage
        self.page = browser.page
        self.guide = self.page.locator(".demo-guide")
        self.chat = self.page.get_by_role("log")
        self.composer = self.page.locator(COMPOSER)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, stage: Stage, *, has_past: bool = False, size: ViewportSize = SIZE
    ) -> AsyncIterator["DemoPage"]:
        """Run the bot and show the page until the block ends."""
        if has_past:
            await write_past(stage)
        controls, env = DemoControls(stage, FILLED if has_past else EMPTY), stage.discord.env
        first = stage.world.operations
        async with (
            live_page(env, first, controls.viewers, locale=controls.locale, controls=controls) as page,
            stage.running_bot(),
            Browser.open(page.url, size=size, is_greeted=not has_past) as browser,
        ):
            with controls.watching():
                yield cls(browser, stage)

    def button(self, name: str) -> Locator:
        """Return one of the page's own buttons by what it says."""
        return self.page.locator(".demo-bar, .demo-panel, .demo-dialog").get_by_role(
            "button", name=name, exact=True
        )

    async def go_to(self, channel: str) -> None:
        """Open a channel in the list."""
        await self.page.locator(".demo-channels button").filter(has_text=channel).click()
        await expect(self.page.locator("#channel-name")).to_have_text(channel)

    async def become(self, role: str) -> None:
        """Choose the member that the page is."""
        await self.button(role).click()
        await expect(self.button(role)).to_have_attribute("aria-pressed", "true")
