"""While a provider wants no request with some credentials, none is sent with them, and others go on."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import (
    IntermediaryError,
    IntermediaryUnauthorizedError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.providers.base.api_client import ApiClient, Request, open_http
from bot.providers.base.current_guild import working_for
from bot.providers.base.fair_slots import PER_GUILD
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer
from tests.support.clock import Clock, Held
from tests.support.order_api import ERRORS, SECRET, Order, OrderApi, failure, get, post

A, B = 1, 2
ANOTHER = "FAKE-TOKEN-orders-0002"
HEADERS = {"Retry-After": "60"}


@pytest.fixture
def clock() -> Clock:
    """The clock that pauses end by."""
    return Clock()


@pytest.fixture
async def order_api() -> AsyncIterator[OrderApi]:
    """The provider."""
    async with OrderApi() as order_api:
        yield order_api


@pytest.fixture
async def api(order_api: OrderApi, clock: Clock) -> AsyncIterator[ApiClient]:
    """A client of it."""
    async with open_http(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), clock=clock) as http:
        yield ApiClient(http, "orders", [order_api.url], Redactor(), ERRORS)


async def error_of(api: ApiClient, request: Request, guild_id: int = A) -> ProviderError:
    """Send a request that fails for a guild, and return the error."""
    with working_for(guild_id):
        return await failure(api, request)


async def send(api: ApiClient, request: Request, guild_id: int = A) -> Order:
    """Send a request that succeeds for a guild."""
    with working_for(guild_id):
        return await api.send(request, Order)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(429, {"error": "slow down", "request_id": "r1"}, HEADERS), RateLimitedError),
        (Answer(503, b"", HEADERS), ServerFaultError),
        (Answer(500, {"error": "no"}, HEADERS), ServerFaultError),
        (Answer(403, "<h1>Wait</h1>", HEADERS), IntermediaryError),
    ],
    ids=["429", "503", "500", "from in between"],
)
async def test_no_request_is_sent_before_it_is_over(
    order_api: OrderApi, api: ApiClient, clock: Clock, answer: Answer, kind: type[ProviderError]
) -> None:
    """Reads, writes and slow requests raise the error of before, with what is left of the pause."""
    order_api.fail(answer)
    first = await error_of(api, get(order_api.url))
    clock.now += 20
    requests = [get(order_api.url), get(order_api.url, "crowd"), post(order_api.url)]
    for request in (*requests, post(order_api.url, repeatable=True, deadline=60)):
        held = await error_of(api, request)
        assert type(held) is type(first) is kind
        assert (held.status, held.detail, held.request_id) == (first.status, first.detail, first.request_id)
        assert (held.retry_after, held.is_unsent, held.outcome_unknown) == (40, True, False)
    assert (len(order_api.requests), order_api.created) == (1, 0)
    clock.now += 40
    assert (await send(api, get(order_api.url))).id == "0"


async def test_a_pause_is_one_connections_own(order_api: OrderApi, api: ApiClient) -> None:
    """Another guild with the same credentials is answered, and other credentials of the same guild are."""
    order_api.fail(Answer(503, headers=HEADERS))
    await error_of(api, get(order_api.url))
    assert (await send(api, get(order_api.url), B)).id == "0"
    assert (await send(api, replace(get(order_api.url), secrets=(ANOTHER, SECRET)))).id == "0"
    assert (await error_of(api, replace(get(order_api.url), secrets=(SECRET, ANOTHER)))).is_unsent


async def test_who_waits_for_a_place_obeys_too(order_api: OrderApi, api: ApiClient) -> None:
    """What was still waiting for a place when the provider asked for a pause is not sent."""
    order_api.fail(first := Held(Answer(503, headers=HEADERS)))
    refused = asyncio.create_task(error_of(api, get(order_api.url)))
    await first.arrived.wait()
    order_api.fail(rest := Held(), times=None)
    others = [replace(get(order_api.url, number=each), secrets=(ANOTHER,)) for each in range(PER_GUILD)]
    asking = [asyncio.create_task(send(api, each)) for each in others]
    while len(order_api.requests) < PER_GUILD:  # noqa: ASYNC110 - the simulator counts, it gives no signal
        await asyncio.sleep(0)
    waiting = asyncio.create_task(error_of(api, get(order_api.url, number=PER_GUILD)))
    await asyncio.sleep(0)
    first.let_go.set()
    await refused
    rest.let_go.set()
    assert (await waiting).is_unsent
    await asyncio.gather(*asking)
    assert len(order_api.requests) == PER_GUILD + 1


async def test_the_longest_pause_counts(order_api: OrderApi, api: ApiClient, clock: Clock) -> None:
    """A shorter one that comes later, of a request from before, does not end it."""
    order_api.fail(held := Held(Answer(503, headers={"Retry-After": "5"})))
    slow = asyncio.create_task(error_of(api, get(order_api.url, page=2)))
    await held.arrived.wait()
    order_api.fail(Answer(503, headers=HEADERS))
    await error_of(api, get(order_api.url))
    held.let_go.set()
    await slow
    clock.now += 10
    assert (await error_of(api, get(order_api.url))).retry_after == 50


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401, {"error": "no"}, HEADERS), UnauthorizedError),
        (Answer(401, "<h1>No</h1>", HEADERS), IntermediaryUnauthorizedError),
        (Answer(503, headers={"Retry-After": "0"}), ServerFaultError),
        (Answer(429), RateLimitedError),
    ],
    ids=["refused", "refused in between", "at once", "without a time"],
)
async def test_anything_else_is_no_pause(
    order_api: OrderApi, api: ApiClient, answer: Answer, kind: type[ProviderError]
) -> None:
    """Whether credentials are accepted is found out by a request, and nobody waits for no time at all."""
    order_api.fail(answer)
    assert type(await error_of(api, get(order_api.url))) is kind
    assert (await send(api, get(order_api.url))).id == "0"


async def test_a_flood_of_credentials_ends_no_pause_of_another_guild(
    order_api: OrderApi, api: ApiClient
) -> None:
    """However many pauses one guild collects, another guild's is remembered."""
    order_api.fail(Answer(503, headers=HEADERS), times=None)
    await error_of(api, get(order_api.url), B)
    for number in range(200):
        await error_of(api, replace(get(order_api.url), secrets=(f"FAKE-TOKEN-{number:04}",)))
    order_api.heal()
    assert (await error_of(api, get(order_api.url), B)).is_unsent
