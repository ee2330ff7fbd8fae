"""Waits for what nothing announces."""

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened; the time limit of a test ends the wait if it never does."""
    while not happened():  # noqa: ASYNC110 - nothing announces what a test waits for
        await asyncio.sleep(0.001)
