"""What many ask for at once is computed once, and anew after a change."""

import asyncio

import pytest

from bot.recent import MAX_KEPT, Recent
from tests.support.ids import GUILD, OTHER_GUILD


class Work:
    """Counts how often it was begun; each time ends when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        """Return which time this was."""
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return number


def asked(recent: Recent[int], work: Work, guild_id: int = GUILD, key: object = "list") -> asyncio.Task[int]:
    """Ask in a task of its own."""
    return asyncio.ensure_future(recent.get(guild_id, key, work))


async def test_all_who_ask_at_once_share_one_computation() -> None:
    """So does who comes right after; another server and another key have their own."""
    recent, work = Recent[int](), Work()
    waiting = [asked(recent, work) for _ in range(100)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert await asked(recent, work) == 1
    assert await asked(recent, work, OTHER_GUILD) == 2
    assert await asked(recent, work, key="other") == 3


async def test_what_began_before_a_change_is_not_kept() -> None:
    """Who asks after the change gets what is computed after it; other servers keep theirs."""
    recent, work, other = Recent[int](), Work(), Work()
    before, elsewhere = asked(recent, work), asked(recent, other, OTHER_GUILD)
    await asyncio.sleep(0)
    recent.forget(GUILD)
    after = asked(recent, work)
    work.may_end.set()
    other.may_end.set()
    assert (await before, await after, await elsewhere) == (1, 2, 1)
    assert await asked(recent, work) == 2
    assert await asked(recent, other, OTHER_GUILD) == 1


async def test_a_failure_is_raised_and_not_kept() -> None:
    """All who waited learn of it; the next one computes anew."""
    recent, work = Recent[int](), Work()
    work.error = ValueError("x")
    work.may_end.set()
    failed = await asyncio.gather(*(asked(recent, work) for _ in range(3)), return_exceptions=True)
    assert failed == [work.error] * 3
    work.error = None
    assert await asked(recent, work) == 2


async def test_who_is_cancelled_leaves_the_others_their_result() -> None:
    """The computation goes on."""
    recent, work = Recent[int](), Work()
    first, second = asked(recent, work), asked(recent, work)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == 1


async def test_no_more_is_kept_than_allowed() -> None:
    """Whoever asks for much pushes out others' results, which are then computed anew."""
    recent, work = Recent[int](), Work()
    work.may_end.set()
    for key in range(MAX_KEPT + 1):
        await asked(recent, work, key=key)
    assert await asked(recent, work, key=MAX_KEPT) == MAX_KEPT + 1
    assert await asked(recent, work, key=0) == MAX_KEPT + 2
