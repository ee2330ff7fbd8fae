"""A provider, and a client for it."""

from collections.abc import AsyncIterator

import pytest

from bot.providers.base.api_client import ApiClient
from tests.support.order_api import OrderApi, open_api


@pytest.fixture
async def order_api() -> AsyncIterator[OrderApi]:
    """The provider, on loopback."""
    async with OrderApi() as order_api:
        yield order_api


@pytest.fixture
async def api(order_api: OrderApi) -> AsyncIterator[ApiClient]:
    """A client that knows only this provider's address."""
    async with open_api(order_api.url) as api:
        yield api
