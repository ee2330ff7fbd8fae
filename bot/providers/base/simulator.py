"""Simulates a provider on loopback, with state and with faults on request, for the demo and the tests.

Every provider's simulator is a subclass of `Simulator`, so each of them can be slow, close the connection,
send a wrong length or a gzip bomb. The real client talks to it over a real socket.
"""

import asyncio
import json
import socket
import struct
import sys
import zlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from itertools import repeat
from typing import Any, ClassVar, Protocol, Self, cast, runtime_checkable

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError

from bot.providers import slugs

HTML = "<!doctype html><title>Gateway</title><h1>Something in between has answered</h1>"

# When a socket with a linger time of 0 is closed, the kernel sends RST instead of FIN.
_LINGER_NONE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True)
class Fault(ABC):
    """Something that goes wrong with one request.

    `after_handling`: False if the provider never acts on the request, True if it carries the request out and
    only the answer is lost. The second case makes a repeated create dangerous.
    """

    after_handling: bool = field(default=False, kw_only=True)

    @abstractmethod
    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Return what is sent instead of the real answer, or None if the real answer is sent."""


@dataclass(frozen=True)
class Answer(Fault):
    """Answer `status`. Bytes and text are sent as they are, any other body as JSON (NaN included)."""

    status: int
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def html(cls, status: int) -> Self:
        """Return the HTML page of a gateway that answers instead of the provider."""
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
    """Wait `seconds` first. If the client leaves meanwhile, the request is not handled."""

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
        """Send the blanks until all are sent or the client leaves."""
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
        """Abort the transport; the response that is returned cannot be sent."""
        if request.transport is not None:
            peer = request.transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            request.transport.abort()
        return web.Response()


@dataclass(frozen=True)
class Truncated(Fault):
    """Announce `announced` bytes, send only `sent`, and close."""

    announced: int = 1_000
    sent: bytes = b'{"data": ['

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Send the beginning and close the connection."""
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
    """One request as it arrived; parts that may hold a secret are not in its repr.

    `path`: the request target as it was sent, quoted and with its query. `headers` ignores case. `body`: the
    parsed JSON, None if there was no JSON.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)


@dataclass(frozen=True)
class Sample:
    """A request that leads to one documented reply; only `headers` and `body` (as JSON) are sent."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: object = field(default=None, repr=False)


class RefusedError(Exception):
    """The provider refuses a request. reason: the text of the answer. more: its extra fields."""

    def __init__(self, status: int, reason: str, **more: object) -> None:
        super().__init__(reason)
        self.status = status
        self.more = more


class Simulator(ABC):
    """A provider on 127.0.0.1: an async context manager, or `start` and `stop`; it can start again."""

    slug: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]]
    """Made-up credentials that are accepted: credential field id -> value."""
    refused_credentials: ClassVar[Mapping[str, str]]
    """Credentials of the right shape that are refused with 401."""

    @classmethod
    def further_credentials(cls, name: str) -> dict[str, str]:
        """Return other credentials of the same account, which are accepted too."""
        secret, *_ = cls.credentials
        return {**cls.credentials, secret: f"{cls.credentials[secret]}-{name}"}

    def accepts(self, secret: str) -> bool:
        """Tell whether the first field of accepted credentials has this value."""
        accepted = next(iter(self.credentials.values()))
        return secret == accepted or secret.startswith(f"{accepted}-")

    def __init__(self) -> None:
        """Begin with the provider's initial state, no requests and no faults."""
        self.requests: deque[Received] = deque(maxlen=1_000)
        self._faults: list[tuple[str, Iterator[Fault]]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The origin, `http://127.0.0.1:<port>`; after `stop` nothing listens there."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the settings with which the bot uses this simulator."""

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations that the provider offers."""

    @abstractmethod
    def samples(self) -> Iterable[Sample]:
        """Return requests that together lead to every reply of the provider's contract."""

    async def respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the answer of the provider itself; override this to check headers or to word refusals."""
        return await handler(request)

    def fail(self, fault: Fault, *, times: int | None = 1, path: str = "") -> None:
        """Apply `fault` to the next `times` requests (None: all) whose path and query contain `path`.

        Faults that match the same request are applied one after the other, in the order of the calls.
        """
        self._faults.append((path, repeat(fault) if times is None else repeat(fault, times)))

    def heal(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    async def start(self, port: int = 0) -> None:
        """Listen on `port`, or on any free one.

        Raises:
            OSError: the port is taken.

        """
        app = web.Application(middlewares=[self._receive])
        app.add_routes(self.routes())
        # No access log, because a path may hold what a person typed. Handlers that still sleep are not
        # awaited.
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
            return await self.respond(request, handler)
        if fault.after_handling:
            answer = await self.respond(request, handler)
            return await fault.strike(request) or answer
        return await fault.strike(request) or await self.respond(request, handler)

    def _next_fault(self, path: str) -> Fault | None:
        for part, faults in self._faults:
            if part in path and (fault := next(faults, None)) is not None:
                return fault
        return None


@runtime_checkable
class RunsIntegrations(Protocol):
    """A simulator whose agents run in Discord: one of them can break while the provider works."""

    def discord_integrations(self) -> Mapping[str, str]:
        """Return the names of the integrations that can break and heal, by id."""

    def break_integration(self, integration_id: str) -> None:
        """Report the integration as down from now on."""

    def heal_integration(self, integration_id: str) -> None:
        """Report the integration as up again."""


def made_up_token(application_id: str, end: str) -> str:
    """Return what looks like a bot token to Discord's clients, but not to a scanner for secrets.

    Its first part names the application, as in a real one. end: eight characters.
    """
    first = urlsafe_b64encode(application_id.encode()).decode().rstrip("=")
    return f"{first}.FAKE-TOKEN-demo.not-a-real-value-{end}"


def load_seed(package: str) -> dict[str, Any]:
    """Return what a provider's simulator begins with: ``simulator.json`` in the provider's package."""
    seed: dict[str, Any] = json.loads((files(package) / "simulator.json").read_text("utf-8"))
    return seed


def simulators() -> tuple[type[Simulator], ...]:
    """Return every provider's simulator class."""
    return tuple(
        cast("type[Simulator]", import_module(f"bot.providers.{slug}.simulator").SIMULATOR)
        for slug in slugs()
    )


async def read_body(request: web.Request, model: type[BaseModel]) -> dict[str, Any]:
    """Return a JSON body as it was sent. Raises RefusedError (400) if it does not fit the model."""
    try:
        body = model.model_validate_json(await request.read())
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        raise RefusedError(400, ": ".join([*map(str, wrong["loc"]), wrong["msg"]])) from None
    return body.model_dump(by_alias=True, exclude_unset=True)


@cache
def _gzipped_padding(size: int) -> bytes:
    """Compress piece by piece, so that the simulator's own process never holds `size` bytes."""
    piece = b"0" * 2**16
    gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = [gzip.compress(b'{"padding": "')]
    body += [gzip.compress(piece) for _ in range(-(-size // len(piece)))]
    return b"".join([*body, gzip.compress(b'"}'), gzip.flush()])
