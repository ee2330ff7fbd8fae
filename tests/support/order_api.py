"""A provider with two operations, and a client for it, for the tests of the HTTP client itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import ClassVar

from aiohttp import web
from pydantic import BaseModel

from bot.errors import ProviderError
from bot.providers.base.api_client import ApiClient, Request, open_http
from bot.providers.base.endpoint import ApiVersion
from bot.providers.base.error_format import ErrorFormat
from bot.providers.base.fair_slots import PER_HOST
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer, Sample, Simulator

SECRET = "FAKE-TOKEN-orders-0001"
TOKEN = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"

ERRORS = ErrorFormat(frozenset({"error", "message", "request_id"}), frozenset({(404, ("orders", "history"))}))


class Order(BaseModel):
    """The answer of both operations."""

    id: str


class OrderApi(Simulator):
    """Counts the orders that it creates, and how many requests it handles at once."""

    slug = "orders"
    credentials: ClassVar = {}
    refused_credentials: ClassVar = {}

    def __init__(self) -> None:
        super().__init__()
        self.created = 0
        self.most_at_once = 0
        self.full = asyncio.Event()
        """Set when as many requests are here as one host may get; `/crowd` does not answer before."""
        self._at_once = 0

    def environment(self) -> dict[str, str]:
        return {}

    def samples(self) -> Iterable[Sample]:
        return ()

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.post("/orders", self._create),
            web.get("/orders", self._read),
            web.get("/crowd", self._crowd),
        )

    async def _create(self, _: web.Request) -> web.Response:
        self.created += 1
        return web.json_response({"id": str(self.created)})

    async def _read(self, _: web.Request) -> web.Response:
        return web.json_response({"id": "0"})

    async def _crowd(self, _: web.Request) -> web.Response:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        if self._at_once >= PER_HOST:
            self.full.set()
        await self.full.wait()
        await asyncio.sleep(0.01)  # whoever else could come at the same time would come now
        self._at_once -= 1
        return web.json_response({"id": "0"})


def get(base: str, *segments: str, **params: str | int) -> Request:
    """Return a read with a secret in a header."""
    return Request(
        "GET", base, segments or ("orders",), {"Authorization": f"Bearer {SECRET}"}, (SECRET,), params or None
    )


def post(base: str, *, repeatable: bool = False, deadline: float | None = None) -> Request:
    """Return a create with a secret in a header and another in its body."""
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    return Request(
        "POST",
        base,
        ("orders",),
        headers,
        (SECRET, TOKEN),
        json={"token": TOKEN},
        repeatable=repeatable,
        deadline=deadline,
    )


@contextlib.asynccontextmanager
async def open_api(
    *bases: str,
    version: ApiVersion | None = None,
    deadline: float = 10.0,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
    may_send: Callable[[], bool] = lambda: True,
) -> AsyncIterator[ApiClient]:
    """Open a client for these addresses. deadline: seconds for one request. tls: by default no host's
    certificate is trusted. proxy, may_send: see ``open_http``.
    """
    async with open_http(
        tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        lambda request: deadline if request.deadline is None else request.deadline,
        proxy=proxy,
        may_send=may_send,
    ) as http:
        yield ApiClient(http, "orders", bases, Redactor(), ERRORS, version=version)


async def failure(api: ApiClient, request: Request) -> ProviderError:
    """Send a request that fails, and return its error."""
    try:
        order = await api.send(request, Order)
    except ProviderError as error:
        return error
    raise AssertionError(f"no failure, but {order!r}")


async def answered(
    status: int, body: object = b"", headers: Mapping[str, str] | None = None
) -> ProviderError:
    """Return the error that a read raises for an answer."""
    async with OrderApi() as order_api, open_api(order_api.url) as api:
        order_api.fail(Answer(status, body, headers or {}))
        return await failure(api, get(order_api.url))
