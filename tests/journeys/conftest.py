"""The fixtures of every journey: the bot is another process; Discord and the providers run in the test's."""

from collections.abc import AsyncIterator

import pytest

from bot.demo.stage import Stage, open_stage


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the event loop that must not block is in the other process."""


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str | None:
    """The address of the bot's database on a server; None with SQLite: the bot makes a file in its folder."""
    if request.config.getoption("engine") == "sqlite":
        return None
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def stage(address: str | None) -> AsyncIterator[Stage]:
    """A Discord with a server, the providers and an empty database; `stage.running_bot()` starts the bot."""
    async with open_stage("en-US", address) as stage:
        yield stage
