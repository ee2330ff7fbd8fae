"""One request to a provider: bounded in time and size, never redirected, every failure told apart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from bot.errors import (
    AnswerTooLargeError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    MalformedAnswerError,
    NotFoundError,
    NotJsonError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
    UnreachableError,
    UnsupportedMediaError,
)
from bot.kit.redaction import MASK

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable, Mapping

    from bot.kit.redaction import Redactor

AnswerT = TypeVar("AnswerT", bound=BaseModel)

DEADLINE: Final = 8.0
"""Seconds for one request, from waiting for a free place to the last byte."""
MAX_BYTES: Final = 2 * 1024 * 1024
"""Decoded bytes of one answer."""
PER_HOST: Final = 8
"""Requests under way at once to one host."""

_BY_STATUS: Final[Mapping[int, type[ProviderError]]] = {
    400: RejectedError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    415: UnsupportedMediaError,
    422: RejectedError,
    429: RateLimitedError,
}
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_LONGEST_DETAIL: Final = 500
_LONGEST_CLEANED: Final = 16 * _LONGEST_DETAIL
_LONGEST_WAIT: Final = 86_400


@contextlib.asynccontextmanager
async def open_http(tls: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    """Open an HTTP client on aiohttp's transport.

    It keeps no cookies: one provider's client serves every guild, and a session cookie set for one
    of them would speak for the next.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    transport = AiohttpTransport(verify=tls, client=session)
    async with httpx.AsyncClient(
        transport=transport,
        # httpx has a jar of its own, besides the session's; this one takes no domain's cookies.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Request:
    """One request. base: a base URL of the provider. segments: path segments, quoted here.

    secrets: the values in headers and body that must not come back in an error.
    """

    method: str
    base: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    secrets: tuple[str, ...]
    params: Mapping[str, str | int] | None = None
    json: Mapping[str, Any] | None = None

    def url(self) -> str:
        """Return the full URL. Raises InvalidInputError for a segment that could change the path."""
        if any(segment in {"", ".", ".."} for segment in self.segments):
            raise InvalidInputError("id")
        return "/".join((self.base, *(quote(segment, safe="") for segment in self.segments)))

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.base}>"


class ApiClient:
    """Speaks to one provider's configured base URLs and to no other."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        provider: str,
        bases: Iterable[str],
        redactor: Redactor,
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self._http = http
        self._provider = provider
        self._redactor = redactor
        self._deadline = deadline
        self._places = {base: urlsplit(base).netloc for base in bases}
        self._semaphores = {host: asyncio.Semaphore(PER_HOST) for host in self._places.values()}

    async def send(self, request: Request, answer: type[AnswerT]) -> AnswerT:
        """Send one request, once, and return its answer as the given model.

        Raises one of the ProviderErrors. A write that got no usable answer raises it with
        ``outcome_unknown`` set: it may have been carried out. Nothing is retried here; aiohttp alone
        repeats a read, once, when its connection is reset.
        """
        url = request.url()
        semaphore = self._semaphores[self._places[request.base]]
        # Only before the first byte leaves is a write known not to have happened.
        sent = False
        try:
            async with asyncio.timeout(self._deadline), semaphore:
                sent = request.method != "GET"
                status, headers, body = await self._exchange(request, url)
        except TimeoutError:
            raise ProviderTimeoutError(self._provider, outcome_unknown=sent) from None
        except httpx.HTTPError as error:
            raise self._broken(error, sent=sent) from None
        except _TooLargeError:
            raise AnswerTooLargeError(self._provider, outcome_unknown=sent) from None
        except (aiohttp.ClientError, UnicodeError, zlib.error):
            # Not HTTP, or not the encoding that it claims: the transport does not translate these errors.
            raise NotJsonError(self._provider, outcome_unknown=sent) from None
        if not httpx.codes.is_success(status):
            raise self._refused(request, status, headers, body)
        try:
            content = from_json(body)
        except ValueError:
            raise NotJsonError(self._provider, status=status, outcome_unknown=sent) from None
        if isinstance(content, dict) and content.get("success") is False:
            raise self._refused(request, status, headers, body)
        try:
            return answer.model_validate(content)
        except ValidationError:
            # pydantic's own text repeats the input, which may hold tokens: neither it nor its chain goes on.
            raise MalformedAnswerError(self._provider, status=status, outcome_unknown=sent) from None

    async def _exchange(self, request: Request, url: str) -> tuple[int, httpx.Headers, bytes]:
        async with self._http.stream(
            request.method,
            url,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **request.headers},
            params=request.params,
            content=None if request.json is None else json.dumps(request.json).encode(),
            timeout=self._deadline,
        ) as response:
            try:
                body = await _read(response)
            except (httpx.ReadError, _TooLargeError, zlib.error):
                if response.is_success:
                    raise
                body = b""  # the status of a refusal says enough
            return response.status_code, response.headers, body

    def _broken(self, error: httpx.HTTPError, *, sent: bool) -> ProviderError:
        # The transport calls a connection that broke a ConnectTimeout as well; the cause tells the truth.
        if isinstance(error.__cause__, TimeoutError):
            return ProviderTimeoutError(self._provider, outcome_unknown=sent)
        refused = isinstance(error.__cause__, aiohttp.ClientConnectorError)
        return UnreachableError(self._provider, outcome_unknown=sent and not refused)

    def _refused(self, request: Request, status: int, headers: httpx.Headers, body: bytes) -> ProviderError:
        if httpx.codes.is_success(status):
            kind: type[ProviderError] = RejectedError
        elif httpx.codes.is_server_error(status):
            kind = ServerFaultError
        else:
            kind = _BY_STATUS.get(status, UnexpectedStatusError)
        detail, request_id = _read_error(body)
        if detail is not None:
            detail = self._clean(request, detail)[:_LONGEST_DETAIL]
        if request_id is not None and self._clean(request, request_id) != request_id:
            request_id = None  # no reference of the provider's, but a secret that it echoes
        return kind(
            self._provider,
            status=status,
            request_id=request_id,
            detail=detail,
            retry_after=_read_retry_after(headers.get("Retry-After")),
            # A refusal says that nothing was done. What failed may have failed half-way.
            outcome_unknown=request.method != "GET" and kind in {ServerFaultError, UnexpectedStatusError},
        )

    def _clean(self, request: Request, text: str) -> str:
        for secret in sorted(request.secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        # Cut only now, or half a secret could stay; the patterns would hold up everybody over a megabyte.
        return self._redactor.clean(text[:_LONGEST_CLEANED])


class _TooLargeError(Exception):
    """The answer went over MAX_BYTES."""


async def _read(response: httpx.Response) -> bytes:
    """Read a body of at most MAX_BYTES, decoding as it comes, so that a small bomb stays small."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    inflate = zlib.decompressobj(wbits=47) if encoding in {"gzip", "x-gzip", "deflate"} else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk if inflate is None else inflate.decompress(chunk, MAX_BYTES + 1 - len(body))
        if len(body) > MAX_BYTES:
            raise _TooLargeError
        if inflate is not None and inflate.eof:
            break  # whatever follows the end of the archive is not the answer
    return bytes(body)


def _read_error(body: bytes) -> tuple[str | None, str | None]:
    """Return (the provider's words, its request id) as far as an error's body has them.

    Anything may come here, HTML from a gateway included. A nested exception with its stack is
    left behind on purpose.
    """
    try:
        parsed = from_json(body)
    except ValueError:
        return None, None
    if not isinstance(parsed, dict):
        return None, None
    words = (parsed.get(name) for name in ("error", "message"))
    detail = next((text for text in words if isinstance(text, str) and text.strip()), None)
    request_id = parsed.get("request_id")
    if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
        request_id = None
    return detail, request_id


def _read_retry_after(value: str | None) -> int | None:
    """Return Retry-After in whole seconds (RFC 9110 allows seconds or a date), a day at most."""
    if value is None:
        return None
    if (digits := value.strip()).isdecimal():
        return min(int(digits[:10]), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, min(int((until - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT))
