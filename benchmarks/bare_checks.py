"""Reads integrations with aiohttp alone, whenever it is told to. It knows no Patchbay.

It runs in a virtual environment of its own, which holds aiohttp and what that needs. Its first line of input
says what to read, as JSON: ``urls`` and ``headers``.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp


async def main() -> None:
    """For each further line, read everything once, and print that it is done."""
    work = json.loads(sys.stdin.readline())
    async with aiohttp.ClientSession(headers=work["headers"]) as session:
        while await asyncio.to_thread(sys.stdin.readline):
            for url in work["urls"]:
                async with session.get(url) as response:
                    await response.json()
            print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
