"""Toolzz on loopback, the provider that talks to it, and for whom."""

from collections.abc import AsyncIterator

import pytest

from bot.kit.credentials import Credentials
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.providers.office import accepted, open_provider


@pytest.fixture
async def simulator() -> AsyncIterator[ToolzzSimulator]:
    """Both hosts of Toolzz on loopback."""
    async with ToolzzSimulator() as simulator:
        yield simulator


@pytest.fixture
async def toolzz(simulator: ToolzzSimulator) -> AsyncIterator[ToolzzProvider]:
    """The provider that talks to them."""
    async with open_provider(ToolzzProvider, simulator) as provider:
        yield provider


@pytest.fixture
def credentials() -> Credentials:
    """A token and its unit."""
    return accepted(ToolzzProvider, ToolzzSimulator())


@pytest.fixture
def token_alone(credentials: Credentials) -> Credentials:
    """A token whose unit the admin has left empty."""
    return Credentials({"access_token": credentials["access_token"]})


@pytest.fixture
def client(toolzz: ToolzzProvider, credentials: Credentials) -> ToolzzClient:
    """A client that has the unit too."""
    return toolzz.client(credentials)
