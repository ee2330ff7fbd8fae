"""Starts the workers once the bot knows in which servers it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from bot.discord.background import BackgroundTasks

# How long the workers wait for the other shards, which may take an hour or a day.
_LATE_SHARDS_SECONDS: Final = 60.0


class Workers:
    """What goes on in the background from when all shards are ready.

    It does not wait for shards that are not ready a minute after the first one is: their servers are unknown.
    """

    def __init__(self, background: BackgroundTasks) -> None:
        self._background = background
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.ready_shards: set[int] = set()

    @property
    def have_begun(self) -> bool:
        """Whether the workers have begun."""
        return not self._waiting

    def start_when_ready(self, worker: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a worker in the background once all shards are ready."""
        self._waiting.append(worker)

    def ready(self, shard_id: int, held: frozenset[int]) -> None:
        """Note that a shard is ready. held: the shards of this process."""
        self.ready_shards.add(shard_id)
        self._start_if_ready(held)
        if self._waiting:
            self._background.start(self._start_later())

    def left(self, shard_id: int, held: frozenset[int]) -> None:
        """Note that a shard is no longer held: nobody waits for it."""
        self.ready_shards.discard(shard_id)
        self._start_if_ready(held)

    def start(self) -> None:
        """Do it once: a shard is ready again after each reconnect that could not resume."""
        while self._waiting:
            self._background.start(self._waiting.pop(0)())

    def _start_if_ready(self, held: frozenset[int]) -> None:
        if self.ready_shards >= held:
            self.start()

    async def _start_later(self) -> None:
        await asyncio.sleep(_LATE_SHARDS_SECONDS)
        self.start()
