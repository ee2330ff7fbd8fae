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
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
import structlog
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

    from bot.kit.endpoint import ApiVersion
    from bot.kit.memo import Memo
    from bot.kit.redaction import Redactor

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AnswerT = TypeVar("AnswerT", bound=BaseModel)

DEADLINE: Final = 8.0
"""Seconds for one request, from waiting for a free place to the last byte."""
MAX_BYTES: Final = 2 * 1024 * 1024
"""Decoded bytes of one answer."""
PER_HOST: Final = 8
"""Requests under way at once to one host, and as many with a deadline of their own."""

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
_CODE: Final = re.compile(r"[A-Z0-9_]{1,64}")
_MOST_VERSIONS: Final = 10
"""Of those that a provider invents, each worth a log line once."""
_VERSION: Final = re.compile(r"[A-Za-z0-9.-]{1,32}")
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
        middlewares=(_write_once,),
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


async def _write_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT or a DELETE whose connection broke: the first may have been done.

    It does so after these two errors alone, and calls both idempotent; but between the first and the second
    somebody else may have written.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError from error


@dataclass(frozen=True, slots=True)
class Request:
    """One request. base: a base URL of the provider. segments: path segments, quoted here.

    secrets: the values in headers and body that must not come back in an error. repeatable: doing it twice
    does no harm, as with every GET. deadline: seconds, instead of the client's own.
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
        """Whether it matters if a request without an answer was carried out."""
        return self.method != "GET" and not self.repeatable

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
        version: ApiVersion | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._http = http
        self._provider = provider
        self._redactor = redactor
        self._version = version
        self._versions_seen: set[str] = set()
        self._deadline = deadline
        self._places = {base: urlsplit(base).netloc for base in bases}
        hosts = set(self._places.values())
        self._semaphores = {host: asyncio.Semaphore(PER_HOST) for host in hosts}
        # Those with a deadline of their own take longer, and must not keep all places from the others.
        self._own_deadline = {host: asyncio.Semaphore(PER_HOST) for host in hosts}

    async def send(self, request: Request, answer: type[AnswerT], memo: Memo | None = None) -> AnswerT:
        """Send one request, once, and return its answer as the given model.

        memo: for a read; as long as the answer stays the same, it gives back the same object unparsed.
        Raises one of the ProviderErrors. A write that got no usable answer raises it with
        ``outcome_unknown`` set: it may have been carried out. Nothing is retried here; aiohttp alone
        repeats a read, once, when its connection is reset.
        """
        return (await self.answered(request, answer, memo))[1]

    async def answered(
        self, request: Request, answer: type[AnswerT], memo: Memo | None = None
    ) -> tuple[int, AnswerT]:
        """Do what ``send`` does, and return the status (2xx) too, for those that tell by it."""
        url = request.url()
        places = self._semaphores if request.deadline is None else self._own_deadline
        semaphore = places[self._places[request.base]]
        # Only before the first byte leaves is a write known not to have happened.
        sent = False
        try:
            async with asyncio.timeout(self._patience(request)), semaphore:
                sent = request.can_do_harm
                status, headers, body = await self._exchange(request, url)
        except TimeoutError:
            raise self._late(request, sent=sent) from None
        except httpx.HTTPError as error:
            raise self._broken(request, error, sent=sent) from None
        except _TooLargeError:
            raise AnswerTooLargeError(self._provider, outcome_unknown=sent) from None
        except (aiohttp.ClientError, UnicodeError, zlib.error):
            # Not HTTP, or not the encoding that it claims: the transport does not translate these errors.
            raise NotJsonError(self._provider, outcome_unknown=sent) from None
        self._compare_version(headers)
        for secret in sorted(request.secrets, key=len, reverse=True):
            # Whatever is made of an answer later, it cannot show what we sent.
            body = body.replace(secret.encode(), MASK.encode())
        if not httpx.codes.is_success(status):
            raise self._refused(request, status, headers, body)
        parse = partial(self._understood, request, answer, status, headers)
        if memo is None:
            return status, parse(body)
        return status, memo.read(f"{url}?{urlencode(request.params or {})}", body, answer, parse)

    def _understood(
        self, request: Request, answer: type[AnswerT], status: int, headers: httpx.Headers, body: bytes
    ) -> AnswerT:
        """Return what a successful answer says. Raises a ProviderError where it says something else."""
        sent = request.can_do_harm
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
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                **({} if self._version is None else {self._version.header: self._version.pinned}),
                **request.headers,
            },
            params=request.params,
            content=None if request.json is None else json.dumps(request.json).encode(),
            timeout=self._patience(request),
        ) as response:
            try:
                body = await _read(response)
            except (httpx.ReadError, _TooLargeError, zlib.error):
                if response.is_success:
                    raise
                body = b""  # the status of a refusal says enough
            return response.status_code, response.headers, body

    def clean(self, text: str) -> str:
        """Mask whatever in a provider's text may be a secret; cut to what can be shown."""
        return self._redactor.clean(text[:_LONGEST_CLEANED])

    def _patience(self, request: Request) -> float:
        return self._deadline if request.deadline is None else request.deadline

    def _compare_version(self, headers: httpx.Headers) -> None:
        """Log once when another version than the one asked for has served us."""
        if self._version is None:
            return
        served = headers.get(self._version.header, self._version.pinned)
        if served == self._version.pinned or not _VERSION.fullmatch(served) or served in self._versions_seen:
            return
        if len(self._versions_seen) >= _MOST_VERSIONS:
            return
        self._versions_seen.add(served)
        _log.warning(
            "other_api_version_served", provider=self._provider, asked=self._version.pinned, served=served
        )

    def _late(self, request: Request, *, sent: bool) -> ProviderTimeoutError:
        return ProviderTimeoutError(
            self._provider, seconds=round(self._patience(request)), outcome_unknown=sent
        )

    def _broken(self, request: Request, error: httpx.HTTPError, *, sent: bool) -> ProviderError:
        # The transport calls a connection that broke a ConnectTimeout as well; the cause tells the truth.
        if isinstance(error.__cause__, TimeoutError):
            return self._late(request, sent=sent)
        refused = isinstance(error.__cause__, aiohttp.ClientConnectorError)
        return UnreachableError(self._provider, outcome_unknown=sent and not refused)

    def _refused(self, request: Request, status: int, headers: httpx.Headers, body: bytes) -> ProviderError:
        if httpx.codes.is_success(status):
            kind: type[ProviderError] = RejectedError
        elif httpx.codes.is_server_error(status):
            kind = ServerFaultError
        else:
            kind = _BY_STATUS.get(status, UnexpectedStatusError)
        detail, request_id, code = _read_error(body)
        if detail is not None:
            detail = self._clean(request, detail)[:_LONGEST_DETAIL]
        return kind(
            self._provider,
            status=status,
            request_id=self._unless_secret(request, request_id),
            detail=detail,
            code=self._unless_secret(request, code),
            retry_after=_read_retry_after(headers.get("Retry-After")),
            # A refusal says that nothing was done. What failed may have failed half-way.
            outcome_unknown=request.can_do_harm and kind in {ServerFaultError, UnexpectedStatusError},
        )

    def _unless_secret(self, request: Request, word: str | None) -> str | None:
        """Return the word, None where it is none of the provider's but a secret that it echoes."""
        return None if word is None or self._clean(request, word) != word else word

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


def _read_error(body: bytes) -> tuple[str | None, str | None, str | None]:
    """Return (the provider's words, its request id, its error code) as far as an error's body has them.

    Anything may come here, HTML from a gateway included. A nested exception with its stack is
    left behind on purpose.
    """
    try:
        parsed = from_json(body)
    except ValueError:
        return None, None, None
    if not isinstance(parsed, dict):
        return None, None, None
    words = (parsed.get(name) for name in ("error", "message"))
    detail = next((text for text in words if isinstance(text, str) and text.strip()), None)
    request_id = parsed.get("request_id")
    if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
        request_id = None
    code = parsed.get("error_code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        code = None
    return detail, request_id, code


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
