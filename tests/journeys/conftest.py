"""The fixtures of every journey: the bot is another process; Discord and the providers run in the test's."""

from collections.abc import AsyncIterator

import pytest

from bot.demo.stage import Stage, open_stage


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the event loop that must not block is in the other process."""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A Discord with a server, the providers and an empty database; `stage.running_bot()` starts the bot."""
    async with open_stage("en-US") as stage:
        yield stage
