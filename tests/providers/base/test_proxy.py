"""With a proxy every request goes through it, and what the proxy refuses is not held against the provider."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from bot.errors import UnreachableError
from tests.support.forward_proxy import ForwardProxy
from tests.support.order_api import SECRET, Order, OrderApi, failure, get, open_api, post
from tests.support.tls_front import Certificate, make_certificate, tls_front

LOGIN = "bot:FAKE-TOKEN-PASSWORD-of-the-proxy"


class Refusal(NamedTuple):
    """How a proxy refuses. wrong: the login that it is given, None for the right one."""

    status: int | None
    wrong: str | None


REFUSALS = (Refusal(502, None), Refusal(503, None), Refusal(403, None), Refusal(None, "bot:FAKE-OTHER-one"))


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """The certificate of the provider and of the proxy."""
    return make_certificate(tmp_path)


@pytest.mark.parametrize("has_tls", [False, True])
async def test_a_provider_is_reached_through_a_tunnel(
    order_api: OrderApi, certificate: Certificate, has_tls: bool
) -> None:
    """Each connection to the provider is a tunnel of the proxy, which is itself reached with TLS or without;
    requests in a row share one, and the proxy's login never reaches the provider.
    """
    async with (
        tls_front(certificate, port_of(order_api.url)) as front,
        ForwardProxy.serve(login=LOGIN, tls=certificate.served() if has_tls else None) as proxy,
        open_api(
            base := f"https://localhost:{front.port}", tls=certificate.trusted(), proxy=proxy.url
        ) as api,
    ):
        for _ in range(3):
            await api.send(get(base), Order)
        await api.send(post(base), Order)
        assert dict(proxy.tunnels) == {front.port: front.taken}
        assert front.taken < 4
    assert len(order_api.requests) == 4
    assert all("Proxy-Authorization" not in each.headers for each in order_api.requests)
    assert all(each.headers["Authorization"] == f"Bearer {SECRET}" for each in order_api.requests)


async def test_a_plain_address_goes_through_the_proxy_too(order_api: OrderApi) -> None:
    """Stand-ins on loopback are no exception."""
    async with (
        ForwardProxy.serve(login=LOGIN) as proxy,
        open_api(order_api.url, proxy=proxy.url) as api,
    ):
        await api.send(get(order_api.url), Order)
        assert dict(proxy.forwarded) == {port_of(order_api.url): 1}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_proxy_that_refuses_is_a_network_error(
    order_api: OrderApi, certificate: Certificate, refusal: Refusal
) -> None:
    """The error is about the way to the provider and does not hold the proxy's password; a write has not
    happened.
    """
    async with (
        tls_front(certificate, port_of(order_api.url)) as front,
        ForwardProxy.serve(login=LOGIN) as proxy,
    ):
        if refusal.status is not None:
            proxy.refusals[front.port] = refusal.status
        url = proxy.url.replace(LOGIN, refusal.wrong or LOGIN)
        base = f"https://localhost:{front.port}"
        async with open_api(base, tls=certificate.trusted(), proxy=url) as api:
            for request in (get(base), post(base)):
                error = await failure(api, request)
                assert (type(error), error.status) == (UnreachableError, None)
                assert not error.outcome_unknown
                assert "FAKE-" not in f"{error!r} {error} {error.support}"
        assert (front.taken, proxy.refused) == (0, 2)


async def test_a_proxy_that_is_not_there_is_a_network_error(
    order_api: OrderApi, certificate: Certificate
) -> None:
    """If nobody listens at the proxy's port, the provider cannot be reached; it is not asked directly."""
    async with ForwardProxy.serve(login=LOGIN) as proxy:
        url = proxy.url
    async with tls_front(certificate, port_of(order_api.url)) as front:
        base = f"https://localhost:{front.port}"
        async with open_api(base, tls=certificate.trusted(), proxy=url) as api:
            for request in (get(base), post(base)):
                error = await failure(api, request)
                assert type(error) is UnreachableError
                assert not error.outcome_unknown
        assert front.taken == 0


def port_of(url: str) -> int:
    """Return the port of a stand-in."""
    port = urlsplit(url).port
    assert port is not None
    return port
