"""A PostgreSQL server that is reached through TLS: the tests' own cannot do that by itself."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.forward_proxy import pump
from tests.support.tls_front import Certificate

_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""What a client asks first if it wants TLS."""


@contextlib.asynccontextmanager
async def postgres_front(socket: Path, certificate: Certificate | None = None) -> AsyncIterator[int]:
    """Yield a port on which the server of a socket answers. certificate: with TLS, and with this one."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            assert await reader.readexactly(len(_REQUEST)) == _REQUEST
            writer.write(b"N" if certificate is None else b"S")
            await writer.drain()
            if certificate is not None:
                await writer.start_tls(certificate.served())
            behind_reader, behind_writer = await asyncio.open_unix_connection(socket)
            await asyncio.gather(pump(reader, behind_writer), pump(behind_reader, writer))

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.create_task(serve(reader, writer)))
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
