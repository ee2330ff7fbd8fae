"""What ``/metrics`` says about a bot that works."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from tests.support.harness import BotHarness
from tests.support.scraping import Scraper, scraper


@pytest.fixture
async def page(harness: BotHarness, settings: Settings) -> AsyncIterator[Scraper]:
    """The page of the harness's bot."""
    async with scraper(harness.bot, settings) as serving:
        yield serving


async def test_first(harness: BotHarness, page: Scraper) -> None:
    """X."""
    await harness.connect("toolzz")
    await harness.manager.slash(harness.channel, "help")
    print((await page.scrape()).text)
    assert 0
