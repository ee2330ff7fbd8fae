"""Takes the pictures in docs/screenshots: the demo, driven as a member would, in both languages."""

import asyncio
import io
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Locator, ViewportSize

from bot.demo.page import live_page
from bot.demo.stage import Stage, open_stage
from bot.i18n.catalog import LOCALES
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.journeys.browser import Browser
from tests.journeys.steps import simulator

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
TALL: Final = ViewportSize(width=1000, height=1500)
"""Room for the longest answer in one piece."""
AT_REST: Final = 700
"""Milliseconds after which the page has scrolled to where it wants to be."""


async def shoot(shown: Locator, name: str) -> None:
    """Write a picture of a message or form once the page has come to rest."""
    await shown.page.mouse.move(0, 0)
    await shown.page.wait_for_timeout(AT_REST)
    taken = await shown.screenshot(animations="disabled")
    with Image.open(io.BytesIO(taken)) as picture:  # 128 colours do, at a quarter of the size
        picture.convert("RGB").quantize(128).save(FOLDER / f"{name}.png", optimize=True)


async def play(stage: Stage, browser: Browser, locale: str) -> None:
    """Connect both providers and look at what the commands answer."""
    sensay, toolzz = simulator(stage, SensaySimulator), simulator(stage, ToolzzSimulator)
    await browser.command("help")
    await shoot(await browser.answered(), f"{locale}-help")

    await browser.command("connections add", "Sensay")
    await shoot(await browser.form(), f"{locale}-connections-add-form")
    await browser.fill_in(sensay.credentials.values())
    await shoot(await browser.answered(), f"{locale}-connections-add")

    await browser.command("sensay connect", "Job Applications")
    await shoot(await browser.form(), f"{locale}-sensay-connect-form")
    await browser.fill_in([sensay.discord_token])
    await shoot(await browser.answered(), f"{locale}-sensay-connect")

    await browser.command("connections add", "Toolzz")
    await browser.fill_in(toolzz.credentials.values())
    await browser.answered()
    for name, title in (("connected", "Suporte da loja"), ("disconnected", "Pedidos e entregas")):
        await browser.command("toolzz status", title)
        await shoot(await browser.answered(), f"{locale}-toolzz-status-{name}")


async def main() -> None:
    """Take every picture anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for locale in LOCALES:
        async with open_stage(locale) as stage:
            world = stage.world
            viewers = (world.mira, world.theo, world.ravi)
            async with (
                live_page(stage.discord.env, world.operations, viewers, locale=locale) as page,
                stage.running_bot(),
                Browser.open(page.url) as browser,
            ):
                await browser.page.set_viewport_size(TALL)
                await play(stage, browser, locale)


if __name__ == "__main__":
    asyncio.run(main())
