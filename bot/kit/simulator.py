"""A stand-in for a provider on loopback, with state and with faults on request, for the demo and the tests.

Every provider's simulator builds on `Simulator`, so all of them can be slow, hang up, lie about a length or
send a gzip bomb without knowing how. The real client talks to them over a real socket.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import zlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from typing import ClassVar, Protocol, Self, runtime_checkable

from aiohttp import web
from aiohttp.typedefs import Handler

HTML = "<!doctype html><title>Gateway</title><h1>Something in between has answered</h1>"

# Closing a socket with a linger time of nought makes the kernel send RST where it would else send FIN.
_LINGER_NONE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True)
class Fault(ABC):
    """Something that goes wrong with one request.

    `after_handling` says when: False means that the provider never acts on the request, True that it is
    carried out in full and only the answer suffers. The second is what makes a repeated create dangerous.
    """

    after_handling: bool = field(default=False, kw_only=True)

    @abstractmethod
    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Return what goes out in place of the real answer, or None to let that one go out after all."""


@dataclass(frozen=True)
class Answer(Fault):
    """Answer `status`; bytes and text go out as they are, any other body as JSON (NaN included)."""

    status: int
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def html(cls, status: int) -> Self:
        """Return the page of a gateway that answers in the provider's place."""
        return cls(status, HTML, {"Content-Type": "text/html; charset=utf-8"})

    async def strike(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - the same for any request
        """Return the fixed answer."""
        body = self.body
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        response = web.Response(status=self.status, body=body, content_type="application/json")
        response.headers.update(self.headers)
        return response


@dataclass(frozen=True)
class Slow(Fault):
    """Take `seconds` longer; a client that gives up meanwhile leaves an unhandled request unhandled."""

    seconds: float

    async def strike(self, request: web.Request) -> None:  # noqa: ARG002 - the same for any request
        """Wait."""
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Drip(Fault):
    """Answer 200 at once, then send one blank every `interval` seconds, `length` of them."""

    interval: float = 0.05
    length: int = 10_000

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Send the blanks until they run out or the client leaves."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        with suppress(ConnectionError):
            await response.prepare(request)
            for _ in range(self.length):
                await response.write(b" ")
                await asyncio.sleep(self.interval)
        return response


@dataclass(frozen=True)
class Reset(Fault):
    """Reset the connection (RST) without a byte of an answer."""

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Abort the transport; the response returned has nowhere to go."""
        if request.transport is not None:
            peer = request.transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            request.transport.abort()
        return web.Response()


@dataclass(frozen=True)
class Truncated(Fault):
    """Announce `announced` bytes, send the few of `sent` and close."""

    announced: int = 1_000
    sent: bytes = b'{"data": ['

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Send the beginning and hang up."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = self.announced
        with suppress(ConnectionError):
            await response.prepare(request)
            await response.write(self.sent)
        if request.transport is not None:
            request.transport.close()
        return response


@dataclass(frozen=True)
class GzipBomb(Fault):
    """Answer 200 with a small gzip body that decodes to valid JSON of more than `decoded` bytes."""

    decoded: int = 64 * 2**20

    async def strike(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - the same for any request
        """Return the bomb."""
        return web.Response(
            body=_gzipped_padding(self.decoded),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )


@dataclass(frozen=True)
class Received:
    """One request as it arrived; what may hold a secret stays out of its repr.

    `path` is the request target as sent: still quoted, with its query. `headers` ignores case. `body` is the
    parsed JSON, or None where there was none or it was something else.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)


@dataclass(frozen=True)
class Sample:
    """A request that brings out one documented reply; `headers` and `body` (as JSON) are all that is sent."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: object = field(default=None, repr=False)


class Simulator(ABC):
    """One provider on 127.0.0.1. Use it as `async with`, or call `start` and `stop`; it can start again."""

    slug: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]]
    """Made-up credentials that are accepted: credential field id -> value."""
    refused_credentials: ClassVar[Mapping[str, str]]
    """Credentials of the right shape that are refused with 401."""

    def __init__(self) -> None:
        """Begin with the provider's own state, no requests and no faults."""
        self.requests: deque[Received] = deque(maxlen=1_000)
        self._faults: list[tuple[str, Iterator[Fault]]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The origin, `http://127.0.0.1:<port>`; after `stop` it is one that refuses connections."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the settings that point the bot at this simulator."""

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations that the provider offers."""

    @abstractmethod
    def samples(self) -> Iterable[Sample]:
        """Return requests that between them bring out every reply of the provider's contract."""

    def fail(self, fault: Fault, *, times: int | None = 1, path: str = "") -> None:
        """Let `fault` strike the next `times` requests (None: all) whose path and query contain `path`.

        Faults that match the same request are used up in the order in which they were asked for.
        """
        self._faults.append((path, repeat(fault) if times is None else repeat(fault, times)))

    def heal(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    async def start(self, port: int = 0) -> None:
        """Listen on `port`, or on any free one.

        Raises:
            OSError: the port is taken.

        """
        app = web.Application(middlewares=[self._receive])
        app.add_routes(self.routes())
        # No access log, as a path may hold what a person typed; no patience with handlers that still sleep.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        except OSError:
            await self.stop()
            raise
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection; does nothing when not started."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @web.middleware
    async def _receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body: object = None
        with suppress(ValueError):
            body = json.loads(await request.read())
        self.requests.append(Received(request.method, request.raw_path, request.headers, body))

        fault = self._next_fault(request.raw_path)
        if fault is None:
            return await handler(request)
        if fault.after_handling:
            answer = await handler(request)
            return await fault.strike(request) or answer
        return await fault.strike(request) or await handler(request)

    def _next_fault(self, path: str) -> Fault | None:
        for part, faults in self._faults:
            if part in path and (fault := next(faults, None)) is not None:
                return fault
        return None


@runtime_checkable
class RunsIntegrations(Protocol):
    """A simulator whose agents run in Discord: one of them can break while the provider itself is well."""

    def discord_integrations(self) -> Mapping[str, str]:
        """Return those that can break and heal, by id, with their names."""

    def break_integration(self, integration_id: str) -> None:
        """Let it go down, as everybody will read from now on."""

    def heal_integration(self, integration_id: str) -> None:
        """Let it be up again."""


@cache
def _gzipped_padding(size: int) -> bytes:
    """Compress piece by piece, so that the simulator's own process never holds `size` bytes."""
    piece = b"0" * 2**16
    gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = [gzip.compress(b'{"padding": "')]
    body += [gzip.compress(piece) for _ in range(-(-size // len(piece)))]
    return b"".join([*body, gzip.compress(b'"}'), gzip.flush()])
