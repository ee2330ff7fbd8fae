"""Sends httpx's requests through one session of aiohttp's, without redirects and without repeating writes."""

from collections.abc import Callable
from typing import Any, Final, Self

import aiohttp
import httpx
import yarl

_KINDS: Final[tuple[tuple[type[Exception], type[httpx.TransportError]], ...]] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
)
"""aiohttp's errors and httpx's for them: the first that fits. After any other the answer was no HTTP."""
_NO_LIMITS: Final = aiohttp.ClientTimeout()


class MayNotSendError(httpx.ConnectError):
    """This process may not send the request any more."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends a request as it is, and returns the answer with a body that is neither read nor decoded.

    A client of httpx's can send through it. Whoever has a whole request calls it without a client's work:
    with nothing to merge, to follow, to keep or to sign in with, that work costs as much as aiohttp's.
    """

    def __init__(self, session: aiohttp.ClientSession, may_send: Callable[[], bool] = lambda: True) -> None:
        """session: closed with the transport. Its cookies, its proxy and its certificates are used. may_send:
        asked before each request; while it says no, that counts as a connection that is refused.
        """
        self._session = session
        self._may_send = may_send

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer, which must be closed. Raises httpx.TransportError.

        The request may have the extensions ``timeout``, without which it may take any time, and ``target``:
        a path with its query, already quoted, instead of the URL's. Only aiohttp repeats a read, once, if its
        connection is reset.
        """
        if not self._may_send():
            raise MayNotSendError("another process may send this by now")
        limits = request.extensions.get("timeout")
        try:
            answer = await self._session.request(
                request.method,
                _url_of(request),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=_NO_LIMITS if limits is None else _timeout(limits),
                middlewares=() if request.method == "GET" else (_write_once,),
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error) from error
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, in the pieces that it comes in.

    Its connection is kept for the next request only if all of it was read.
    """

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._answer.content.readany()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error) from error
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._answer.release()
        await self._answer.wait_for_close()


async def _write_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT or a DELETE after its connection broke: it may have been carried
    out.

    aiohttp repeats both after these two errors, because they are idempotent. But somebody else may have
    written in between.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError from error


def _url_of(request: httpx.Request) -> yarl.URL:
    target: bytes | None = request.extensions.get("target")
    if target is None:
        return yarl.URL(str(request.url), encoded=True)
    return yarl.URL(f"{request.url.scheme}://{request.url.netloc.decode()}{target.decode()}", encoded=True)


def _timeout(limits: dict[str, Any]) -> aiohttp.ClientTimeout:
    """Return httpx's limits as aiohttp's, in seconds."""
    return aiohttp.ClientTimeout(
        connect=limits["pool"], sock_connect=limits["connect"], sock_read=limits["read"]
    )


def _translated(error: Exception) -> httpx.TransportError:
    kind = next((kind for each, kind in _KINDS if isinstance(error, each)), httpx.RemoteProtocolError)
    return kind(str(error))
