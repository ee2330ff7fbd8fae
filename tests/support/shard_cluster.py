"""Several processes that share the shards of one bot on a PostgreSQL server, in one process of the tests."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from bot.operating.shard_leases import ShardLeases
from bot.store.fence import Fence, NotHeldError
from bot.store.leases import Terms
from bot.store.postgres.lease_store import LeaseStore

SHORT = Terms(lease=3.0, margin=0.5, renewal=0.5, look=0.1)
"""A tenth of what holds in use, so that a test need not wait long."""
LONG = Terms(lease=30.0, margin=5.0, renewal=0.5, look=0.1)
"""Nothing ends by itself while a test runs."""
COUNT = 6


class Member:
    """One process. It serves a shard from when it is told of it until it has given it back."""

    def __init__(
        self, url: str, terms: Terms, wanted: set[int] | None = None, count: int | None = COUNT
    ) -> None:
        self.ahead = 0.0
        """Seconds by which this process has stood still."""
        self.is_lost = False
        self.leases = ShardLeases(
            LeaseStore(url, terms),
            Fence(),
            on_lost=self._lose,
            count=count,
            wanted=lambda _: wanted,
            clock=lambda: time.monotonic() + self.ahead,
        )
        self.serves: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve."""
        await self.leases.start("k1")
        await self.leases.begin(1)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End in good order."""
        await self._end_task()
        self.serves.clear()
        await self.leases.end()

    async def die(self) -> None:
        """End without a word, as after kill -9."""
        await self._end_task()
        self.serves.clear()
        self.halt()

    def halt(self) -> None:
        """Stand still, as after SIGSTOP, but for what is asked whether this process may act."""
        for task in self.leases._tasks:
            task.cancel()
        self.leases._tasks = []

    def go_on(self) -> None:
        """Go on, as after SIGCONT."""
        leases = self.leases
        leases._tasks = [asyncio.create_task(work) for work in (leases._keep(), leases._watch())]

    def may_act(self, shard: int) -> bool:
        """Tell whether this process could send or write something for a shard at this moment."""
        try:
            self.leases.require(guild_of(shard))
        except NotHeldError:
            return False
        return True

    async def _end_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _lose(self) -> None:
        self.is_lost = True
        self.serves.clear()

    async def _follow(self) -> None:
        while True:
            await self.leases.changed()
            self.serves |= self.leases.ids
            for shard in self.serves - self.leases.ids:
                await asyncio.sleep(0.05)  # what runs for it ends
                self.serves.discard(shard)
                await self.leases.left(shard)


class Cluster:
    """Processes on one database; none may serve what another one serves."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self.members: list[Member] = []
        self._stack = stack

    async def add(self, terms: Terms = LONG, **options: object) -> Member:
        """Start one."""
        member = Member(self.url, terms, **options)  # type: ignore[arg-type]
        self._stack.push_async_callback(member.stop)
        await member.start()
        self.members.append(member)
        return member

    async def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something holds. No shard has two servers at any time."""
        until = time.monotonic() + seconds
        while not holds():
            served = [shard for member in self.members for shard in member.serves]
            assert len(served) == len(set(served)), served
            assert time.monotonic() < until, [member.serves for member in self.members]
            await asyncio.sleep(0.01)

    def numbers(self) -> list[int]:
        """Return how many shards each one serves."""
        return [len(member.serves) for member in self.members]


def guild_of(shard: int) -> int:
    """Return a server of a shard."""
    return (COUNT * 1000 + shard) << 22
