"""A provider that dates its interface is asked for one version, and it is noted when another one answers."""

import io
import json
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.kit.api_client import ApiClient
from bot.kit.endpoint import ApiVersion
from bot.kit.simulator import Answer
from tests.kit.desk import Desk, Order, failure, get, open_api, post
from tests.test_logs import logging_to_memory

VERSION = ApiVersion("X-Desk-Version", "2026-01-31", path="/orders")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    with logging_to_memory("json") as written:
        yield written


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[ApiClient]:
    """A client that asks for the version."""
    async with open_api(desk.url, version=VERSION) as api:
        yield api


def served(log: io.StringIO) -> list[str]:
    """Return the other versions that were noted."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    noted = [line for line in lines if line["event"] == "other_api_version_served"]
    assert all((line["provider"], line["asked"]) == ("desk", "2026-01-31") for line in noted)
    return [line["served"] for line in noted]


async def ask(desk: Desk, api: ApiClient, version: str | None) -> None:
    """Have one request answered by a version."""
    desk.fail(Answer(200, {"id": "0"}, {} if version is None else {"x-desk-version": version}))
    await api.send(get(desk.url), Order)


async def test_each_request_asks_for_the_version(desk: Desk, api: ApiClient) -> None:
    """Reads, writes and what fails have the header alike."""
    await api.send(get(desk.url), Order)
    await api.send(post(desk.url), Order)
    desk.fail(Answer(500))
    await failure(api, get(desk.url))
    assert [received.headers["X-Desk-Version"] for received in desk.requests] == ["2026-01-31"] * 3


async def test_another_version_is_noted_once(desk: Desk, api: ApiClient, log: io.StringIO) -> None:
    """However often one answers, it is one line; yet another one is a line of its own."""
    for version in ("2026-06-01", "2026-06-01", "2026-01-31", "v7", "2026-06-01", None, "v7"):
        await ask(desk, api, version)
    assert served(log) == ["2026-06-01", "v7"]


async def test_a_refusal_names_its_version_too(desk: Desk, api: ApiClient, log: io.StringIO) -> None:
    """A version that we do not know is the likeliest to refuse us."""
    desk.fail(Answer(400, {"error": "no"}, {"X-Desk-Version": "2027-01-01"}))
    await failure(api, get(desk.url))
    assert served(log) == ["2027-01-01"]


@pytest.mark.parametrize("version", ["2026-01-31", None])
async def test_the_version_asked_for_is_no_news(
    desk: Desk, api: ApiClient, log: io.StringIO, version: str | None
) -> None:
    """The same version, or none named, is nothing to note."""
    await ask(desk, api, version)
    assert served(log) == []


@pytest.mark.parametrize(
    "version",
    ["", " ", "2027 01", "a, b", "x" * 33, "v1;x", "<b>", "2027-é", "%0a", '"2027"', "{}", "__"],
)
async def test_what_is_no_version_is_not_noted(
    desk: Desk, api: ApiClient, log: io.StringIO, version: str
) -> None:
    """A header that holds something else gets no line and harms no answer."""
    await ask(desk, api, version)
    assert served(log) == []


@given(
    st.text(st.characters(codec="utf-8"), max_size=40) | st.from_regex("[A-Za-z0-9.-]{1,40}", fullmatch=True)
)
@example("v1\n")
@example("2027-01-01\r\nevent: x")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_only_plain_versions_reach_the_log(desk: Desk, version: str) -> None:
    """Whatever the header holds, what is noted of it has no sign that means something anywhere."""
    async with open_api(desk.url, version=VERSION) as api:
        with logging_to_memory("json") as log:
            api._compare_version(httpx.Headers({b"X-Desk-Version": version.encode()}))
    plain = re.fullmatch("[A-Za-z0-9.-]{1,32}", version)
    assert served(log) == ([version] if plain else [])


async def test_without_a_version_nothing_is_asked_or_noted(desk: Desk, log: io.StringIO) -> None:
    """A provider that dates nothing is sent no header, and what it says is not looked at."""
    async with open_api(desk.url) as api:
        await ask(desk, api, "2027-01-01")
    assert "X-Desk-Version" not in desk.requests[0].headers
    assert served(log) == []
