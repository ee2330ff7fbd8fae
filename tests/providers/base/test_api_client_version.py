"""A provider with versions is asked for one of them, and an answer by another one is logged."""

import io
import json
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.providers.base.api_client import ApiClient
from bot.providers.base.endpoint import ApiVersion
from bot.providers.base.simulator import Answer
from tests.support.log_capture import logging_to_memory
from tests.support.order_api import Order, OrderApi, failure, get, open_api, post

VERSION = ApiVersion("X-Orders-Version", "2026-01-31")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as JSON lines."""
    with logging_to_memory("json") as written:
        yield written


@pytest.fixture
async def api(order_api: OrderApi) -> AsyncIterator[ApiClient]:
    """A client that asks for the version."""
    async with open_api(order_api.url, version=VERSION) as api:
        yield api


def served(log: io.StringIO) -> list[str]:
    """Return the other versions that were logged."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    noted = [line for line in lines if line["event"] == "other_api_version_served"]
    assert all((line["provider"], line["asked"]) == ("orders", "2026-01-31") for line in noted)
    return [line["served"] for line in noted]


async def ask(order_api: OrderApi, api: ApiClient, version: str | None) -> None:
    """Have one request answered with a version."""
    order_api.fail(Answer(200, {"id": "0"}, {} if version is None else {"x-orders-version": version}))
    await api.send(get(order_api.url), Order)


async def test_each_request_asks_for_the_version(order_api: OrderApi, api: ApiClient) -> None:
    """Reads, writes and requests that fail have the header."""
    await api.send(get(order_api.url), Order)
    await api.send(post(order_api.url), Order)
    order_api.fail(Answer(500))
    await failure(api, get(order_api.url))
    assert [received.headers["X-Orders-Version"] for received in order_api.requests] == ["2026-01-31"] * 3


async def test_another_version_is_noted_once(order_api: OrderApi, api: ApiClient, log: io.StringIO) -> None:
    """Each other version is logged once."""
    for version in ("2026-06-01", "2026-06-01", "2026-01-31", "v7", "2026-06-01", None, "v7"):
        await ask(order_api, api, version)
    assert served(log) == ["2026-06-01", "v7"]


async def test_a_refusal_names_its_version_too(order_api: OrderApi, api: ApiClient, log: io.StringIO) -> None:
    """The version of a refusal is logged too."""
    order_api.fail(Answer(400, {"error": "no"}, {"X-Orders-Version": "2027-01-01"}))
    await failure(api, get(order_api.url))
    assert served(log) == ["2027-01-01"]


@pytest.mark.parametrize("version", ["2026-01-31", None])
async def test_the_version_asked_for_is_no_news(
    order_api: OrderApi, api: ApiClient, log: io.StringIO, version: str | None
) -> None:
    """The version that was asked for, or none, is not logged."""
    await ask(order_api, api, version)
    assert served(log) == []


@pytest.mark.parametrize(
    "version",
    ["", " ", "2027 01", "a, b", "x" * 33, "v1;x", "<b>", "2027-é", "%0a", '"2027"', "{}", "__"],
)
async def test_what_is_no_version_is_not_noted(
    order_api: OrderApi, api: ApiClient, log: io.StringIO, version: str
) -> None:
    """A header that holds no version is not logged, and does not change the answer."""
    await ask(order_api, api, version)
    assert served(log) == []


@given(
    st.text(st.characters(codec="utf-8"), max_size=40) | st.from_regex("[A-Za-z0-9.-]{1,40}", fullmatch=True)
)
@example("v1\n")
@example("2027-01-01\r\nevent: x")
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_only_plain_versions_reach_the_log(order_api: OrderApi, version: str) -> None:
    """For any header, a logged version has only harmless characters."""
    async with open_api(order_api.url, version=VERSION) as api:
        with logging_to_memory("json") as log:
            api._compare_version(httpx.Headers({b"X-Orders-Version": version.encode()}))
    plain = re.fullmatch("[A-Za-z0-9.-]{1,32}", version)
    assert served(log) == ([version] if plain else [])


async def test_without_a_version_nothing_is_asked_or_noted(order_api: OrderApi, log: io.StringIO) -> None:
    """A provider without versions gets no header, and its own header is ignored."""
    async with open_api(order_api.url) as api:
        await ask(order_api, api, "2027-01-01")
    assert "X-Orders-Version" not in order_api.requests[0].headers
    assert served(log) == []
