"""Several processes share the shards of one bot on a PostgreSQL server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from random import Random

import psycopg
import pytest

from bot.store.fence import NotHeldError
from bot.store.leases import Terms
from bot.store.postgres.engine import WRITERS
from bot.store.postgres.lease_store import LeaseStore
from tests.support.postgres import execute
from tests.support.shard_cluster import COUNT, LONG, SHORT, Cluster, Member, guild_of


@pytest.fixture
async def cluster(postgres_url: str) -> AsyncIterator[Cluster]:
    """No process yet."""
    async with AsyncExitStack() as stack:
        yield Cluster(postgres_url, stack)


async def test_each_process_gets_its_part(cluster: Cluster) -> None:
    """One that comes gets what the others give back, one shard after the other."""
    for numbers in ([6], [3, 3], [2, 2, 2]):
        await cluster.add()
        await cluster.until(partial(_are, cluster, numbers))


async def test_processes_that_start_together_share_at_once(cluster: Cluster) -> None:
    """None takes what another one is about to take."""
    members = [Member(cluster.url, LONG) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for member in members:
            stack.push_async_callback(member.stop)
            await member.leases.start("k1")
        for member in members:
            await member.leases.begin(1)
        assert [len(member.leases.ids) for member in members] == [2, 2, 2]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_one_process_at_a_time_may_act_for_a_shard(
    cluster: Cluster, seed: int
) -> None:
    """Processes come, end, die, stand still and go on at any time; after all that, every shard is served."""
    random = Random(seed)  # noqa: S311
    halted: list[Member] = []
    acts = dict.fromkeys(range(COUNT), 0)
    for _ in range(40):
        living = [each for each in cluster.members if not each.is_lost and each not in halted]
        one = random.choice(living) if living else None
        match random.choice(["start", "start", "stop", "die", "halt", "go on", "go on"]):
            case "start" if len(living) < 4:
                await cluster.add(SHORT)
            case "stop" if one:
                await one.stop()
                cluster.members.remove(one)
            case "die" if one:
                await one.die()  # it stays in the list: nobody may act before its time is up
                one.is_lost = True
            case "halt" if one:
                one.halt()
                halted.append(one)
            case "go on" if halted:
                halted.pop(random.randrange(len(halted))).go_on()
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            for shard in acts:
                may = sum(each.may_act(shard) for each in cluster.members)
                assert may <= 1
                acts[shard] += may
            await asyncio.sleep(0.005)
    assert all(acts.values())
    for each in halted:
        await each.die()
    await cluster.add(SHORT)
    await cluster.until(lambda: sum(cluster.numbers()) == COUNT)


async def test_a_process_that_is_told_to_stop_hands_over(cluster: Cluster) -> None:
    """The others have its shards long before a lease would be over."""
    one, other = await cluster.add(), await cluster.add()
    await cluster.until(lambda: cluster.numbers() == [3, 3])
    await one.stop()
    await cluster.until(lambda: len(other.serves) == 6, seconds=5)
    with pytest.raises(NotHeldError):
        one.leases.require(None)


async def test_a_process_that_dies_is_replaced_when_its_lease_is_over(cluster: Cluster) -> None:
    """Not before: it could still be at work."""
    one, other = await cluster.add(SHORT), await cluster.add(SHORT)
    await cluster.until(lambda: cluster.numbers() == [3, 3])
    await one.die()
    await asyncio.sleep(1)
    assert len(other.serves) == 3
    await cluster.until(lambda: len(other.serves) == 6)


async def test_a_process_that_stood_still_ends(cluster: Cluster) -> None:
    """It notices as soon as it goes on, before it asks the server, and may do nothing from that moment on."""
    one, other = await cluster.add(), await cluster.add()
    await cluster.until(lambda: cluster.numbers() == [3, 3])
    guild = guild_of(min(one.serves))
    one.leases.require(guild)
    one.ahead = 26.0
    for each in (guild, None):
        with pytest.raises(NotHeldError):
            one.leases.require(each)
    await cluster.until(lambda: one.is_lost, seconds=2)
    assert one.leases.ids == frozenset()
    other.leases.require(guild_of(min(other.serves)))


async def test_a_process_whose_lease_the_server_ended_ends(cluster: Cluster) -> None:
    """As when the server's clock was ahead."""
    one = await cluster.add()
    await asyncio.to_thread(execute, cluster.url, "UPDATE bot_process SET expires_at = clock_timestamp()")
    await cluster.until(lambda: one.is_lost)


async def test_a_process_without_a_server_ends_in_time(cluster: Cluster) -> None:
    """It does not wait for an answer for longer than its lease lasts."""
    one = await cluster.add(SHORT)
    async with asyncio.timeout(20):
        # Whoever holds the row keeps each renewal waiting.
        with psycopg.connect(cluster.url) as connection:
            await asyncio.to_thread(connection.execute, "SELECT FROM bot_process FOR UPDATE")
            began = time.monotonic()
            await cluster.until(lambda: one.is_lost)
    assert time.monotonic() - began < SHORT.lease


async def test_connections_that_were_lost_cost_no_lease(cluster: Cluster) -> None:
    """A server that is started anew within the time finds everything as it was."""
    one = await cluster.add()
    await cluster.until(lambda: cluster.numbers() == [6])
    for _ in range(3):
        await asyncio.to_thread(
            execute,
            cluster.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await asyncio.sleep(0.4)
    await cluster.until(lambda: (one.leases.lease_age or 9) < 1)
    assert (one.is_lost, len(one.serves)) == (False, 6)


async def test_a_shard_is_served_until_it_is_given_back(cluster: Cluster) -> None:
    """What runs for its servers goes on; for others this process does nothing."""
    one = await cluster.add()
    await cluster.until(lambda: cluster.numbers() == [6])
    other = Member(cluster.url, LONG)
    cluster.members.append(other)
    seen: list[int] = []
    while not seen:
        seen = sorted(one.serves - one.leases.ids)
        if other._task is None:
            await other.start()
        await asyncio.sleep(0)
    one.leases.require(guild_of(seen[0]))
    with pytest.raises(NotHeldError):
        other.leases.require(guild_of(seen[0]))
    await cluster.until(lambda: seen[0] in other.serves)
    with pytest.raises(NotHeldError):
        one.leases.require(guild_of(seen[0]))
    await other.stop()


async def test_a_shard_that_others_may_have_is_not_acted_for(cluster: Cluster) -> None:
    """What is given back is let go here before the database is asked; who writes keeps that waiting."""
    one = Member(cluster.url, LONG)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(one.leases.end)
        await one.leases.start("k1")
        await one.leases.begin(1)
        await one.leases.changed()
        other = await cluster.add()
        await one.leases.changed()
        (shard,) = frozenset(range(COUNT)) - one.leases.ids
        assert one.may_act(shard)
        with psycopg.connect(cluster.url) as connection:
            await asyncio.to_thread(connection.execute, f"SELECT pg_advisory_xact_lock({WRITERS})")
            giving = asyncio.create_task(one.leases.left(shard))
            await asyncio.sleep(0.5)
            assert not giving.done()
            assert (one.may_act(shard), one.may_act(min(one.leases.ids))) == (False, True)
        await giving
        await cluster.until(lambda: shard in other.serves)


async def test_more_processes_than_shards_stand_by(cluster: Cluster) -> None:
    """One without shards does nothing until another one ends."""
    members = []
    for numbers in ([2], [1, 1], [1, 1, 0]):
        members.append(await cluster.add(count=2))
        await cluster.until(partial(_are, cluster, numbers))
    members[2].leases.require(None)
    await members[0].stop()
    await cluster.until(lambda: cluster.numbers() == [0, 1, 1])


@pytest.mark.parametrize("others", [0, 1])
async def test_processes_that_never_begin_keep_no_shard(cluster: Cluster, others: int) -> None:
    """Each ends as soon as it has a lease, and another one comes. All shards are served within seconds."""
    terms = Terms(lease=3.0, margin=0.5, renewal=0.5, look=0.1, start=2.0)

    async def start_and_end() -> None:
        while True:
            store = LeaseStore(cluster.url, terms)
            await store.add("k1")
            await store.close()
            await asyncio.sleep(0.2)

    coming = asyncio.create_task(start_and_end())
    await asyncio.sleep(0.5)
    members = [await cluster.add(terms) for _ in range(1 + others)]
    await cluster.until(lambda: sum(cluster.numbers()) == COUNT, seconds=5)
    for each in members[1:]:
        await each.die()
    await cluster.until(lambda: len(members[0].serves) == COUNT, seconds=6)
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)


async def test_set_shards_are_the_only_ones(cluster: Cluster) -> None:
    """A process that names its shards gets them from those that do not, and takes no others."""
    one = await cluster.add()
    await cluster.until(lambda: cluster.numbers() == [6])
    other = await cluster.add(wanted={0, 4})
    await cluster.until(lambda: other.serves == {0, 4})
    assert one.serves == {1, 2, 3, 5}
    await one.stop()
    await asyncio.sleep(0.5)
    assert other.serves == {0, 4}


def _are(cluster: Cluster, numbers: list[int]) -> bool:
    return cluster.numbers() == numbers
