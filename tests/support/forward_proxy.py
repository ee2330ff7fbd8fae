"""A real HTTP proxy on loopback: it opens tunnels (CONNECT) and forwards requests in the absolute form."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from typing import Self
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_HOP_BY_HOP = ("proxy-authorization:", "proxy-connection:")


class ForwardProxy:
    """What a company's proxy does for the bot, which counts what goes through it."""

    def __init__(self, port: int, login: str | None, *, has_tls: bool) -> None:
        """login: the user and the password that it demands, as `user:password`."""
        self.port = port
        self.login = login
        self.refusals: dict[int, int] = {}
        """With what status it refuses to reach a port."""
        self.tunnels: Counter[int] = Counter()
        """By the port at the other end, how many tunnels were opened."""
        self.forwarded: Counter[int] = Counter()
        """The same for requests without a tunnel."""
        self.refused = 0
        """How many requests had no good login, or met one of the refusals."""
        self._scheme = "https" if has_tls else "http"
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(
        cls, *, login: str | None = None, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[Self]:
        """Serve until the block ends. tls: the proxy's own, None to be reached without."""
        proxy = cls(0, login, has_tls=tls is not None)
        server = await asyncio.start_server(proxy._take, "127.0.0.1", 0, ssl=tls)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            for task in proxy._tasks:
                task.cancel()
            await asyncio.gather(*proxy._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The setting with which a bot goes through it."""
        return f"{self._scheme}://{f'{self.login}@' if self.login else ''}localhost:{self.port}"

    @property
    def seen(self) -> int:
        """How many tunnels and requests have gone through it."""
        return self.tunnels.total() + self.forwarded.total()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve_client(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(_HEAD_END)).decode("latin-1")
            lines = head.removesuffix("\r\n\r\n").split("\r\n")
            if (status := self._refusal(lines)) is not None:
                self.refused += 1
                writer.write(
                    f"HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
                )
                await writer.drain()
            else:
                await self._forward(lines, reader, writer)
        writer.close()

    def _refusal(self, lines: list[str]) -> int | None:
        wanted = None if self.login is None else f"Basic {b64encode(self.login.encode()).decode()}"
        headers = (line.partition(": ") for line in lines[1:])
        given = {name.lower(): value for name, _, value in headers}.get("proxy-authorization")
        return 407 if wanted is not None and given != wanted else self.refusals.get(_target(lines[0])[1])

    async def _forward(
        self, lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, version = lines[0].split(" ")
        is_tunnel = method == "CONNECT"
        host, port = _target(lines[0])
        (self.tunnels if is_tunnel else self.forwarded)[port] += 1
        far_reader, far_writer = await asyncio.open_connection(host, port)
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = urlsplit(target)._replace(scheme="", netloc="").geturl() or "/"
            kept = [line for line in lines[1:] if not line.lower().startswith(_HOP_BY_HOP)]
            if not any(line.lower().startswith("upgrade:") for line in kept):
                # One request each: the next one's target may be another.
                kept = [line for line in kept if not line.lower().startswith("connection:")]
                kept.append("Connection: close")
            far_writer.write("\r\n".join((f"{method} {path} {version}", *kept, "", "")).encode("latin-1"))
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


def _target(line: str) -> tuple[str, int]:
    """Return the host and the port that a request is for."""
    method, target, _ = line.split(" ")
    there = urlsplit(f"//{target}" if method == "CONNECT" else target)
    assert there.hostname is not None
    assert there.port is not None
    return there.hostname, there.port


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything on until one side ends, then end the other."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
