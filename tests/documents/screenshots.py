"""``make screenshots`` takes every picture in the documents again, in both languages."""

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any, Final

import discord
from PIL import Image
from playwright.async_api import async_playwright

import bot.demo.page  # noqa: F401 - lets the page show mentions and commands in embeds, as Discord does
from bot.i18n.catalog import LOCALES
from bot.store.sqlite.migrations import migrate
from tests.documents.album import FINGERPRINTS, FOLDER, Fingerprints, Shown
from tests.documents.scenes import SCENES
from tests.documents.world import World, open_world
from tests.support.browser import CHROMIUM, SWITCHES
from tests.support.logging_state import logging_restored

WIDTH: Final = 680
HEIGHT: Final = 2300
"""The page's size in CSS pixels; the longest reply fits."""
COLOURS: Final = 128
"""They do for a reply, at a quarter of the file's size."""


class SharpBrowser:
    """A browser that many previews use, with two pixels for each CSS pixel. Whoever has made it closes it."""

    def __init__(self, browser: Any) -> None:  # noqa: ANN401 - Playwright's own
        """browser: of Playwright."""
        self._browser = browser
        self.version = browser.version

    async def new_context(self, **options: Any) -> Any:  # noqa: ANN401 - Playwright's own
        """Open a context as simcord asks for it, but sharper."""
        return await self._browser.new_context(**{**options, "device_scale_factor": 2})

    async def close(self) -> None:
        """Do nothing: the next preview goes on."""


class Photographs(Fingerprints):
    """An album of pictures: each reply is drawn by simcord's page and saved."""

    def __init__(self, world: World, locale: str, browser: SharpBrowser, folder: Path = FOLDER) -> None:
        """world: where the scene plays. folder: where the pictures go."""
        super().__init__(locale)
        self._folder = folder
        self._world = world
        self._browser = browser

    async def shoot(self, name: str, shown: Shown) -> None:
        """Save a picture and take its fingerprint."""
        await super().shoot(name, shown)
        harness = self._world.harness
        is_alert = isinstance(shown, discord.Message) and shown.channel.id == self._world.alerts.id
        channel = self._world.alerts if is_alert else harness.channel
        preview = harness.env.preview(
            channel, viewers=[harness.manager], width=WIDTH, height=HEIGHT, locale=self.locale
        )
        async with preview:
            preview._capture_manager._browser = self._browser
            taken = await preview.screenshot(target=shown, allow_incomplete=True)
        with Image.open(io.BytesIO(taken.png or b"")) as picture:
            path = self._folder / f"{self.locale}-{name}.png"
            picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


@asynccontextmanager
async def sharp_browser() -> AsyncIterator[SharpBrowser]:
    """Run Chromium until the block ends."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield SharpBrowser(chromium)
        await chromium.close()


async def main() -> None:
    """Take every picture, and remove those that no scene takes any longer."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    taken: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.db"
        await asyncio.to_thread(migrate, empty)
        async with sharp_browser() as browser:
            for number, (locale, scene) in enumerate(product(LOCALES, SCENES)):
                own = Path(folder) / str(number)
                own.mkdir()
                async with AsyncExitStack() as stack:
                    world = await open_world(stack, own, empty, locale)
                    album = Photographs(world, locale, browser)
                    await scene(world, album)
                taken |= album.taken
    for path in FOLDER.glob("*.png"):
        if path.stem not in taken:
            path.unlink()
    FINGERPRINTS.write_text(json.dumps(taken, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    with logging_restored():
        asyncio.run(main())
