"""A process with a database of its own holds the same shards from beginning to end."""

import asyncio

import pytest

from bot.discord.connection.held_shards import IDENTIFY_SECONDS, FixedShards, part_of_all, shard_of


class Time:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds


@pytest.mark.parametrize(
    ("ids", "setting", "count", "held"),
    [((), None, 3, {0, 1, 2}), ((), 2, 2, {0, 1}), ((1, 4), 6, 6, {1, 4})],
)
async def test_the_settings_say_which_shards_are_held(
    ids: tuple[int, ...], setting: int | None, count: int, held: set[int]
) -> None:
    """All of as many as Discord recommends, or as the settings say; for good."""
    shards = FixedShards(ids, setting)
    assert (shards.ids, shards.count, shards.lease_age) == (frozenset(), None, None)
    changed = asyncio.create_task(shards.changed())
    assert await shards.begin(3) == count
    await changed
    assert (set(shards.ids), shards.count) == (held, count)
    shards.require(1)
    await shards.left(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await shards.changed()
    assert shards.ids == held


async def test_identifies_of_a_bucket_keep_their_distance() -> None:
    """Those of another bucket do not wait for them, and who comes later does not wait at all."""
    time = Time()
    shards = FixedShards(clock=time, sleep=time.sleep)
    await shards.identify_turn(0, 2)
    await shards.identify_turn(1, 2)
    assert time.now == 100
    await shards.identify_turn(2, 2)
    assert time.now == 100 + IDENTIFY_SECONDS
    time.now += 60
    await shards.identify_turn(4, 2)
    assert time.now == 160 + IDENTIFY_SECONDS


def test_a_server_s_shard_is_that_of_its_id() -> None:
    """As Discord documents it."""
    assert [shard_of(guild << 22 | 4_194_303, 3) for guild in range(5)] == [0, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("ids", "count", "part"), [((), 4, 1.0), ((3,), 4, 0.25), ((0, 1, 2), 4, 0.75), ((), None, 1.0)]
)
async def test_a_process_has_a_part_of_what_all_may_send(
    ids: tuple[int, ...], count: int | None, part: float
) -> None:
    """As large as its part of the shards."""
    shards = FixedShards(ids, count)
    assert part_of_all(shards) == 1
    await shards.begin(3)
    assert part_of_all(shards) == part


async def test_what_ends_after_the_last_shard_may_still_be_sent() -> None:
    """A process that gives its last shard back has the part of one until all has ended."""
    shards = FixedShards((), 4)
    await shards.begin(4)
    shards.ids = frozenset()
    assert part_of_all(shards) == 0.25
