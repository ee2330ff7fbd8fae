"""A request goes to the configured address and the right path, with nothing of other requests in it."""

from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInputError, UnexpectedStatusError
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.simulator import Answer
from tests.support.order_api import SECRET, Order, OrderApi, failure, get, open_api, post

SIGNS = "./\\%2eEfF?#;:@&=+,~ \t\r\n\0ab0é／．…\u202e\u2028😀"
TRICKS = ("../admin", "..%2f", "%2e%2e", "%2E%2E%2F", "a/../b", "//evil.invalid", "a?b#c", "....//")
HOSTILE = st.text(st.sampled_from(SIGNS), min_size=1, max_size=12) | st.sampled_from(TRICKS)


@given(segment=HOSTILE | st.text(min_size=1, max_size=64))
@example("...")
@example("%252e%252e")
@example("http://evil.invalid/")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_an_id_cannot_change_the_path(order_api: OrderApi, api: ApiClient, segment: str) -> None:
    """Any id arrives as one path segment in its place, or the request is not sent."""
    order_api.requests.clear()
    request = get(order_api.url, "v1", "things", segment, "parts")
    if segment in {".", ".."}:
        with pytest.raises(InvalidInputError):
            await api.send(request, Order)
        assert not order_api.requests
        return
    await failure(api, request)
    (received,) = order_api.requests
    empty, version, things, sent, parts = received.path.split("/")
    assert (empty, version, things, parts) == ("", "v1", "things", "parts")
    assert "?" not in sent
    assert "#" not in sent
    assert unquote(sent) == segment


@pytest.mark.parametrize("segment", ["", ".", ".."])
async def test_an_id_that_is_no_segment_is_refused(order_api: OrderApi, api: ApiClient, segment: str) -> None:
    """A text that cannot be a segment is an invalid id, and nothing is sent."""
    with pytest.raises(InvalidInputError) as caught:
        await api.send(get(order_api.url, "v1", segment), Order)
    assert caught.value.field == "id"
    assert not order_api.requests


@given(value=st.text(max_size=30))
@example("a&page_size=1#x")
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_a_parameter_stays_one(order_api: OrderApi, api: ApiClient, value: str) -> None:
    """The value of a parameter cannot add a parameter or end the query."""
    order_api.requests.clear()
    await api.send(get(order_api.url, "orders", owner=value, page=1), Order)
    path, _, query = order_api.requests[0].path.partition("?")
    assert path == "/orders"
    owner, page = query.split("&")
    assert page == "page=1"
    assert unquote(owner.removeprefix("owner=").replace("+", " ")) == value


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_redirects_are_not_followed(
    order_api: OrderApi, api: ApiClient, status: int, method: str
) -> None:
    """A redirect is an error; nothing is sent to the other host."""
    async with OrderApi() as other:
        elsewhere = {"Location": f"{other.url}/orders", "Refresh": f"0; {other.url}"}
        order_api.fail(Answer(status, {"id": "1"}, elsewhere))
        error = await failure(api, get(order_api.url) if method == "GET" else post(order_api.url))
        assert len(other.requests) == 0
    assert type(error) is UnexpectedStatusError
    assert error.status == status
    assert len(order_api.requests) == 1


async def test_a_redirect_to_oneself_is_not_followed_either(order_api: OrderApi, api: ApiClient) -> None:
    """A redirect to the same origin is an error too."""
    order_api.fail(Answer(307, headers={"Location": "/orders"}))
    assert type(await failure(api, get(order_api.url))) is UnexpectedStatusError
    assert len(order_api.requests) == 1


async def test_other_addresses_are_not_asked(order_api: OrderApi) -> None:
    """A client that knows one base URL sends nothing to another one, not even on the same host."""
    async with OrderApi() as other, open_api(f"{order_api.url}/v1") as api:
        for base in (other.url, order_api.url, f"{order_api.url}/v1/", f"{order_api.url}/v1@{other.url}", ""):
            with pytest.raises(KeyError):
                await api.send(get(base), Order)
        assert (len(order_api.requests), len(other.requests)) == (0, 0)


async def test_no_proxy_of_the_environment_is_asked(
    order_api: OrderApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables of the environment are ignored."""
    async with OrderApi() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        async with open_api(order_api.url) as api:
            await api.send(get(order_api.url), Order)
        assert (len(order_api.requests), len(proxy.requests)) == (1, 0)


async def test_cookies_are_not_kept(order_api: OrderApi, api: ApiClient) -> None:
    """A session cookie for one connection is not sent for the next one."""
    for cookie in ("session=one; Path=/", "session=two; Path=/; Max-Age=3600; HttpOnly", "session=three"):
        order_api.fail(Answer(200, {"id": "1"}, {"Set-Cookie": cookie}))
        order_api.fail(Answer(401, {}, {"Set-Cookie": cookie}))
        await api.send(get(order_api.url), Order)
        await failure(api, get(order_api.url))
    await api.send(get(order_api.url), Order)
    assert len(order_api.requests) == 7
    assert all("Cookie" not in received.headers for received in order_api.requests)


async def test_nothing_of_one_request_is_in_the_next(order_api: OrderApi, api: ApiClient) -> None:
    """Headers of one request are not sent with the next one."""
    await api.send(get(order_api.url), Order)
    await api.send(Request("GET", order_api.url, ("orders",), {}, ()), Order)
    first, second = order_api.requests
    assert first.headers["Authorization"] == f"Bearer {SECRET}"
    assert "Authorization" not in second.headers
    assert (second.headers["Accept"], second.headers["Accept-Encoding"]) == ("application/json", "gzip")
