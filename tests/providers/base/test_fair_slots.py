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
ASK = st.tuples(st.just("ask"), st.sampled_from(GUILDS), st.integers(1, 9))
STEP = st.one_of(
    ASK,
    st.tuples(
        st.sampled_from(["finish", "cancel", "finish and cancel", "finish, then cancel"]),
        st.just(None),
        st.integers(0, 60),
    ),
)
Step = tuple[str, int | None, int]


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

    @property
    def waiting(self) -> Counter[int | None]:
        """How many of each guild wait for a place."""
        return self.unfinished - self.used

    def finish_one(self) -> None:
        """End the first that has a place."""
        next(finish for _, task, finish in self.asked if not (task.done() or finish.is_set())).set()


async def full_of(crowd: Crowd, guild_id: int, count: int) -> None:
    """Ask for so many places for one guild."""
    for _ in range(count):
        crowd.ask(guild_id)
    await crowd.settle()


@given(st.lists(ASK, min_size=1, max_size=6), st.lists(STEP, min_size=5, max_size=40))
def test_places_are_shared_whatever_happens(crowd: list[Step], steps: list[Step]) -> None:
    """Never too many at once; nobody waits beside a free place; each that waits is served within one round;
    and after the end every place is free, whoever was cancelled when.
    """
    asyncio.run(act(crowd + steps))


async def act(steps: list[Step]) -> None:
    """Do these steps, and check after each."""
    crowd = Crowd()
    passed_over: Counter[int | None] = Counter()
    for step, guild_id, number in steps:
        waited, began = set(crowd.waiting), len(crowd.began)
        full = {each for each in GUILDS if crowd.used[each] == PER_GUILD}
        await take(crowd, step, guild_id, number)
        await crowd.settle()
        for waits in crowd.waiting:
            assert crowd.used.total() == PER_HOST or crowd.used[waits] == PER_GUILD
        full |= {each for each in GUILDS if crowd.used[each] == PER_GUILD}
        # Who no longer waits has lost its turn, and gets a new one.
        passed_over = Counter({each: passed_over[each] for each in waited & set(crowd.waiting)})
        for served in crowd.began[began:]:
            passed_over[served] = 0
            # Who has as many places as a guild gets, or more than who was served, has no turn to lose.
            others = waited & set(crowd.waiting) - full - {served}
            passed_over.update(each for each in others if crowd.used[each] < crowd.used[served])
        assert all(count < len(GUILDS) for count in passed_over.values())
    for _, _, finish in crowd.asked:
        finish.set()
    await asyncio.gather(*(task for _, task, _ in crowd.asked), return_exceptions=True)
    ends = (None if task.cancelled() else task.exception() for _, task, _ in crowd.asked)
    assert all(end is None or isinstance(end, QueueFullError) for end in ends)
    assert not crowd.slots._used
    assert not crowd.slots._waiting


async def take(crowd: Crowd, step: str, guild_id: int | None, number: int) -> None:
    """Do one step. number: how many ask, or which of those that have asked is cancelled."""
    if step == "ask":
        for _ in range(number):
            crowd.ask(guild_id)
        return
    if step != "cancel" and crowd.used.total():
        crowd.finish_one()
    if step == "finish, then cancel":
        await asyncio.sleep(0)  # a place is free now, and given on, but not used yet
    if step != "finish":
        crowd.asked[number % len(crowd.asked)][1].cancel()


async def test_one_guild_leaves_places_for_another() -> None:
    """However much one guild asks for, another guild's first requests begin at once."""
    crowd = Crowd()
    await full_of(crowd, 1, 30)
    assert crowd.began == [1] * PER_GUILD
    await full_of(crowd, 2, PER_HOST - PER_GUILD)
    assert crowd.began == [1] * PER_GUILD + [2] * (PER_HOST - PER_GUILD)
    await close(crowd)


async def test_guilds_that_wait_take_turns() -> None:
    """A guild without a place gets the next one; those with as many take turns."""
    crowd = Crowd()
    await full_of(crowd, 1, 20)
    await full_of(crowd, 2, 20)
    await full_of(crowd, 3, 1)
    crowd.began.clear()
    for _ in range(4):
        crowd.finish_one()
        await crowd.settle()
    assert crowd.began == [3, 2, 1, 2]
    await close(crowd)


async def test_a_queue_has_an_end() -> None:
    """One more than may wait is refused at once, without a write having happened; other guilds may wait."""
    crowd = Crowd()
    await full_of(crowd, 1, PER_GUILD + MAX_WAITING)
    with pytest.raises(QueueFullError) as refused:
        async with crowd.slots.place(1):
            pass
    assert not refused.value.outcome_unknown
    crowd.finish_one()
    await crowd.settle()
    crowd.ask(1)
    await crowd.settle()
    assert crowd.unfinished[1] == PER_GUILD + MAX_WAITING
    await full_of(crowd, 2, PER_HOST)
    assert crowd.unfinished[2] == PER_HOST
    await close(crowd)


async def close(crowd: Crowd) -> None:
    """Cancel everybody, and see that every place is free."""
    for _, task, _ in crowd.asked:
        task.cancel()
    await asyncio.gather(*(task for _, task, _ in crowd.asked), return_exceptions=True)
    assert not crowd.slots._used
    assert not crowd.slots._waiting
