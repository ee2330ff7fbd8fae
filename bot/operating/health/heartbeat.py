"""Calls an address while all is well, so that somebody else notices when this process or machine is gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import httpx
import structlog

from bot.backoff import Backoff
from bot.network_faults import fault_of
from bot.providers.base.api_client import open_http
from bot.settings import Settings

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SECONDS: Final = 60.0
"""Between two calls."""
_LOOK_SECONDS: Final = 5.0
"""Until it is looked again whether all is well."""
_DEADLINE: Final = 10.0
"""Seconds for one call."""


@contextlib.asynccontextmanager
async def heartbeats(settings: Settings, reasons: Callable[[], Sequence[str]]) -> AsyncIterator[None]:
    """Call the host's address, if there is one, while the block runs. reasons: see ``Heartbeat``."""
    if settings.heartbeat_url is None:
        yield
        return
    tls = await asyncio.to_thread(httpx.create_ssl_context)
    async with open_http(tls, proxy=settings.proxy) as http:
        heartbeat = Heartbeat(settings.heartbeat_url.get_secret_value(), http.client, reasons)
        task = asyncio.create_task(heartbeat.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))


class Heartbeat:
    """One address. Its URL names whose heartbeat this is: it is a secret, and no log line holds it."""

    def __init__(self, url: str, http: httpx.AsyncClient, reasons: Callable[[], Sequence[str]]) -> None:
        """http: does not follow redirects. reasons: returns why not all is well, nothing if it is."""
        parsed = httpx.URL(url)
        # aiohttp refuses a login that stands both in a URL and in a header, where httpx puts it.
        self._auth = (parsed.username, parsed.password) if parsed.userinfo else None
        self._url = parsed.copy_with(userinfo=b"")
        self._http = http
        self._reasons = reasons
        self._fails = False

    async def run(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Call the address again and again until cancelled, whatever it answers."""
        backoff = Backoff(_LOOK_SECONDS, SECONDS)
        while True:
            pause = _LOOK_SECONDS
            try:
                if not self._reasons():
                    self._note(await self._call())
                    pause = SECONDS
                backoff.succeed()
            except Exception as error:  # noqa: BLE001 - or it would end without a word, and a monitor be wrong
                pause = backoff.fail_with(_log, "heartbeat_failed", error)
            await sleep(pause)

    async def _call(self) -> dict[str, str | int] | None:
        """Call the address; return what was wrong with that, None if nothing was. The body is not read."""
        call = self._http.stream("GET", self._url, auth=self._auth, timeout=_DEADLINE)
        try:
            async with asyncio.timeout(_DEADLINE), call as answer:
                return None if answer.is_success else {"status": answer.status_code}
        except Exception as error:  # noqa: BLE001 - nothing that the other side does may end the bot's work
            return {"error": fault_of(error)}

    def _note(self, fault: dict[str, str | int] | None) -> None:
        """Log once that the calls fail, and once that they work again."""
        if fault is not None and not self._fails:
            _log.warning("heartbeat_failing", **fault)
        elif fault is None and self._fails:
            _log.info("heartbeat_back")
        self._fails = fault is not None
