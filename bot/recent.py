"""Keeps for a moment what was computed for a guild, and shares what is being computed."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

from cachetools import TTLCache

ResultT = TypeVar("ResultT")

KEPT_SECONDS: Final = 1.0
MAX_KEPT: Final = 64
"""Results of all guilds together; without room, what was used least lately is computed anew."""


class Recent(Generic[ResultT]):
    """Computes each thing once a second, however many ask for it.

    It is for what need not be exact: a result may be from before a change of the last second that nobody
    announced by ``forget``.
    """

    def __init__(self) -> None:
        self._kept: TTLCache[tuple[int, Hashable], asyncio.Task[ResultT]] = TTLCache(MAX_KEPT, KEPT_SECONDS)

    async def get(
        self, guild_id: int, key: Hashable, compute: Callable[[], Coroutine[Any, Any, ResultT]]
    ) -> ResultT:
        """Return what is kept under this key, or being computed for it; compute it if there is neither.

        What ``compute`` raises is raised for all who wait for it, and not kept. It goes on if they are
        cancelled.
        """
        task = self._kept.get((guild_id, key))
        if task is None:
            task = self._kept[guild_id, key] = asyncio.create_task(compute())
            task.add_done_callback(lambda ended: self._drop_failure((guild_id, key), ended))
        return await asyncio.shield(task)

    def forget(self, guild_id: int) -> None:
        """Compute anew whatever is asked for next, because something has changed in the guild."""
        for key in [each for each in self._kept if each[0] == guild_id]:
            self._kept.pop(key, None)

    def _drop_failure(self, key: tuple[int, Hashable], task: asyncio.Task[ResultT]) -> None:
        # To ask for the exception also tells the event loop that it was seen: nobody may be waiting.
        if (task.cancelled() or task.exception() is not None) and self._kept.get(key) is task:
            del self._kept[key]
