"""Drives the demo's page in headless Chromium as somebody with a keyboard would."""

import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
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
"""With which the bot's first message begins."""
PATIENCE: Final = 15_000
"""Milliseconds that anything on the page may take."""


class Browser:
    """One tab with the demo's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._messages = page.get_by_role("log").locator("[data-message-id]")
        self._seen = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["Browser"]:
        """Show this address until the block ends; the bot that greets a new server is running."""
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
            page = await chromium.new_page(viewport=SIZE, device_scale_factor=2)
            page.set_default_timeout(PATIENCE)
            await page.goto(url)
            # What is sent off while the page is about to show another message is not taken.
            await page.get_by_role("log").get_by_text(GREETING).wait_for()
            yield cls(page)
            await chromium.close()

    async def command(self, name: str, *options: str, text: str = "", **optional: str) -> None:
        """Type a command, then the beginning of each option's value, and send it off.

        options: what is required and suggested. text: what is required and free. optional: what is suggested
        for the options of these names.
        """
        await self.page.get_by_placeholder("Message #").click()
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
        """Write a message into the channel."""
        await self.page.get_by_placeholder("Message #").click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    def message(self, text: str) -> Locator:
        """Return the messages in which this can be read."""
        return self._messages.filter(has_text=text)

    async def _pick(self, value: str) -> None:
        await self.page.keyboard.type(value)
        await self.page.get_by_role("option", name=value).first.click()

    async def form(self) -> Locator:
        """Return the form that the bot opened."""
        form = self.page.get_by_role("dialog")
        await form.wait_for()
        return form

    async def fill_in(self, values: Iterable[str]) -> None:
        """Write these into the form's inputs, from above, and submit it."""
        form = await self.form()
        for position, value in enumerate(values):
            await form.locator("input, textarea").nth(position).fill(value)
        await self.submit(form)

    async def submit(self, form: Locator) -> None:
        """Send a form off."""
        await form.get_by_role("button", name="Submit").click()
        await form.wait_for(state="detached")

    async def choose(self, form: Locator, entry: str) -> None:
        """Open the form's one menu and choose the entry of this name."""
        await form.get_by_role("combobox").click()
        await self.page.get_by_role("option", name=entry).first.click()
        await form.get_by_role("combobox").click()

    async def pick(self, menu: str, entry: str, message: Locator) -> None:
        """Choose an entry of the menu under a message that says this while nothing is chosen."""
        self._seen = await self._messages.count()
        await message.get_by_role("combobox").filter(has_text=menu).click()
        await self.page.get_by_role("option", name=entry).first.click()

    async def press(self, label: str, message: Locator) -> None:
        """Press a button under a message; what follows is the answer."""
        self._seen = await self._messages.count()
        await message.get_by_role("button", name=label).click()

    async def answered(self) -> Locator:
        """Return the message in which the last command ended, once the bot has stopped thinking."""
        answer = self._messages.nth(self._seen)
        await expect(answer.locator(".embed-card")).to_be_visible(timeout=PATIENCE)
        return answer
