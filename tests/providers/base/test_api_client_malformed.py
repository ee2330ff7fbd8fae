"""What is no HTTP, no JSON or JSON of another shape is told apart, and says nothing of what it held."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.errors import IntermediaryUnauthorizedError, MalformedAnswerError, NotJsonError
from bot.providers.base.api_client import ApiClient
from bot.providers.base.body import MAX_BYTES
from bot.providers.base.simulator import Answer, Fault
from tests.support.exposure import everything_said
from tests.support.order_api import SECRET, TOKEN, Order, OrderApi, answered, failure, get, open_api, post

NOT_JSON: list[tuple[str, int, object, dict[str, str]]] = [
    ("page", 200, "<!doctype html><h1>Sign in</h1>", {"Content-Type": "text/html"}),
    ("empty", 200, b"", {}),
    ("no-content", 204, b"", {}),
    ("latin-1", 200, b'{"id": "caf\xe9"}', {}),
    ("utf-16", 200, '{"id": "a"}'.encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}),
    ("deep", 200, b'{"id": ' + b"[" * 100_000, {}),
    ("surrogate", 200, b'{"id": "\\ud800"}', {}),
    ("half", 200, b'{"id": "a"', {}),
    ("two", 200, b'{"id": "a"}{"id": "b"}', {}),
    ("no-gzip", 200, b'{"id": "a"}', {"Content-Encoding": "gzip"}),
    ("unknown-encoding", 200, b"\x0b\x02\x80{}\x03", {"Content-Encoding": "br"}),
]


MALFORMED: list[tuple[str, object]] = [
    ("array", [{"id": "a"}]),
    ("text", b'"id"'),
    ("null", b"null"),
    ("empty", {}),
    ("wrong-type", {"id": ["a"]}),
    ("null-id", {"id": None}),
    ("nan", {"id": float("nan")}),
    ("long-number", b'{"id": ' + b"1" * 4_000 + b"}"),
]


@pytest.mark.parametrize(
    ("status", "body", "headers"), [pytest.param(*case[1:], id=case[0]) for case in NOT_JSON]
)
async def test_what_is_no_json_is_told(status: int, body: object, headers: dict[str, str]) -> None:
    """A good status without JSON has its own error."""
    assert type(await answered(status, body, headers)) is NotJsonError


@pytest.mark.parametrize("body", [pytest.param(case[1], id=case[0]) for case in MALFORMED])
async def test_json_of_another_shape_is_told(body: object) -> None:
    """JSON of another shape has its own error, which does not hold the JSON."""
    assert type(await answered(200, body)) is MalformedAnswerError


async def test_a_malformed_answer_says_nothing_of_what_it_held(order_api: OrderApi, api: ApiClient) -> None:
    """Tokens in an answer that cannot be parsed are in no error and no traceback."""
    order_api.fail(Answer(200, {"id": [TOKEN], "token": TOKEN}))
    order_api.fail(Answer(200, f'{{"token": "{TOKEN}"'))
    for kind in (MalformedAnswerError, NotJsonError):
        error = await failure(api, get(order_api.url))
        assert type(error) is kind
        assert "FAKE-TOKEN" not in everything_said(error)


NOT_HTTP = {
    "words": b"hello\r\n\r\n",
    "page": b"<html><h1>hello</h1></html>",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "http-2": b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "negative-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
    "long-header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n{}",
    "many-headers": b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 20_000 + b"\r\n{}",
    "bad-header": b"HTTP/1.1 200 OK\r\nbad\x00: x\r\nContent-Length: 2\r\n\r\n{}",
    "bad-reason": b"HTTP/1.1 200 \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "bad-encoding": b"HTTP/1.1 200 OK\r\nContent-Encoding: g\xffzip\r\nContent-Length: 2\r\n\r\n[]",
    "no-status": b"HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "high-status": b"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\n{}",
    "switch": b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n{}",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n",
    "half-a-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "nothing": b"",
}


@pytest.fixture(params=list(NOT_HTTP.values()), ids=list(NOT_HTTP))
async def no_server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of a server that answers with these bytes and closes the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            await reader.readexactly(len(TOKEN) + len('{"token": ""}'))
        writer.write(request.param)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_hardly_http_is_told(no_server: str, method: str) -> None:
    """Bytes that are no HTTP lead to an error of ours without our headers; a create may have been carried
    out.
    """
    async with open_api(no_server) as api:
        error = await failure(api, get(no_server) if method == "GET" else post(no_server))
    assert error.outcome_unknown is (method == "POST")
    assert "FAKE-TOKEN" not in everything_said(error)


@pytest.mark.parametrize(
    "fault",
    [
        Answer(401, b"no gzip", {"Content-Encoding": "gzip"}),
        Answer(401, b" " * (MAX_BYTES + 1)),
        Answer(401, b"\x00\xff"),
    ],
    ids=["encoding", "large", "bytes"],
)
async def test_a_refusal_that_cannot_be_read_is_nobodys(
    order_api: OrderApi, api: ApiClient, fault: Fault
) -> None:
    """A 401 whose body cannot be read is not known to be the provider's own."""
    order_api.fail(fault)
    error = await failure(api, get(order_api.url))
    assert type(error) is IntermediaryUnauthorizedError
    assert (error.status, error.detail) == (401, None)


def test_a_request_does_not_print_what_it_carries() -> None:
    """The repr of a request holds no header, no body and no path."""
    assert repr(post("http://127.0.0.1:1")) == "<Request POST http://127.0.0.1:1>"


async def test_a_secret_that_is_sent_back_is_masked_in_a_good_answer_too() -> None:
    """An answer that repeats what was sent shows none of it."""
    async with OrderApi() as order_api, open_api(order_api.url) as api:
        order_api.fail(Answer(200, {"id": f"order of {SECRET}"}))
        assert (await api.send(get(order_api.url), Order)).id == "order of [redacted]"
