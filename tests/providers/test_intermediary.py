"""What a CDN or a proxy answers in the place of a provider is never taken for the provider's own word."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.errors import (
    ForbiddenError,
    IntermediaryError,
    IntermediaryUnauthorizedError,
    NotFoundError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnknownUnitError,
)
from bot.features.monitoring.breaker import DOWN
from bot.providers import providers, slugs
from bot.providers.base.credentials import Credentials
from bot.providers.base.provider import Provider
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer, Simulator, simulators
from tests.support.exposure import everything_said
from tests.support.intermediary import PAGES, page
from tests.support.open_provider import accepted, open_provider

KINDS = {kind.slug: kind for kind in providers()}
SIMULATORS = {kind.slug: kind for kind in simulators()}
FOREIGN = {
    401: IntermediaryUnauthorizedError,
    **dict.fromkeys((400, 402, 403, 404, 405, 407, 409, 410, 415, 418, 422, 451), IntermediaryError),
    429: RateLimitedError,
    **dict.fromkeys((500, 502, 503, 504, 521, 530), ServerFaultError),
}


@pytest.fixture(params=slugs())
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """Each provider's simulator, on loopback."""
    async with SIMULATORS[request.param]() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[Provider]:
    """The provider, with the address of its simulator."""
    async with open_provider(KINDS[simulator.slug], simulator) as provider:
        yield provider


@pytest.fixture
def credentials(provider: Provider, simulator: Simulator) -> Credentials:
    """Credentials that the simulator accepts, with all optional fields that it knows."""
    return accepted(provider, simulator)


def test_there_are_enough_pages() -> None:
    """The table has twenty pages at least, each with another body."""
    assert len(PAGES) >= 20
    assert len({str(body) for body, _ in PAGES.values()}) == len(PAGES)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_refuses_nothing(
    provider: Provider, simulator: Simulator, credentials: Credentials, name: str
) -> None:
    """With any status, a page is no refusal, nothing is gone, and it has no words of the provider."""
    least = Credentials({provider.fields[0].id: credentials[provider.fields[0].id]})
    for status, kind in FOREIGN.items():
        simulator.heal()
        simulator.fail(page(name, status), times=None)
        for attempt in (
            provider.verify(credentials),
            provider.verify(least),
            provider.choices(credentials),
            provider.reports(credentials, Wanted(("linked",)), ResponseCache()),
            provider.reports(least, Wanted(("linked",)), ResponseCache()),
        ):
            with pytest.raises(ProviderError) as caught:
                await attempt
            assert type(caught.value) is kind
            assert not isinstance(caught.value, (UnauthorizedError, ForbiddenError, NotFoundError))
            assert isinstance(caught.value, DOWN) is (status != 429)
            assert caught.value.status == status
            if isinstance(caught.value, IntermediaryError):
                assert (caught.value.detail, caught.value.request_id, caught.value.code) == (None,) * 3


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_shows_who_has_sent_it(
    provider: Provider, simulator: Simulator, credentials: Credentials, name: str
) -> None:
    """The error has the server, the CDN's reference and the page's beginning, without what was sent."""
    body, headers = PAGES[name]
    secret = credentials[provider.fields[0].id]
    echo = f"{body[:100]} {secret} {secret}{body[100:]}" if isinstance(body, str) else body
    simulator.fail(Answer(403, echo, headers))
    with pytest.raises(IntermediaryError) as caught:
        await provider.verify(credentials)
    support = caught.value.support
    assert support["server"] == headers.get("Server", support["server"])
    assert support.get("cf-ray") == headers.get("CF-RAY")
    assert len(support.get("answer begins", "")) <= 200
    assert secret not in everything_said(caught.value)
    assert secret[:12] not in everything_said(caught.value)
    if isinstance(body, str):
        assert support["answer begins"].startswith(" ".join(body[:50].split()))


async def test_every_field_of_an_own_error_is_enough(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """A JSON object with one of the fields that the provider's errors have is the provider's own refusal."""
    for field in provider.error_format.fields:
        simulator.fail(Answer(401, {field: "no", "more": []}))
        with pytest.raises(UnauthorizedError):
            await provider.verify(credentials)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (429, RateLimitedError),
        (500, ServerFaultError),
    ],
)
async def test_a_status_in_the_body_counts(
    provider: Provider,
    simulator: Simulator,
    credentials: Credentials,
    status: int,
    kind: type[ProviderError],
) -> None:
    """A 200 whose body has the status of a refusal is that refusal, with the body's words."""
    body = {"statusCode": status, "message": ["Said so"], "error": "Unauthorized"}
    simulator.fail(Answer(200, body), times=None)
    with pytest.raises(kind) as caught:
        await provider.choices(credentials)
    # Toolzz names the unit in every list, so its 404 is about that.
    assert type(caught.value) in {kind, UnknownUnitError}
    assert (caught.value.status, caught.value.detail) == (status, "Said so")


async def test_simulators_refuse_in_the_providers_own_format(
    provider: Provider, simulator: Simulator
) -> None:
    """Each refusal of a documented request, and of an unknown one, is told from a proxy's page."""
    refused = 0
    paths = [(sample.method, sample.path, sample.headers, sample.body) for sample in simulator.samples()]
    headers = {"Content-Type": "application/json"}
    paths += [("GET", "/nowhere", headers, None), ("PATCH", "/v1/replicas", headers, None)]
    async with aiohttp.ClientSession() as session:
        for method, path, sent, body in paths:
            async with session.request(method, simulator.url + path, headers=sent, json=body) as reply:
                raw = await reply.read()
                if 400 <= reply.status < 500:
                    refused += 1
                    content = await reply.json()
                    assert provider.error_format.matches(reply.status, path.split("/"), raw, content)
    assert refused > 4
