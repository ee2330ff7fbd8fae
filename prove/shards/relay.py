"""Stands between one bot and the database's server, and can cut the two off from each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Self

PIECE: Final = 1 << 16
"""Bytes that are passed on at once."""


class Relay:
    """Passes on what comes, both ways. What comes while it is cut arrives late, as from a broken network."""

    def __init__(self, server: Path) -> None:
        """server: the path of the server's socket."""
        self.port = 0
        self._server = server
        self._flows = asyncio.Event()
        self._flows.set()

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(cls, server: Path) -> AsyncIterator[Self]:
        """Listen on loopback until the block ends."""
        relay = cls(server)
        listening = await asyncio.start_server(relay._pass_on, "127.0.0.1", 0)
        relay.port = listening.sockets[0].getsockname()[1]
        try:
            yield relay
        finally:
            relay.mend()
            listening.close()

    def cut(self) -> None:
        """Let nothing through; neither side is told."""
        self._flows.clear()

    def mend(self) -> None:
        """Let everything through, what has come meanwhile too."""
        self._flows.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            from_server, to_server = await asyncio.open_unix_connection(str(self._server))
        except OSError:  # it does not run
            writer.close()
            return
        pumps = [
            asyncio.create_task(self._pump(reader, to_server)),
            asyncio.create_task(self._pump(from_server, writer)),
        ]
        # Either side's end is the end of both.
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        writer.close()
        to_server.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
            await self._flows.wait()
