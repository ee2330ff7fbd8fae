"""What the tests of the Discord core share."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from bot.discord.connection.held_shards import HeldShards
from tests.support.changing_shards import ShardGateway, holding
from tests.support.harness import StartBot
from tests.support.work import Work


@pytest.fixture
def work() -> Work:
    """Work that has not begun."""
    return Work()


@pytest.fixture
def held() -> HeldShards | None:
    """The shards that the test's bot holds; None for those of the settings."""
    return None


@pytest.fixture
def start_bot(start_bot: StartBot, held: HeldShards | None) -> Iterator[StartBot]:
    """A function that builds one bot after another, which hold what the test says."""
    with nullcontext() if held is None else holding(held):
        yield start_bot


@pytest.fixture
def gateway() -> ShardGateway:
    """Discord with a server on each of three shards."""
    return ShardGateway(range(3))
