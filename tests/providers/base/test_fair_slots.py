"""No guild occupies all places for requests to a host, and those that wait take turns."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QueueFullError
from bot.providers.base.fair_slots import MAX_WAITING, PER_GUILD, PER_HOST, FairSlots

GUILDS = (None, 1, 2, 3)
STEP = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(GUILDS)),
    st.tuples(st.just("finish"), st.integers(0, 60)),
    st.tuples(st.just("cancel"), st.integers(0, 60)),
    st.tuples(st.just("finish and cancel"), st.integers(0, 60)),
)


@dataclass
class Crowd:
    """Asks for places, and notes who has one. finish: set to give a place back."""

    slots: FairSlots = field(default_factory=lambda: FairSlots("orders"))
    used: Counter[int | None] = field(default_factory=Counter)
    began: list[int | None] = field(default_factory=list)
    asked: list[tuple[int | None, asyncio.Task[None], asyncio.Event]] = field(default_factory=list)

    def ask(self, guild_id: int | None) -> None:
        """Begin to wait for a place."""
        finish = asyncio.Event()
        self.asked.append((guild_id, asyncio.create_task(self._use(guild_id, finish)), finish))

    async def _use(self, guild_id: int | None, finish: asyncio.Event) -> None:
        async with self.slots.place(guild_id):
            self.used[guild_id] += 1
            self.began.append(guild_id)
            assert self.used.total() <= PER_HOST
            assert self.used[guild_id] <= PER_GUILD
            try:
                await finish.wait()
            finally:
                self.used[guild_id] -= 1

    async def settle(self) -> None:
        """Let everything happen that can happen."""
        for _ in range(6):
            await asyncio.sleep(0)

    @property
    def unfinished(self) -> Counter[int | None]:
        """How many of each guild have a place or wait for one."""
        return Counter(guild_id for guild_id, task, _ in self.asked if not task.done())

    def finish_one(self) -> None:
        """End the first that has a place."""
        next(finish for _, task, finish in self.asked if not (task.done() or finish.is_set())).set()


async def full_of(crowd: Crowd, guild_id: int, count: int) -> None:
    """Ask for so many places for one guild."""
    for _ in range(count):
        crowd.ask(guild_id)
    await crowd.settle()


@given(st.lists(STEP, max_size=60))
def test_places_are_shared_whatever_happens(steps: list[tuple[str, int | None]]) -> None:
    """Never too many at once; nobody waits beside a free place; each that waits is served within one round;
    and after the end every place is free, whoever was cancelled when.
    """
    asyncio.run(act(steps))


async def act(steps: list[tuple[str, int | None]]) -> None:
    crowd = Crowd()
    passed_over: Counter[int | None] = Counter()
    for step, value in steps:
        before = crowd.unfinished - crowd.used
        if step == "ask":
            crowd.ask(value)
        elif crowd.asked:
            _, task, _ = crowd.asked[(value or 0) % len(crowd.asked)]
            if step != "cancel" and crowd.used.total():
                first = next(each for each in crowd.asked if not each[1].done() and not each[2].is_set())
                first[2].set()
            if step == "finish and cancel":
                await asyncio.sleep(0)  # the place may have been given on now, and not used yet
            if step != "finish":
                task.cancel()
        began_before = len(crowd.began)
        await crowd.settle()
        assert crowd.used.total() <= PER_HOST
        waiting = crowd.unfinished - crowd.used
        for guild_id in waiting:
            assert crowd.used.total() == PER_HOST or crowd.used[guild_id] == PER_GUILD
        for guild_id in crowd.began[began_before:]:
            passed_over[guild_id] = 0
            for other in waiting & before:
                if other != guild_id and crowd.used[other] < PER_GUILD:
                    passed_over[other] += 1
                    assert passed_over[other] < len(GUILDS)
    while crowd.unfinished:
        for _, _, finish in crowd.asked:
            finish.set()
        await crowd.settle()
    for _, task, _ in crowd.asked:
        assert task.cancelled() or task.exception() is None
    assert not crowd.slots._used
    assert not crowd.slots._waiting


async def test_one_guild_leaves_places_for_another() -> None:
    """However much one guild asks for, another guild's first requests begin at once."""
    crowd = Crowd()
    await full_of(crowd, 1, 30)
    assert crowd.began == [1] * PER_GUILD
    await full_of(crowd, 2, PER_HOST - PER_GUILD)
    assert crowd.began == [1] * PER_GUILD + [2] * (PER_HOST - PER_GUILD)
    await close(crowd)


async def test_guilds_that_wait_take_turns() -> None:
    """A guild that asks last, and for little, gets the next place but one, not the last."""
    crowd = Crowd()
    await full_of(crowd, 1, 20)
    await full_of(crowd, 2, 20)
    await full_of(crowd, 3, 1)
    crowd.began.clear()
    for _ in range(4):
        crowd.finish_one()
        await crowd.settle()
    assert crowd.began == [1, 2, 3, 1]
    await close(crowd)


async def test_a_queue_has_an_end() -> None:
    """One more than may wait is refused at once, without a write having happened; other guilds may wait."""
    crowd = Crowd()
    await full_of(crowd, 1, PER_GUILD + MAX_WAITING)
    with pytest.raises(QueueFullError) as refused:
        async with crowd.slots.place(1):
            pass
    assert not refused.value.outcome_unknown
    await full_of(crowd, 2, PER_HOST)
    assert crowd.unfinished[2] == PER_HOST
    crowd.finish_one()
    await crowd.settle()
    crowd.ask(1)
    await crowd.settle()
    assert crowd.unfinished[1] == PER_GUILD + MAX_WAITING
    await close(crowd)


async def close(crowd: Crowd) -> None:
    """Cancel everybody, and see that every place is free."""
    for _, task, _ in crowd.asked:
        task.cancel()
    await asyncio.gather(*(task for _, task, _ in crowd.asked), return_exceptions=True)
    assert not crowd.slots._used
    assert not crowd.slots._waiting
