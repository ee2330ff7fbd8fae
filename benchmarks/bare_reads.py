"""Reads integrations with aiohttp alone, as often as it is told to. It knows no Patchbay.

It runs in a virtual environment of its own, which holds aiohttp and what that needs. The first line of its
standard input is JSON with ``urls``, ``headers``, and ``at_once``: how many are read at a time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp


async def take_turns(each: Iterable[str], at_once: int, read: Callable[[str], Awaitable[object]]) -> None:
    """For each further line, read all of these, and print how many seconds that took."""
    while await asyncio.to_thread(sys.stdin.readline):
        waiting = iter(each)

        async def one_after_another(left: Iterable[str] = waiting) -> None:
            for one in left:
                await read(one)

        began = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(at_once)))
        print(time.perf_counter() - began, flush=True)


async def main() -> None:
    """Read until standard input ends."""
    work = json.loads(sys.stdin.readline())
    async with aiohttp.ClientSession(headers=work["headers"]) as session:

        async def read(url: str) -> Any:  # noqa: ANN401 - any JSON
            async with session.get(url) as response:
                return await response.json()

        await take_turns(work["urls"], work["at_once"], read)


if __name__ == "__main__":
    asyncio.run(main())
