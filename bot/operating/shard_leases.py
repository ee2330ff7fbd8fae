"""Holds a process's lease on a server's database, and shares the shards with the other processes."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Final

import structlog

from bot.discord.connection.held_shards import IDENTIFY_SECONDS, shard_of
from bot.operating.shard_shares import to_give, to_take
from bot.store.fence import Fence, NotHeldError
from bot.store.leases import ShardHolders
from bot.store.postgres.failures import LEASE_OVER, StatementError
from bot.store.postgres.lease_store import LeaseStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_LATE: Final = 0.2
"""How long after the beginning of its turn a shard may be told that it may identify.

With the 0.3 seconds that the client then has, this is by how much a turn is longer than Discord wants.
"""
_MAX_LATE: Final = 5.0
"""The most for which a later try reserves time; no answer takes longer."""
_END_SECONDS: Final = 2.0
"""How long the end of the process waits until its lease is given back."""


def awake_or_not() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ShardLeases:
    """A ``HeldShards`` for one of several processes.

    What this process believes is on the safe side: it counts its lease from before it asked for it, and ends
    before the server lets another process take the shards. ``end`` gives them to the others at once.
    """

    def __init__(
        self,
        store: LeaseStore,
        fence: Fence,
        *,
        on_lost: Callable[[], object],
        count: int | None = None,
        wanted: Callable[[int], Collection[int] | None] = lambda _: None,
        clock: Callable[[], float] = awake_or_not,
    ) -> None:
        """fence: learns the number of the lease. on_lost: called once when the lease is over; it has to end
        the process. count, wanted: see ``LeaseStore.begin``.
        """
        self.ids: frozenset[int] = frozenset()
        self.count: int | None = None
        self._store = store
        self._fence = fence
        self._on_lost = on_lost
        self._setting = count
        self._wanted = wanted
        self._terms = store.terms
        self._clock = clock
        self._held: frozenset[int] = frozenset()
        """The shards that no other process can have, also those that are being given back."""
        self._leaving: frozenset[int] = frozenset()
        self._told: frozenset[int] = frozenset()
        self._has_changed = asyncio.Event()
        self._renewed_at = clock()
        self._is_over = False
        self._sharing = asyncio.Lock()
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def leads(self) -> bool:
        """Whether this process does what is done once for all servers; see ``HeldShards``."""
        return self.count is None or 0 in self.ids

    @property
    def lease_age(self) -> float | None:
        """Seconds since the last renewal that the server has answered was sent."""
        return self._clock() - self._renewed_at

    async def start(self, key_id: str) -> None:
        """Get a lease, and keep it until ``end``. Raises SetupError. key_id: see ``LeaseStore.add``."""
        sent = self._clock()
        self._fence.process = await self._store.add(key_id)
        self._renewed_at = sent
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._watch())]
        _log.info("lease_begun", process=self._fence.process)

    async def end(self) -> None:
        """Give everything back. The process must have ended all that it does for its shards."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks and not self._is_over:
            self._is_over, self.ids, self._held = True, frozenset(), frozenset()
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await self._store.end()
            except (StatementError, TimeoutError) as error:  # it is over by itself soon
                _log.warning("lease_not_given_back", reason=str(error) or type(error).__name__)
        await self._store.close()

    async def begin(self, recommended: int) -> int:
        """Settle how many shards there are in all, take this process's, and return the number of all."""
        self.count = await self._store.begin(self._setting, recommended, self._wanted)
        with contextlib.suppress(StatementError):  # the next look takes them
            await self._share()
        return self.count

    async def changed(self) -> None:
        """Return when ``ids`` is not what it was when this returned last."""
        while self.ids == self._told:
            self._has_changed.clear()
            await self._has_changed.wait()
        self._told = self.ids

    async def left(self, shard_id: int) -> None:
        """Give a shard to whoever takes it, once the database lets it go."""
        while shard_id in self._leaving and not self._is_over:
            try:
                async with self._sharing:
                    # Before others can have it. Where it is not freed, the next look finds that it is held.
                    self._held -= {shard_id}
                    await self._store.free(shard_id)
                    self._leaving -= {shard_id}
            except StatementError:
                await asyncio.sleep(self._terms.look)
            else:
                _log.info("shard_given_back", shard=shard_id)

    def require(self, guild_id: int | None) -> None:
        """Raise NotHeldError unless this process may act for a server now; None: unless it may act at all."""
        if self._is_over or self._left() <= 0:
            raise NotHeldError(reason="the lease of this process is over")
        if guild_id is not None and (self.count is None or shard_of(guild_id, self.count) not in self._held):
            raise NotHeldError(reason="this process does not hold the shard of the server")

    async def identify_turn(self, shard_id: int, max_concurrency: int) -> None:
        """Return when a shard may identify, of those of all processes: first come, first served.

        A turn that comes late, because the answer was slow or the process stood still, is not used: it may
        be the next one's already. The next try reserves more time, and may be later.
        """
        bucket, late = shard_id % max_concurrency, _LATE
        async with self._turns[bucket]:  # of this process, one at a time waits among the others
            while True:
                asked = self._clock()
                try:
                    wait = await self._store.reserve_turn(bucket, IDENTIFY_SECONDS + late - _LATE)
                except StatementError:
                    await asyncio.sleep(self._terms.look)
                    continue
                # Counted from the answer, which came after the server's clock was read: never too early.
                await asyncio.sleep(wait)
                if (found := self._clock() - asked - wait) <= late:
                    return
                late = min(2 * found, _MAX_LATE)

    def _left(self) -> float:
        """Return in how many seconds this process must end."""
        return self._terms.lease - self._terms.margin - (self._clock() - self._renewed_at)

    async def _watch(self) -> None:
        """End the process in time, whatever the server answers."""
        while not self._is_over:
            # The loop's clock does not go on while the machine sleeps.
            await asyncio.sleep(max(0.0, min(self._left(), self._terms.look)))
            if self._left() <= 0:
                self._lose()

    async def _keep(self) -> None:
        fails = False
        while not self._is_over:
            try:
                await self._renew()
                if self.count is not None:
                    await self._share()
            except StatementError as error:
                if error.code == LEASE_OVER:
                    self._lose()
                elif not fails:
                    _log.warning("lease_not_renewed", reason=str(error))
                fails = True
            else:
                fails = False
            await asyncio.sleep(self._terms.look)

    async def _renew(self) -> None:
        sent = self._clock()
        if sent - self._renewed_at < self._terms.renewal:
            return
        # Once the time is up, this process has ended, even if the server would still renew the lease.
        if self._left() > 0 and await self._store.renew() and self._left() > 0:
            self._renewed_at = sent
        else:
            self._lose()

    async def _share(self) -> None:
        """Look who holds which shards; take some or give one back, so that each process has its part."""
        async with self._sharing:
            found = await self._store.look()
            number = self._store.number
            if found.has_expired or to_take(found, number):
                await self._store.take(lambda now: to_take(now, number))
                found = await self._store.look()
            if not self._leaving and (given := to_give(found, number)) is not None:
                self._leaving = frozenset({given})
            self._adopt(found)

    def _adopt(self, found: ShardHolders) -> None:
        if self._is_over:
            return
        own = (each.shards for each in found.processes if each.number == self._store.number)
        self._held = next(own, frozenset())
        self._leaving &= self._held
        before, self.ids = self.ids, self._held - self._leaving
        if self.ids != before:
            _log.info("shards_held", shards=sorted(self.ids), count=self.count)
            self._has_changed.set()

    def _lose(self) -> None:
        if not self._is_over:
            self._is_over, self.ids, self._held = True, frozenset(), frozenset()
            self._on_lost()
