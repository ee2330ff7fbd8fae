"""Reads the body of an answer within a bound."""

import zlib
from typing import Final

import httpx

MAX_BYTES: Final = 2 * 1024 * 1024
"""Decoded bytes of one answer."""


class TooLargeError(Exception):
    """The answer has more than MAX_BYTES."""


async def read_body(response: httpx.Response) -> bytes:
    """Read a body of at most MAX_BYTES, decoding it piece by piece, so that a gzip bomb does no harm.

    Raises TooLargeError, zlib.error and what httpx raises.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    inflate = zlib.decompressobj(wbits=47) if encoding in {"gzip", "x-gzip", "deflate"} else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk if inflate is None else inflate.decompress(chunk, MAX_BYTES + 1 - len(body))
        if len(body) > MAX_BYTES:
            raise TooLargeError
        if inflate is not None and inflate.eof:
            break  # what follows the end of the archive does not belong to the answer
    return bytes(body)
