"""Sensay on loopback, and the provider that talks to it."""

from collections.abc import AsyncIterator

import pytest

from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.open_provider import open_provider


@pytest.fixture
async def simulator() -> AsyncIterator[SensaySimulator]:
    """Sensay on loopback."""
    async with SensaySimulator() as simulator:
        yield simulator


@pytest.fixture
async def sensay(simulator: SensaySimulator) -> AsyncIterator[SensayProvider]:
    """The provider that talks to it."""
    async with open_provider(SensayProvider, simulator) as provider:
        yield provider
