"""Reads the body of an answer within a bound, and its JSON."""

import asyncio
import zlib
from collections.abc import Iterable
from typing import Any, Final, cast

import httpx
from pydantic_core import from_json

from bot.providers.base.redaction import mask_parsed

MAX_BYTES: Final = 2 * 1024 * 1024
"""Decoded bytes of one answer."""
_MAX_AT_ONCE: Final = 1 << 16
"""Bytes that are parsed without leaving the event loop: it takes 2 s to unmask 2 MiB of escapes."""


class TooLargeError(Exception):
    """The answer has more than MAX_BYTES."""


async def read_body(response: httpx.Response) -> bytes:
    """Read a body of at most MAX_BYTES, decoding it piece by piece, so that a gzip bomb does no harm.

    Raises TooLargeError, zlib.error and what httpx raises.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    inflate = zlib.decompressobj(wbits=47) if encoding in {"gzip", "x-gzip", "deflate"} else None
    body = bytearray()
    async for chunk in cast("httpx.AsyncByteStream", response.stream):
        body += chunk if inflate is None else inflate.decompress(chunk, MAX_BYTES + 1 - len(body))
        if len(body) > MAX_BYTES:
            raise TooLargeError
        if inflate is not None and inflate.eof:
            break  # what follows the end of the archive does not belong to the answer
    return bytes(body)


async def read_json(body: bytes, secrets: Iterable[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a parsed body without these secrets. Raises ValueError if it is no JSON."""

    def parsed() -> Any:  # noqa: ANN401
        return mask_parsed(from_json(body), body, secrets)

    return parsed() if len(body) <= _MAX_AT_ONCE else await asyncio.to_thread(parsed)
