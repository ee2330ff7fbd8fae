"""A provider to talk to."""

from collections.abc import AsyncIterator

import pytest

from bot.kit.api_client import ApiClient
from tests.kit.desk import Desk, open_api


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The provider, on loopback."""
    async with Desk() as desk:
        yield desk


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[ApiClient]:
    """A client that knows this provider's address alone."""
    async with open_api(desk.url) as api:
        yield api
