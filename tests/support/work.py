"""Work that lasts until a test lets it end."""

import asyncio


class Work:
    """Something that takes time. end: how it ended: "done" or "cancelled", empty while it runs."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.end: str = ""

    async def result(self) -> str:
        """Do the work and return its result."""
        self.has_begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.end = "cancelled"
            raise
        self.end = "done"
        return "result"

    async def run(self) -> None:
        """Do the work without a result, as in the background."""
        await self.result()
