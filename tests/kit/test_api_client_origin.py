"""A request goes to the configured address and to the path that was meant, with nothing of others in it."""

from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInputError, NotFoundError, UnexpectedStatusError
from bot.kit.api_client import ApiClient, Request
from bot.kit.simulator import Answer
from tests.kit.desk import SECRET, Desk, Order, failure, get, open_api, post

SIGNS = "./\\%2eEfF?#;:@&=+,~ \t\r\n\0ab0é／．…\u202e\u2028😀"
TRICKS = ("../admin", "..%2f", "%2e%2e", "%2E%2E%2F", "a/../b", "//evil.invalid", "a?b#c", "....//")
HOSTILE = st.text(st.sampled_from(SIGNS), min_size=1, max_size=12) | st.sampled_from(TRICKS)


@given(segment=HOSTILE | st.text(min_size=1, max_size=64))
@example("...")
@example("%252e%252e")
@example("http://evil.invalid/")
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_id_cannot_change_the_path(desk: Desk, api: ApiClient, segment: str) -> None:
    """Whatever is in an id arrives as one segment in the place meant for it, or the request is not sent."""
    desk.requests.clear()
    request = get(desk.url, "v1", "things", segment, "parts")
    if segment in {".", ".."}:
        with pytest.raises(InvalidInputError):
            await api.send(request, Order)
        assert not desk.requests
        return
    assert type(await failure(api, request)) is NotFoundError
    (received,) = desk.requests
    empty, version, things, sent, parts = received.path.split("/")
    assert (empty, version, things, parts) == ("", "v1", "things", "parts")
    assert "?" not in sent
    assert "#" not in sent
    assert unquote(sent) == segment


@pytest.mark.parametrize("segment", ["", ".", ".."])
async def test_an_id_that_is_no_segment_is_refused(desk: Desk, api: ApiClient, segment: str) -> None:
    """What no quoting makes a segment of is an invalid id, before anything is sent."""
    with pytest.raises(InvalidInputError) as caught:
        await api.send(get(desk.url, "v1", segment), Order)
    assert caught.value.field == "id"
    assert not desk.requests


@given(value=st.text(max_size=30))
@example("a&page_size=1#x")
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_parameter_stays_one(desk: Desk, api: ApiClient, value: str) -> None:
    """A parameter's value adds no parameter and ends no query."""
    desk.requests.clear()
    await api.send(get(desk.url, "orders", owner=value, page=1), Order)
    path, _, query = desk.requests[0].path.partition("?")
    assert path == "/orders"
    owner, page = query.split("&")
    assert page == "page=1"
    assert unquote(owner.removeprefix("owner=").replace("+", " ")) == value


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_redirects_are_not_followed(desk: Desk, api: ApiClient, status: int, method: str) -> None:
    """A redirect is an answer that nobody expects: the other host is sent nothing, secrets least of all."""
    async with Desk() as other:
        elsewhere = {"Location": f"{other.url}/orders", "Refresh": f"0; {other.url}"}
        desk.fail(Answer(status, {"id": "1"}, elsewhere))
        error = await failure(api, get(desk.url) if method == "GET" else post(desk.url))
        assert len(other.requests) == 0
    assert type(error) is UnexpectedStatusError
    assert error.status == status
    assert len(desk.requests) == 1


async def test_a_redirect_to_oneself_is_not_followed_either(desk: Desk, api: ApiClient) -> None:
    """The same origin is no exception."""
    desk.fail(Answer(307, headers={"Location": "/orders"}))
    assert type(await failure(api, get(desk.url))) is UnexpectedStatusError
    assert len(desk.requests) == 1


async def test_other_addresses_are_not_asked(desk: Desk) -> None:
    """A client that knows one base sends nothing to another, its neighbours included."""
    async with Desk() as other, open_api(f"{desk.url}/v1") as api:
        for base in (other.url, desk.url, f"{desk.url}/v1/", f"{desk.url}/v1@{other.url}", ""):
            with pytest.raises(KeyError):
                await api.send(get(base), Order)
        assert (len(desk.requests), len(other.requests)) == (0, 0)


async def test_no_proxy_of_the_environment_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that other programs obey do not send our secrets elsewhere."""
    async with Desk() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        async with open_api(desk.url) as api:
            await api.send(get(desk.url), Order)
        assert (len(desk.requests), len(proxy.requests)) == (1, 0)


async def test_cookies_are_not_kept(desk: Desk, api: ApiClient) -> None:
    """A session that a provider opens for one connection does not speak for the next one."""
    for cookie in ("session=one; Path=/", "session=two; Path=/; Max-Age=3600; HttpOnly", "session=three"):
        desk.fail(Answer(200, {"id": "1"}, {"Set-Cookie": cookie}))
        desk.fail(Answer(401, {}, {"Set-Cookie": cookie}))
        await api.send(get(desk.url), Order)
        await failure(api, get(desk.url))
    await api.send(get(desk.url), Order)
    assert len(desk.requests) == 7
    assert all("Cookie" not in received.headers for received in desk.requests)


async def test_nothing_of_one_request_is_in_the_next(desk: Desk, api: ApiClient) -> None:
    """Headers belong to a request, not to the client that all connections share."""
    await api.send(get(desk.url), Order)
    await api.send(Request("GET", desk.url, ("orders",), {}, ()), Order)
    first, second = desk.requests
    assert first.headers["Authorization"] == f"Bearer {SECRET}"
    assert "Authorization" not in second.headers
    assert (second.headers["Accept"], second.headers["Accept-Encoding"]) == ("application/json", "gzip")
