"""Sends requests to a provider, with bounds on time and size, and without redirects."""

import asyncio
import contextlib
import json
import re
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
import structlog
from pydantic import BaseModel, ValidationError

from bot.errors import (
    AnswerTooLargeError,
    IntermediaryError,
    InvalidInputError,
    MalformedAnswerError,
    NotJsonError,
    ProviderError,
    ProviderTimeoutError,
    ServerFaultError,
    UnexpectedStatusError,
    UnreachableError,
)
from bot.network_faults import fault_of
from bot.providers.base.body import TooLargeError, read_body, read_json
from bot.providers.base.current_guild import CURRENT_GUILD
from bot.providers.base.endpoint import ApiVersion
from bot.providers.base.error_format import (
    ErrorFormat,
    is_public,
    kind_of,
    read_error,
    read_retry_after,
    refused_status,
)
from bot.providers.base.fair_slots import FairSlots, HostCall
from bot.providers.base.pauses import Pauses
from bot.providers.base.redaction import MASK, Redactor, mask_spelled
from bot.providers.base.response_cache import KnownEntries, ResponseCache
from bot.providers.base.transport.aiohttp_transport import AiohttpTransport
from bot.providers.base.under_way import UnderWay, key_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AnswerT = TypeVar("AnswerT", bound=BaseModel)
_Raw: TypeAlias = tuple[int, httpx.Headers, bytes]

DEADLINE: Final = 8.0
"""Seconds for one request, from waiting for a free place to the last byte."""

_MAX_VERSIONS: Final = 10
"""How many unexpected versions of one provider are logged."""
_VERSION: Final = re.compile(r"[A-Za-z0-9.-]{1,32}")
_MAX_DETAIL: Final = 500
_MAX_CLEANED: Final = 16 * _MAX_DETAIL
_MAX_EXCERPT: Final = 200
_UNSURE: Final = (ServerFaultError, UnexpectedStatusError, IntermediaryError)
"""After these a write may have been carried out: half-way, or before something in between has answered."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. base: a base URL of the provider. segments: path segments, quoted here.

    secrets: the values in headers and body that must not appear in an error. repeatable: sending it twice
    does no harm, as with every GET. deadline: seconds, instead of ``DEADLINE``.
    """

    method: str
    base: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    secrets: tuple[str, ...]
    params: Mapping[str, str | int] | None = None
    json: Mapping[str, Any] | None = None
    repeatable: bool = False
    deadline: float | None = None

    @property
    def can_do_harm(self) -> bool:
        """Whether it matters that a request without an answer may have been carried out."""
        return self.method != "GET" and not self.repeatable

    def path(self) -> str:
        """Return what follows the base in the URL. Raises InvalidInputError for a segment that could change
        the path.
        """
        if any(segment in {"", ".", ".."} for segment in self.segments):
            raise InvalidInputError("id")
        path = "".join([f"/{quote(segment, safe='@')}" for segment in self.segments])
        return f"{path}?{urlencode(self.params)}" if self.params else path

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.base}>"


def deadline_of(request: Request) -> float:
    """Return how many seconds a request may take, from waiting for a free place to the last byte."""
    return DEADLINE if request.deadline is None else request.deadline


@dataclass(frozen=True, slots=True)
class HttpClient:
    """What requests go through, how many seconds each of them may take, and the clock that pauses end by.

    client: httpx's own client over the same transport, for requests to whoever is no provider.
    """

    transport: httpx.AsyncBaseTransport
    client: httpx.AsyncClient
    deadline_of: Callable[[Request], float]
    clock: Callable[[], float]


@contextlib.asynccontextmanager
async def open_http(
    tls: ssl.SSLContext,
    deadline_of: Callable[[Request], float] = deadline_of,
    clock: Callable[[], float] = time.time,
    proxy: str | None = None,
    may_send: Callable[[], bool] = lambda: True,
) -> AsyncIterator[HttpClient]:
    """Open an HTTP client on aiohttp's transport. deadline_of, clock: see ``HttpClient``. proxy: its URL.
    may_send: asked before each request.

    The client keeps no cookies: one provider's client serves every guild, and a session cookie that was set
    for one guild would speak for the next.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy,
    )
    transport = AiohttpTransport(session, may_send)
    async with httpx.AsyncClient(
        transport=transport,
        # httpx has a jar of its own, besides the session's; this one takes no domain's cookies.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield HttpClient(transport, client, deadline_of, clock)


class ApiClient:
    """Speaks to one provider's configured base URLs and to no other."""

    def __init__(
        self,
        http: HttpClient,
        provider: str,
        bases: Iterable[str],
        redactor: Redactor,
        error_format: ErrorFormat,
        *,
        version: ApiVersion | None = None,
    ) -> None:
        self._transport = http.transport
        self._deadline_of = http.deadline_of
        self._provider = provider
        self._redactor = redactor
        self._error_format = error_format
        self._version = version
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": http.client.headers["User-Agent"],
            **({} if version is None else {version.header: version.pinned}),
        }
        self._versions_seen: set[str] = set()
        self._bases = {base: httpx.URL(base) for base in bases}
        self._places = {base: urlsplit(base).netloc for base in self._bases}
        hosts = set(self._places.values())
        self.slots = {host: FairSlots(provider) for host in hosts}
        # Requests with a deadline of their own take longer and must not occupy all places.
        self.slots_for_long = {host: FairSlots(provider) for host in hosts}
        self.under_way = UnderWay[_Raw]()
        self._pauses = Pauses(http.clock)

    async def send(
        self, request: Request, answer: type[AnswerT], cache: ResponseCache | None = None
    ) -> AnswerT:
        """Send one request once, and return its answer as the given model.

        cache: for a read; as long as the answer stays the same, the same object is returned. Raises
        ProviderError; a write without a usable answer may have been carried out, and raises it with
        ``outcome_unknown`` set. Nothing is retried here; only aiohttp repeats a read, once, if its connection
        is reset. A read that the same guild has under way is shared, and ends at the deadline that it
        began with.
        """
        return (await self.answered(request, answer, cache))[1]

    async def answered(
        self, request: Request, answer: type[AnswerT], cache: ResponseCache | None = None
    ) -> tuple[int, AnswerT]:
        """Do what ``send`` does, and return the status (2xx) as well."""
        path = request.path()
        if request.can_do_harm:
            try:
                status, headers, body = await self._sent(request, path)
            finally:
                self.under_way.begin_anew()
        else:
            key = key_of(request.headers, request.deadline, request.method, request.base, path, request.json)
            read = partial(self._sent, request, path)
            status, headers, body = await self.under_way.share(key, read)
        self._compare_version(headers)
        for secret in sorted(request.secrets, key=len, reverse=True):
            # Nothing that is made of the answer can show what was sent.
            body = body.replace(secret.encode(), MASK.encode())
        if not httpx.codes.is_success(status):
            raise await self._unsuccessful(request, status, headers, body)
        parse = partial(self._understood, request, answer, status, headers, body)
        if cache is None:
            return status, await parse(None)
        return status, await cache.read(f"{request.base}{path}", body, answer, parse)

    async def _sent(self, request: Request, path: str) -> _Raw:
        """Wait for a place, send a request, and return the answer as it is. Raises ProviderError."""
        self._pauses.obey(request.secrets)
        places = self.slots if request.deadline is None else self.slots_for_long
        place = places[self._places[request.base]].place(CURRENT_GUILD.get())
        # A write has certainly not happened only as long as no byte was sent.
        sent = False
        try:
            async with asyncio.timeout(self._deadline_of(request)), place as call:
                self._pauses.obey(request.secrets)  # it may have asked for a pause in the meantime
                sent = request.can_do_harm
                return await self._exchange(request, path, call)
        except TimeoutError:
            raise self._late(request, sent=sent) from None
        except TooLargeError:
            raise AnswerTooLargeError(self._provider, outcome_unknown=sent) from None
        except (httpx.RemoteProtocolError, UnicodeError, zlib.error):
            # The answer is no HTTP or has another encoding than it says.
            raise NotJsonError(self._provider, outcome_unknown=sent) from None
        except httpx.HTTPError as error:
            raise self._broken(request, error, sent=sent) from None

    async def _understood(
        self,
        request: Request,
        answer: type[AnswerT],
        status: int,
        headers: httpx.Headers,
        body: bytes,
        known: KnownEntries | None,
    ) -> AnswerT:
        """Return a successful answer as a model. Raises ProviderError if it is no such answer."""
        sent = request.can_do_harm
        try:
            content = await read_json(body, request.secrets)
        except ValueError:
            not_json = NotJsonError(self._provider, status=status, outcome_unknown=sent)
            # A page says who has sent it. Anything else may be a part of a good answer, with private data.
            not_json.support = self._support(request, headers, body if body.lstrip()[:1] == b"<" else b"")
            raise not_json from None
        if (refused := refused_status(status, content)) is not None:
            raise self._refused(request, refused, headers, content)
        try:
            return answer.model_validate(content, context=known)
        except ValidationError:
            # pydantic's text repeats the input, which may hold tokens: neither it nor its cause is passed on.
            malformed = MalformedAnswerError(self._provider, status=status, outcome_unknown=sent)
            malformed.support = self._support(request, headers)
            raise malformed from None

    async def _exchange(self, request: Request, path: str, call: HostCall) -> _Raw:
        base = self._bases[request.base]
        response = await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                base,
                headers={**self._headers, **request.headers},
                # A stream adds no headers: aiohttp adds the same, and needs no others.
                stream=httpx.ByteStream(b"" if request.json is None else json.dumps(request.json).encode()),
                extensions={"target": base.raw_path.rstrip(b"/") + path.encode()},
            )
        )
        try:
            call.status = response.status_code
            try:
                body = await read_body(response)
            except (httpx.ReadError, TooLargeError, zlib.error):
                if response.is_success:
                    raise
                body = b""  # the status of a refusal is enough
            return response.status_code, response.headers, body
        finally:
            await response.aclose()

    def clean(self, text: str) -> str:
        """Mask possible secrets in a provider's text, and shorten it to what can be shown."""
        # With a megabyte the patterns would take too long.
        return self._redactor.clean(text[:_MAX_CLEANED])

    def _compare_version(self, headers: httpx.Headers) -> None:
        """Log once that the provider has answered with another version than the one asked for."""
        if self._version is None:
            return
        served = headers.get(self._version.header, self._version.pinned)
        if served == self._version.pinned or not _VERSION.fullmatch(served) or served in self._versions_seen:
            return
        if len(self._versions_seen) >= _MAX_VERSIONS:
            return
        self._versions_seen.add(served)
        _log.warning(
            "other_api_version_served", provider=self._provider, asked=self._version.pinned, served=served
        )

    def _late(self, request: Request, *, sent: bool) -> ProviderTimeoutError:
        return ProviderTimeoutError(
            self._provider, seconds=round(self._deadline_of(request)), outcome_unknown=sent
        )

    def _broken(self, request: Request, error: httpx.HTTPError, *, sent: bool) -> ProviderError:
        if isinstance(error, httpx.TimeoutException):
            return self._late(request, sent=sent)
        # A proxy that refuses has passed nothing on.
        refused = isinstance(error, (httpx.ConnectError, httpx.ProxyError))
        unreachable = UnreachableError(self._provider, outcome_unknown=sent and not refused)
        unreachable.fault = fault_of(error)
        return unreachable

    async def _unsuccessful(
        self, request: Request, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError:
        """Return the error for an answer that is no success by its status."""
        try:
            content = await read_json(body, request.secrets)
        except ValueError:
            content = None
        if self._error_format.matches(status, request.segments, body, content):
            return self._refused(request, status, headers, content)
        return self._refused(request, status, headers, content, foreign=body)

    def _refused(
        self,
        request: Request,
        status: int,
        headers: httpx.Headers,
        content: object,
        foreign: bytes | None = None,
    ) -> ProviderError:
        """Return the error for a refusal or a failure.

        foreign: the body, where it is not in the provider's own format.
        """
        kind = kind_of(status, is_own=foreign is None)
        # What is in between does not speak for the provider.
        said = read_error(None if issubclass(kind, IntermediaryError) else content)
        error = kind(
            self._provider,
            status=status,
            request_id=self._unless_secret(request, said.request_id),
            detail=self._clean(request, said.detail)[:_MAX_DETAIL] if said.detail else None,
            code=self._unless_secret(request, said.code),
            retry_after=read_retry_after(headers.get("Retry-After")),
            # After a refusal by the provider nothing was done.
            outcome_unknown=request.can_do_harm and issubclass(kind, _UNSURE),
        )
        fingerprint = self._unless_secret(request, said.fingerprint)
        page = foreign if foreign and is_public(foreign, content) else b""
        error.support = self._support(request, headers, page, fingerprint or "")
        self._pauses.note(request.secrets, error)
        return error

    def _support(
        self, request: Request, headers: httpx.Headers, page: bytes = b"", fingerprint: str = ""
    ) -> dict[str, str]:
        """Return what shows a support team who has answered. page: a body that the provider has not sent."""
        words = {
            "cf-ray": headers.get("cf-ray", ""),
            "server": headers.get("server", ""),
            "fingerprint": fingerprint,
            "answer begins": page[:_MAX_CLEANED].decode(errors="replace"),
        }
        excerpts = {
            name: self._redactor.excerpt(word, request.secrets, _MAX_EXCERPT) for name, word in words.items()
        }
        return {name: excerpt for name, excerpt in excerpts.items() if excerpt}

    def _unless_secret(self, request: Request, word: str | None) -> str | None:
        """Return the word, None if it is a secret that the provider echoes."""
        return None if word is None or self._clean(request, word) != word else word

    def _clean(self, request: Request, text: str) -> str:
        text = mask_spelled(text, request.secrets)
        # Shortened only now, or half a secret could stay.
        return self.clean(text)
