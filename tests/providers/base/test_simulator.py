"""Each fault of a simulator does over a real socket what its name says."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.providers.base.simulator import (
    HTML,
    Answer,
    Drip,
    Fault,
    GzipBomb,
    Received,
    Reset,
    Sample,
    Simulator,
    Slow,
    Truncated,
)


class Counter(Simulator):
    """A small provider that counts what it creates."""

    slug = "counter"
    credentials: ClassVar = {}
    refused_credentials: ClassVar = {}
    created = 0

    def environment(self) -> dict[str, str]:
        return {}

    def samples(self) -> Iterable[Sample]:
        return ()

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.post("/things", self._create), web.get("/things", self._list))

    async def _create(self, _: web.Request) -> web.Response:
        self.created += 1
        return web.json_response({"created": self.created})

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([])


@dataclass(frozen=True)
class WatchedSlow(Slow):
    """Tells when waiting has begun and when it has ended."""

    began: asyncio.Event = field(default_factory=asyncio.Event, kw_only=True)
    over: asyncio.Event = field(default_factory=asyncio.Event, kw_only=True)

    async def strike(self, request: web.Request) -> None:
        self.began.set()
        try:
            await super().strike(request)
        finally:
            self.over.set()


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    async with Counter() as simulator:
        yield simulator


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def create(http: aiohttp.ClientSession, counter: Counter) -> int:
    async with http.post(f"{counter.url}/things", json={"name": "one"}) as reply:
        await reply.read()
        return reply.status


async def read(http: aiohttp.ClientSession, counter: Counter) -> tuple[int, bytes]:
    async with http.get(f"{counter.url}/things", allow_redirects=False) as reply:
        return reply.status, await reply.read()


async def test_a_request_is_kept_as_it_arrived(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A received request has its quoted path with the query, its headers in any case, and its JSON body."""
    target = "/a%2Fb/..%2f?q=%C3%A7"
    url = URL(counter.url + target, encoded=True)
    async with http.put(url, json={"a": [1]}, headers={"X-One": "1"}) as reply:
        assert reply.status == 404
    received = counter.requests[0]
    assert (received.method, received.path, received.body) == ("PUT", target, {"a": [1]})
    assert received.headers["x-one"] == "1"


async def test_what_is_kept_does_not_print_secrets(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Neither a header's value nor a body's is in the repr of a request received."""
    headers = {"Authorization": "Bearer FAKE-TOKEN-header"}
    await (await http.post(f"{counter.url}/things", json={"t": "FAKE-TOKEN-body"}, headers=headers)).read()
    assert "FAKE-TOKEN" not in repr(counter.requests)


async def test_a_body_that_is_no_json_is_none(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Bytes that are neither JSON nor text do no harm to the log."""
    async with http.post(f"{counter.url}/things", data=b"\xff{") as reply:
        assert reply.status == 200
    assert counter.requests[0].body is None


async def test_the_log_is_bounded(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A demo that runs for weeks keeps the latest thousand requests."""
    counter.requests.extend(Received("GET", f"/{number}", {}, None) for number in range(1_000))
    await read(http, counter)
    assert len(counter.requests) == 1_000
    assert (counter.requests[0].path, counter.requests[-1].path) == ("/1", "/things")


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        pytest.param(Answer.html(200), 200, HTML.encode(), id="page"),
        pytest.param(Answer.html(502), 502, HTML.encode(), id="gateway"),
        pytest.param(Answer(200, [1, "two"]), 200, b'[1, "two"]', id="array"),
        pytest.param(Answer(200, {"n": float("nan")}), 200, b'{"n": NaN}', id="nan"),
        pytest.param(Answer(200, "[" * 50_000), 200, b"[" * 50_000, id="deep"),
        pytest.param(Answer(200, b"\xff\xfe"), 200, b"\xff\xfe", id="bytes"),
        pytest.param(Answer(204), 204, b"", id="empty"),
    ],
)
async def test_an_answer_goes_out_as_given(
    counter: Counter, http: aiohttp.ClientSession, fault: Fault, status: int, body: bytes
) -> None:
    """Status and body reach the client byte for byte, and the request is not carried out."""
    counter.fail(fault)
    assert await read(http, counter) == (status, body)
    await create(http, counter)
    assert counter.created == 1


async def test_an_answer_brings_its_headers(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Headers are added, and a content type replaces the usual one however it is spelt."""
    headers = {"Retry-After": "7", "content-type": "text/plain", "Location": "https://elsewhere.invalid/"}
    counter.fail(Answer(302, "no", headers))
    async with http.get(f"{counter.url}/things", allow_redirects=False) as reply:
        assert reply.headers["Retry-After"] == "7"
        assert reply.headers["Location"] == "https://elsewhere.invalid/"
        assert reply.headers.getall("Content-Type") == ["text/plain"]


async def test_a_slow_answer_is_the_real_one(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Slowness changes nothing but the time."""
    counter.fail(Slow(0.01))
    assert await read(http, counter) == (200, b"[]")


@pytest.mark.parametrize("after_handling", [False, True])
async def test_giving_up_does_not_undo(
    counter: Counter, http: aiohttp.ClientSession, after_handling: bool
) -> None:
    """A client that stops waiting cannot tell a create that was done from one that was not."""
    slow = WatchedSlow(3600, after_handling=after_handling)
    counter.fail(slow)
    task = asyncio.create_task(create(http, counter))
    await slow.began.wait()
    task.cancel()
    async with asyncio.timeout(10):
        await slow.over.wait()
    assert counter.created == int(after_handling)


async def test_a_stop_does_not_wait_for_the_slow(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Stopping ends what still sleeps, so that a test or a demo ends at once."""
    slow = WatchedSlow(3600)
    counter.fail(slow)
    task = asyncio.create_task(create(http, counter))
    await slow.began.wait()
    async with asyncio.timeout(10):
        await counter.stop()
    with pytest.raises(aiohttp.ClientError):
        await task


async def test_a_drip_never_completes_in_time(counter: Counter, http: aiohttp.ClientSession) -> None:
    """The head comes at once and bytes keep coming, so that no time-out between bytes ends it."""
    counter.fail(Drip(interval=0.001))
    async with http.get(f"{counter.url}/things") as reply:
        assert reply.status == 200
        for _ in range(3):
            assert (await reply.content.readany()).strip() == b""
        assert not reply.content.at_eof()


async def test_a_drip_is_bounded(counter: Counter, http: aiohttp.ClientSession) -> None:
    """After its length a drip ends as a complete answer."""
    counter.fail(Drip(interval=0, length=5))
    assert await read(http, counter) == (200, b" " * 5)


@pytest.mark.parametrize(("after_handling", "created"), [(False, 0), (True, 1)])
async def test_a_reset_leaves_no_answer(
    counter: Counter, http: aiohttp.ClientSession, after_handling: bool, created: int
) -> None:
    """The client sees the connection reset by its peer, whether the create was carried out or not."""
    counter.fail(Reset(after_handling=after_handling))
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await create(http, counter)
    assert caught.value.errno == errno.ECONNRESET
    assert counter.created == created


async def test_any_fault_can_come_after_the_fact(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A gateway's 504 after a create hides that it was carried out."""
    counter.fail(Answer(504, after_handling=True))
    assert await create(http, counter) == 504
    assert counter.created == 1


async def test_truncated_breaks_its_promise(counter: Counter, http: aiohttp.ClientSession) -> None:
    """Fewer bytes arrive than Content-Length announced."""
    counter.fail(Truncated(announced=500, sent=b"[1, 2"))
    async with http.get(f"{counter.url}/things") as reply:
        assert reply.content_length == 500
        assert await reply.content.readexactly(5) == b"[1, 2"
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()


async def test_a_gzip_bomb_is_small_and_valid(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A thousandth of its size travels, and what it decodes to is JSON, so that only a cap stops it."""
    decoded = 4 * 2**20
    counter.fail(GzipBomb(decoded))
    async with http.get(f"{counter.url}/things") as reply:
        assert reply.headers["Content-Encoding"] == "gzip"
        body = await reply.read()
    assert len(body) < decoded / 500
    assert len(json.loads(gzip.decompress(body))["padding"]) == decoded


async def test_faults_count_and_choose(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A fault strikes as often as asked, only where asked, and those that match are used up in order."""
    counter.fail(Answer(500), times=2, path="/things")
    counter.fail(Answer(503))
    counter.fail(Answer(418), times=None, path="/elsewhere")
    statuses = [(await read(http, counter))[0] for _ in range(4)]
    assert statuses == [500, 500, 503, 200]


async def test_heal_forgets_all(counter: Counter, http: aiohttp.ClientSession) -> None:
    """A fault without a count lasts until the simulator is healed."""
    counter.fail(Answer(500), times=None)
    assert [(await read(http, counter))[0] for _ in range(3)] == [500, 500, 500]
    counter.heal()
    assert (await read(http, counter))[0] == 200


async def test_stopped_means_refused(http: aiohttp.ClientSession) -> None:
    """After stop the same URL refuses connections, and after a start on its port it answers again."""
    counter = Counter()
    await counter.start()
    url = counter.url
    await counter.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await read(http, counter)
    await counter.start(int(url.rpartition(":")[2]))
    assert counter.url == url
    assert (await read(http, counter))[0] == 200
    await counter.stop()
    await counter.stop()


async def test_a_taken_port_is_told(counter: Counter) -> None:
    """Two simulators do not share a port: the second one's start fails."""
    other = Counter()
    with pytest.raises(OSError, match="address already in use"):
        await other.start(int(counter.url.rpartition(":")[2]))
