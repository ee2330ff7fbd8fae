"""Scrapes a bot's page of metrics as Prometheus does, over a socket."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bot.discord.client import PatchbayBot
from bot.operating.health.loop_lag import loop_lag
from bot.operating.health.readiness import Readiness
from bot.operating.health.server import serve_health
from bot.operating.metrics import metrics_page
from bot.settings import Settings


@dataclass(frozen=True)
class Scraped:
    """A page, and its series: each one's name, labels and value."""

    text: str

    def series(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Yield every series."""
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value

    def values(self, name: str, **labels: str) -> list[float]:
        """Return the values of the series of this name that have these labels."""
        return [
            value for found, has, value in self.series() if found == name and labels.items() <= has.items()
        ]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of these values, 0 where there is none."""
        return sum(self.values(name, **labels))


@dataclass(frozen=True)
class Scraper:
    """Asks one bot's port."""

    port: int

    async def ask(
        self, path: str = "/metrics", method: str = "GET", accept: str = ""
    ) -> tuple[int, str, str]:
        """Return status, content type and body."""
        headers = {"Accept": accept} if accept else {}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers) as response,
        ):
            return response.status, response.headers.get("Content-Type", ""), await response.text()

    async def scrape(self) -> Scraped:
        """Return the page as it is now."""
        status, _, text = await self.ask()
        assert status == 200, text
        return Scraped(text)


@asynccontextmanager
async def scraper(bot: PatchbayBot, settings: Settings) -> AsyncIterator[Scraper]:
    """Serve a bot's metrics on a free port."""
    readiness = Readiness(bot, bot.services.write_state, bot.services.poller)
    async with loop_lag() as lag:
        pages = {"/metrics": metrics_page(bot, readiness, lag, settings)}
        async with serve_health(readiness, lag, "127.0.0.1", 0, pages) as port:
            yield Scraper(port)
