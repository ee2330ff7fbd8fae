"""Drives the demo's page in headless Chromium like a user with a keyboard."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

from playwright.async_api import Locator, Page, ViewportSize, async_playwright, expect

CHROMIUM: Final = shutil.which("chromium")
SWITCHES: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # it opens one page, ours, and may run as root in a container
)
SIZE: Final = ViewportSize(width=1180, height=860)
GREETING: Final = "👋"
"""The beginning of the bot's first message."""
COMPOSER: Final = "#channel-composer-input"
PATIENCE: Final = 15_000
"""Milliseconds that anything on the page may take."""
SHOWN_WITHIN: Final = 1_000
"""Milliseconds after which what was chosen counts as lost."""


class Browser:
    """One tab with the demo's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._messages = page.get_by_role("log").locator("[data-message-id]")
        self._seen = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, size: ViewportSize = SIZE, is_greeted: bool = True
    ) -> AsyncIterator["Browser"]:
        """Show this address until the block ends. is_greeted: whether to wait for the bot's greeting, which
        would else come between other messages.
        """
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
            page = await chromium.new_page(viewport=size, device_scale_factor=2)
            page.set_default_timeout(PATIENCE)
            await page.goto(url)
            await page.locator("#preview-app[aria-busy=false]").wait_for()
            if is_greeted:
                await page.get_by_role("log").get_by_text(GREETING).wait_for()
            yield cls(page)
            await chromium.close()

    async def command(self, name: str, *options: str, text: str = "", **optional: str) -> None:
        """Type a command, then the beginning of each option's value, and send it.

        options: what is required and suggested. text: what is required and free. optional: what is suggested
        for the options of these names.
        """
        await self.page.locator(COMPOSER).click()
        self._seen = await self._messages.count()
        await self.page.keyboard.type(f"/{name}")
        await self.page.get_by_role("option", name=f"/{name}").first.wait_for()
        await self.page.keyboard.press("Enter")
        for option in options:
            await self._pick(option)
        if text:
            await self.page.keyboard.type(text)
        for option, value in optional.items():
            await self.page.locator("[data-command-chip]").click()
            await self.page.get_by_role("option", name=option).first.click()
            await self._pick(value)
        await self.page.locator("form.channel-composer button[type=submit]").click()

    async def say(self, text: str) -> None:
        """Write a message in the channel."""
        await self.page.locator(COMPOSER).click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """Return the messages with this text."""
        return self._messages.filter(has_text=text)

    async def _pick(self, value: str) -> None:
        await self.page.keyboard.type(value)
        await self.page.get_by_role("option", name=value).first.click()

    async def past_guide(self) -> None:
        """Press the first button of what comes before a form."""
        guide = await self.answered()
        self._seen = await self._messages.count()
        await guide.get_by_role("button").first.click()

    async def form(self) -> Locator:
        """Return the form that the bot opened."""
        form = self.page.get_by_role("dialog")
        await form.wait_for()
        return form

    async def fill_in(self, values: Iterable[str]) -> None:
        """Fill in the form's inputs from the top, and submit it."""
        form = await self.form()
        for position, value in enumerate(values):
            await form.locator("input, textarea").nth(position).fill(value)
        await self.submit(form)

    async def submit(self, form: Locator) -> None:
        """Submit the form."""
        await form.locator("button[type=submit]").click()
        await form.wait_for(state="detached")

    async def choose(self, form: Locator, entry: str) -> None:
        """Open the form's one menu and choose the entry of this name, until the menu shows it.

        The page loses what is chosen while it still loads entries.
        """
        menu = form.get_by_role("combobox")
        option = self.page.get_by_role("option", name=entry).first
        async with asyncio.timeout(PATIENCE / 1000):
            while entry not in await menu.inner_text():
                if await menu.get_attribute("aria-expanded") != "true":
                    await menu.click()
                await option.wait_for()
                await expect(self.page.locator("[role=listbox][aria-busy=true]:visible")).to_have_count(0)
                if await option.get_attribute("aria-selected") != "true":
                    await option.click()
                with suppress(AssertionError):
                    await expect(menu).to_contain_text(entry, timeout=SHOWN_WITHIN)
            if await menu.get_attribute("aria-expanded") == "true":
                await menu.click()
        await expect(menu).to_have_attribute("aria-expanded", "false")
        await expect(menu).to_contain_text(entry)

    async def pick(self, menu: str, entry: str, message: Locator) -> None:
        """Choose an entry of the menu with this placeholder under a message."""
        self._seen = await self._messages.count()
        await message.get_by_role("combobox").filter(has_text=menu).click()
        await self.page.get_by_role("option", name=entry).first.click()

    async def press(self, label: str, message: Locator) -> None:
        """Press a button under a message."""
        self._seen = await self._messages.count()
        await message.get_by_role("button", name=label).click()

    async def answered(self) -> Locator:
        """Return the final message of the last command."""
        answer = self._messages.nth(self._seen)
        await expect(answer.locator(".embed-card")).to_be_visible(timeout=PATIENCE)
        return answer
