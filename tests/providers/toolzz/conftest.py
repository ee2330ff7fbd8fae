"""The simulated Toolzz, its provider, and credentials."""

from collections.abc import AsyncIterator

import pytest

from bot.providers.base.credentials import Credentials
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.open_provider import accepted, open_provider


@pytest.fixture
async def simulator() -> AsyncIterator[ToolzzSimulator]:
    """The simulated Toolzz on loopback."""
    async with ToolzzSimulator() as simulator:
        yield simulator


@pytest.fixture
async def toolzz(simulator: ToolzzSimulator) -> AsyncIterator[ToolzzProvider]:
    """The provider, connected to the simulated Toolzz."""
    async with open_provider(ToolzzProvider, simulator) as provider:
        yield provider


@pytest.fixture
def credentials() -> Credentials:
    """Credentials with a token and a unit."""
    return accepted(ToolzzProvider, ToolzzSimulator())


@pytest.fixture
def token_alone(credentials: Credentials) -> Credentials:
    """Credentials without a unit."""
    return Credentials({"access_token": credentials["access_token"]})


@pytest.fixture
def client(toolzz: ToolzzProvider, credentials: Credentials) -> ToolzzClient:
    """A client with a token and a unit."""
    return toolzz.client(credentials)
