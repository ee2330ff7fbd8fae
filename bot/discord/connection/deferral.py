"""Acknowledges an interaction unless its answer comes first, which then is the one request that it takes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

QUICK: Final = 0.3
"""Seconds that an answer may take without an acknowledgement. Discord wants the one or the other within
three, of which the guard may have taken one.
"""


class Deferral:
    """Acknowledges after ``QUICK``. share: whether the answer is for everybody."""

    def __init__(self, acknowledge: Callable[[], Coroutine[Any, Any, None]], *, share: bool) -> None:
        self.share = share
        self._acknowledge = acknowledge
        self._begun: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(QUICK, self._begin)

    async def settle(self) -> None:
        """Acknowledge no more; where that has begun, wait for it, and raise what it raises."""
        self._timer.cancel()
        if self._begun is not None:
            await self._begun

    def _begin(self) -> None:
        self._begun = asyncio.create_task(self._acknowledge())
