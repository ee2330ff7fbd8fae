"""discord.py's gateway connection, kept alive when Discord sends what cannot be read.

discord.py ends the whole client, all shards and all servers, when one frame raises anything that it did not
foresee. Events are caught where they are parsed, in ``events.py``; here is what comes before: READY, HELLO,
RESUMED and frames of another shape.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure

from bot.discord.connection.starts import Starts

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_UNREADABLE: Final = 4000
"""A close code after which Discord lets a session be resumed."""
# What discord.py itself handles.
_FORESEEN: Final = (
    WebSocketClosure, discord.ConnectionClosed, aiohttp.ClientError, OSError, asyncio.TimeoutError,
)  # fmt: skip


class PatientWebSocket(DiscordWebSocket):
    """A shard's connection. What cannot be read costs that frame, or the connection, never the process."""

    began: float | None = None
    """When the connection was ready for events, by the monotonic clock; None until then."""

    @classmethod
    async def from_client(cls, client: Any, **options: Any) -> Self:  # noqa: ANN401 - as discord.py has it
        """Connect, and identify or resume.

        Raises ConnectionError where the gateway ends the connection before that. discord.py waits and
        connects again after an OSError only: after any other end it does so at once, or ends the client.
        """
        try:
            socket = await super().from_client(client, **options)
        except ReconnectWebSocket:
            raise ConnectionError("the gateway ended the connection before its HELLO") from None
        socket.began = time.monotonic()
        return socket

    async def identify(self) -> None:
        """Begin a session. A connection that is given up meanwhile is closed: discord.py knows it no more."""
        async with self._closed_unless_done():
            await super().identify()

    async def resume(self) -> None:
        """Go on with a session. The connection is closed where that fails, as in ``identify``."""
        async with self._closed_unless_done():
            await super().resume()

    @asynccontextmanager
    async def _closed_unless_done(self) -> AsyncIterator[None]:
        try:
            yield
        except BaseException:
            await self.close(code=_UNREADABLE)
            raise

    async def poll_event(self) -> None:
        """Handle what comes next, and let a connection that broke soon after it began rest a while."""
        try:
            await super().poll_event()
        except ReconnectWebSocket as again:
            if again.resume and self.began is not None:
                await self._starts.wait_to_resume(self._shard, time.monotonic() - self.began)
            raise

    async def received_message(self, msg: Any, /) -> None:  # noqa: ANN401 - text or bytes
        """Handle a frame."""
        try:
            await super().received_message(msg)
        except ReconnectWebSocket as again:
            if not again.resume and self.began is not None:
                await self._wait_for_permit()
            raise
        except _FORESEEN:
            raise
        except zlib.error:
            # Whatever follows in this stream cannot be read either.
            _log.warning("gateway_stream_unreadable", shard=self.shard_id)
            await self.close(code=_UNREADABLE)
            raise ReconnectWebSocket(self.shard_id) from None
        except Exception as error:  # noqa: BLE001 - discord.py may raise anything
            if self._keep_alive is None:
                await self.close(code=_UNREADABLE)
                raise ConnectionError("the gateway's HELLO cannot be read") from None
            if self._starts.is_open(self._shard):
                _log.error("start_failed", shard=self.shard_id, error=type(error).__name__)
                await self.close(code=_UNREADABLE)
                await self._wait_for_permit()
                raise ReconnectWebSocket(self.shard_id, resume=False) from None
            _log.warning("gateway_frame_skipped", shard=self.shard_id, error=type(error).__name__)

    async def _wait_for_permit(self) -> None:
        """Wait in the shard's own task, and not where discord.py connects: it allows that a minute only."""
        await self._starts.permit(self._client.http, self._shard)

    @property
    def _client(self) -> Any:  # noqa: ANN401 - PatchbayBot would be a circular import
        return self._connection._get_client()  # noqa: SLF001 - discord.py keeps it nowhere else

    @property
    def _starts(self) -> Starts:
        starts: Starts = self._client.starts
        return starts

    @property
    def _shard(self) -> int:
        return self.shard_id or 0
