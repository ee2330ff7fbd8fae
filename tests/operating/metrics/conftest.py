"""The fixture of the tests that read a page of metrics."""

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
