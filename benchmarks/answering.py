"""A host that has all its answers ready, so that it holds up nobody who asks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final, cast

_TARGET: Final = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")


def answer_of(value: object) -> bytes:
    """Return a whole answer whose body is a value as JSON."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextlib.asynccontextmanager
async def answering(answers: Mapping[str, bytes]) -> AsyncIterator[str]:
    """Answer until the block ends. answers: whole ones, by the path that is asked for. Yields the URL."""
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: _Answering(answers), "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class _Answering(asyncio.Protocol):
    """One connection to the host."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            target = _TARGET.match(request)
            assert target is not None, request  # noqa: S101 - nobody else asks here
            self._transport.write(self._answers[target[1].decode()])
