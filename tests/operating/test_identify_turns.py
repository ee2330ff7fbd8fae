"""Several processes take turns to identify, by the database that they share."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bot.discord.connection.held_shards import IDENTIFY_SECONDS
from tests.support.shard_cluster import Cluster, Member


@pytest.fixture
async def cluster(postgres_url: str) -> AsyncIterator[Cluster]:
    """No process yet."""
    async with AsyncExitStack() as stack:
        yield Cluster(postgres_url, stack)


async def test_identifies_keep_their_distance_over_all_processes(cluster: Cluster) -> None:
    """Two shards of a bucket wait for each other, those of another bucket do not."""
    one, other = await cluster.add(), await cluster.add()
    began = time.monotonic()
    times: dict[int, float] = {}

    async def identify(member: Member, shard: int) -> None:
        await member.leases.identify_turn(shard, 2)
        times[shard] = time.monotonic() - began

    await asyncio.gather(identify(one, 0), identify(other, 2), identify(one, 1))
    assert times[1] < IDENTIFY_SECONDS / 2
    assert abs(times[0] - times[2]) >= 5


async def test_who_came_first_identifies_first(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processes wait, none overtakes another one."""
    monkeypatch.setattr("bot.operating.shard_leases.IDENTIFY_SECONDS", 0.5)
    members = [await cluster.add() for _ in range(6)]
    order: list[int] = []

    async def identify(number: int) -> None:
        await members[number].leases.identify_turn(0, 1)
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in (3, 0, 5, 1, 4, 2):
            group.create_task(identify(number))
            await asyncio.sleep(0.05)
    assert order == [3, 0, 5, 1, 4, 2]


async def test_a_turn_that_a_process_has_overslept_is_not_used(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another one's by then: the process waits for a turn behind all that have asked meanwhile."""
    monkeypatch.setattr("bot.operating.shard_leases.IDENTIFY_SECONDS", 1.0)
    one, other = await cluster.add(), await cluster.add()
    order: list[Member] = []

    async def identify(member: Member) -> None:
        await member.leases.identify_turn(0, 1)
        order.append(member)

    await identify(other)
    async with asyncio.TaskGroup() as group:
        for each in (one, other):
            group.create_task(identify(each))
            await asyncio.sleep(0.2)
        one.ahead = 0.5
    assert order == [other, other, one]
