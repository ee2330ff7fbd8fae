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
        self._passing: set[asyncio.Task[object]] = set()

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
            listening.close()
            passing = tuple(relay._passing)
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)

    def cut(self) -> None:
        """Let nothing through; neither side is told."""
        self._flows.clear()

    def mend(self) -> None:
        """Let everything through, what has come meanwhile too."""
        self._flows.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - each connection has one
        self._passing.add(task)
        try:
            async with _closing(writer):
                await self._flows.wait()
                from_server, to_server = await asyncio.open_unix_connection(str(self._server))
                async with _closing(to_server):
                    await self._pump_both((reader, to_server), (from_server, writer))
        except OSError:  # the server does not run
            return
        finally:
            self._passing.discard(task)

    async def _pump_both(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Pass on both ways; either side's end is the end of both."""
        pumps = [asyncio.create_task(self._pump(*way)) for way in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
            await self._flows.wait()


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
