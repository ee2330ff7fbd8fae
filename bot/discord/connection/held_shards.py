"""Which shards this process serves, and whether it may act for a server at this moment."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from bot.providers.base.current_guild import CURRENT_GUILD
from bot.store.fence import NotHeldError

IDENTIFY_SECONDS: Final = 5.5
"""Seconds between two identifies of one bucket: Discord wants five between their arrivals.
https://docs.discord.com/developers/events/gateway#sharding-max-concurrency
"""


def shard_of(guild_id: int, count: int) -> int:
    """Return the shard that Discord sends a server's events to."""
    return (guild_id >> 22) % count


class HeldShards(Protocol):
    """The shards of this process. Another process may take those that it gives back, or loses."""

    @property
    def ids(self) -> frozenset[int]:
        """The shards to be served now. One that is being given back is no longer among them."""

    @property
    def count(self) -> int | None:
        """How many shards there are in all, None before ``begin``."""

    @property
    def leads(self) -> bool:
        """Whether this process does what is done once for all servers, because it holds the first shard.

        Before ``begin`` that is not settled, and every process does it.
        """

    @property
    def lease_age(self) -> float | None:
        """Seconds since this process's lease was renewed, None if it needs none."""

    async def begin(self, recommended: int) -> int:
        """Settle how many shards there are in all; return it. recommended: by Discord. Raises SetupError."""

    async def changed(self) -> None:
        """Return when ``ids`` is not what it was when this returned last. At first, it is empty."""

    async def left(self, shard_id: int) -> None:
        """Note that this process does nothing any more for a shard that it gives back: it is free then."""

    def require(self, guild_id: int | None) -> None:
        """Raise NotHeldError unless this process may act for a server now; None: unless it may act at all."""

    async def identify_turn(self, shard_id: int, max_concurrency: int) -> None:
        """Return when a shard may identify; call it right before that. max_concurrency: as Discord says."""


def holds(held: HeldShards, guild_id: int) -> bool:
    """Tell whether a server's shard is held, and not being given back; True before ``begin``."""
    return held.count is None or shard_of(guild_id, held.count) in held.ids


def part_of_all(held: HeldShards) -> float:
    """Return this process's part of what Discord allows all processes together: its shards' part of all.

    It is one shard's at least, for what still ends when the last one is given back; all before ``begin``.
    """
    return 1.0 if held.count is None else max(len(held.ids), 1) / held.count


def may_act(held: HeldShards) -> bool:
    """Tell whether a request may be sent now for the server that the work under way is for."""
    return may_act_for(held, CURRENT_GUILD.get())


def may_act_for(held: HeldShards, guild_id: int | None) -> bool:
    """Tell whether this process may act for a server now; None: whether it may act at all."""
    try:
        held.require(guild_id)
    except NotHeldError:
        return False
    return True


class FixedShards:
    """A ``HeldShards`` for a process that holds the same shards from beginning to end."""

    def __init__(
        self,
        shard_ids: Sequence[int] = (),
        count: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """shard_ids: none stands for all. count: None to take as many as Discord recommends."""
        self.ids: frozenset[int] = frozenset()
        self.count: int | None = None
        self.leads = not shard_ids or 0 in shard_ids
        self.lease_age: float | None = None
        self._wanted = frozenset(shard_ids)
        self._setting = count
        self._begun = asyncio.Event()
        self._turns: defaultdict[int, _Turn] = defaultdict(lambda: _Turn(clock, sleep))

    async def begin(self, recommended: int) -> int:
        """Take the shards of the settings; return how many there are in all."""
        self.count = self._setting or recommended
        self.ids = self._wanted or frozenset(range(self.count))
        self._begun.set()
        return self.count

    async def changed(self) -> None:
        """Return once, after ``begin``."""
        await self._begun.wait()
        self._begun.clear()

    async def left(self, shard_id: int) -> None:
        """Do nothing: no shard is given back."""

    def require(self, guild_id: int | None) -> None:
        """Raise nothing: the lock of the database's file is held until the process ends."""

    async def identify_turn(self, shard_id: int, max_concurrency: int) -> None:
        """Return when a shard may identify, of those of this process."""
        await self._turns[shard_id % max_concurrency].take()


class _Turn:
    """The identifies of one bucket."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._next_at = 0.0

    async def take(self) -> None:
        """Return when the next one may be sent."""
        async with self._lock:
            if (left := self._next_at - self._clock()) > 0:
                await self._sleep(left)
            self._next_at = self._clock() + IDENTIFY_SECONDS
