"""The stage for every journey: the bot is a process of its own, its surroundings run in the test's."""

from collections.abc import AsyncIterator

import pytest

from bot.demo.stage import Stage, open_stage


@pytest.fixture
def blockbuster() -> None:
    """Let the surroundings block: the event loop that must not is in the other process."""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A Discord with a server, the providers and an empty database; `stage.running_bot()` starts the bot."""
    async with open_stage("en-US") as stage:
        yield stage
