"""Shares a read that is under way among all who ask for the same."""

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar

from bot.errors import ProviderError
from bot.providers.base.current_guild import CURRENT_GUILD

ResultT = TypeVar("ResultT")


def key_of(*parts: object) -> bytes:
    """Return what only equal parts have: JSON values or mappings. It is a digest, as one may be a secret."""
    return blake2b(json.dumps(parts, sort_keys=True, default=dict).encode()).digest()


@dataclass(slots=True, eq=False)
class _Shared(Generic[ResultT]):
    """One read. sharers: how many wait for it."""

    task: asyncio.Task[ResultT | ProviderError]
    sharers: int = 0


class UnderWay(Generic[ResultT]):
    """The reads under way. It keeps no result: who comes after the end reads anew."""

    def __init__(self) -> None:
        self._reads: dict[tuple[int | None, bytes], _Shared[ResultT]] = {}

    async def share(self, key_in_guild: bytes, read: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Return what the current guild's read under way for this key returns; begin it if there is none.

        Whoever is cancelled leaves the others their read; the last one cancels it. Raises the read's
        ProviderError, for each sharer an exception of its own.
        """
        key = CURRENT_GUILD.get(), key_in_guild
        shared = self._reads.get(key)
        if shared is None:
            shared = self._reads[key] = _Shared(asyncio.create_task(_settle(read)))
        shared.sharers += 1
        try:
            await asyncio.wait([shared.task])
        except asyncio.CancelledError:
            shared.sharers -= 1
            if not shared.sharers:
                self._forget(key, shared)
                shared.task.cancel()
                await asyncio.wait([shared.task])  # its place is free again when this one has ended
            raise
        self._forget(key, shared)
        outcome = shared.task.result()
        if isinstance(outcome, ProviderError):
            # Raised in several tasks, one exception would collect the tracebacks of all.
            raise copy.copy(outcome)
        return outcome

    def begin_anew(self) -> None:
        """Let nobody join a read that the current guild has under way now: it may show what was before."""
        guild_id = CURRENT_GUILD.get()
        for key in [each for each in self._reads if each[0] == guild_id]:
            del self._reads[key]

    def _forget(self, key: tuple[int | None, bytes], shared: _Shared[ResultT]) -> None:
        if self._reads.get(key) is shared:
            del self._reads[key]


async def _settle(read: Callable[[], Awaitable[ResultT]]) -> ResultT | ProviderError:
    try:
        return await read()
    except ProviderError as error:
        return error
