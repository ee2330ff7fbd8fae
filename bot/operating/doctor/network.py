"""The doctor's way to other machines: one client, one time limit, one place that words what goes wrong."""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import aiohttp
import httpx
import yarl

from bot.network_faults import NetworkFault, fault_of, sentence_of
from bot.operating.doctor.finding import plain

SECONDS: Final = 5.0
"""How long one request, or one connection to the gateway, may take."""
_MAX_BYTES: Final = 1 << 20
NETWORK: Final = "Check this machine's network, firewall and DNS, and the address in the setting."


class NoAnswerError(Exception):
    """Nothing answered that can be understood; the text says what happened instead."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer to a GET."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes
    content: object
    """What the body holds as JSON, None if that is none."""
    received_at: float
    """Seconds since 1970, by this machine's clock, half-way between question and answer."""

    @property
    def is_redirect(self) -> bool:
        """Tell whether it sends the client elsewhere; neither the bot nor the doctor follows."""
        return 300 <= self.status < 400  # noqa: PLR2004 - the class of status codes

    @property
    def is_success(self) -> bool:
        """Tell whether it claims that all went well."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of status codes

    @property
    def is_server_fault(self) -> bool:
        """Tell whether the other side has a fault, or too much to do."""
        return self.status >= 500  # noqa: PLR2004 - the class of status codes

    def __str__(self) -> str:
        kind = plain(self.content_type) or "no content type" if self.body else "empty"
        return f"{self.status}, {kind}"


class Network:
    """Sends the doctor's requests. Nothing is followed, kept or repeated."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        # The bot's clients for providers trust other authorities than discord.py, which trusts the system's.
        self._providers_tls = httpx.create_ssl_context()

    async def get(self, url: str, headers: Mapping[str, str], *, is_provider: bool = False) -> HttpAnswer:
        """Send a GET. is_provider: verify certificates as for providers. Raises NoAnswerError."""
        tls = self._providers_tls if is_provider else True
        with worded_failures():
            async with asyncio.timeout(SECONDS):
                asked_at = time.time()
                # Compressed answers would have to be bounded once more.
                sent = {"Accept-Encoding": "identity", **headers}
                async with self._session.get(url, headers=sent, ssl=tls, allow_redirects=False) as answer:
                    received_at = (asked_at + time.time()) / 2
                    body = await answer.content.read(_MAX_BYTES)
                    while len(body) < _MAX_BYTES and (more := await answer.content.read(_MAX_BYTES)):
                        body += more
        return HttpAnswer(
            status=answer.status,
            headers=answer.headers,
            content_type=answer.headers.get("Content-Type", ""),
            body=body,
            content=_parsed(body),
            received_at=received_at,
        )

    @contextlib.asynccontextmanager
    async def connect(self, url: yarl.URL) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket as discord.py does, for the time limit at most. Raises NoAnswerError."""
        with worded_failures():
            async with (
                asyncio.timeout(SECONDS),
                self._session.ws_connect(url, max_msg_size=_MAX_BYTES, timeout=_QUICK_CLOSE) as socket,
            ):
                yield socket


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


_QUICK_CLOSE: Final = aiohttp.ClientWSTimeout(ws_close=1.0)


@contextlib.asynccontextmanager
async def open_network(proxy: str | None) -> AsyncIterator[Network]:
    """Open the one client through which the doctor asks everybody. proxy: its URL."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"DiscordBot (Patchbay's doctor, {version('patchbay')})"},
        auto_decompress=False,
        proxy=proxy,
    ) as session:
        yield Network(session)


@contextlib.contextmanager
def worded_failures() -> Iterator[None]:
    """Turn what a client raises into NoAnswerError with words for whoever runs the machine."""
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswerError(_words_for(error)) from None


def _words_for(error: Exception) -> str:
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"no WebSocket is opened there (status {error.status})"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        verified = error.certificate_error
        reason = verified.verify_message if isinstance(verified, ssl.SSLCertVerificationError) else ""
        return f"its TLS certificate is not accepted ({plain(reason or 'it names another host')})"
    if fault_of(error) is NetworkFault.OTHER:
        return f"what comes back cannot be read ({type(error).__name__})"
    return sentence_of(error)
