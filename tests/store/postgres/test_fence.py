"""A process writes only while it has a lease, and for a server only while it holds the server's shard."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from bot.errors import UnavailableError
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from bot.setup_errors import DatabaseMovedError, OtherKeyInUseError, ShardCountDiffersError
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.fence import Fence, NotHeldError
from bot.store.leases import ShardHolders, Terms
from bot.store.postgres.lease_store import LeaseStore
from tests.support.postgres import execute

GUILD = 5 << 22
"""A server of shard 2 of three."""
ROW = ConnectionRow(GUILD, "sensay", "main", b"sealed", set_by=7, set_at=100, verified_at=100)
TERMS = Terms(lease=30, margin=5, renewal=5, look=1)
EXPIRE = "UPDATE bot_process SET expires_at = clock_timestamp()"
NOTHING = SimpleNamespace(sql="SELECT 1")


async def expire(url: str) -> None:
    """Let every lease be over."""
    await asyncio.to_thread(execute, url, EXPIRE)


def all_free(found: ShardHolders) -> frozenset[int]:
    """Choose each shard that is free."""
    return found.free


class Process:
    """One process: its database, its lease, and the server that it works for."""

    def __init__(self, url: str, terms: Terms = TERMS) -> None:
        self.url = url
        self.guild: int | None = None
        self.leases = LeaseStore(url, terms)
        self.fence = Fence(lambda: self.guild)
        self.database: Database

    async def begin(self, stack: AsyncExitStack, count: int = 3, key_id: str = "k1") -> None:
        """Open everything, with a lease and without shards."""
        self.database = await stack.enter_async_context(Database.open(self.url, fence=self.fence))
        stack.push_async_callback(self.leases.close)
        self.fence.process = await self.leases.add(key_id)
        await self.leases.begin(count, 1, lambda _: None)

    async def write(self, guild: int | None = GUILD) -> None:
        """Write something for a server."""
        self.guild = guild
        await self.database.transact(self.database.mark_traces)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Close what a test opens."""
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_process_writes_for_servers_of_its_shards_only(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """A refusal says nothing of the database: other writes go on."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    await other.begin(stack)
    await one.leases.take(lambda _: {2})
    await other.leases.take(all_free)
    await one.write()
    await one.write(None)
    with capture_logs() as logs, pytest.raises(NotHeldError):
        await other.write()
    await other.write(None)
    await other.write(4 << 22)
    with pytest.raises(NotHeldError):
        await one.write(4 << 22)
    assert logs == []
    assert not other.database.write_state.is_refused


async def test_a_process_whose_lease_is_over_writes_nothing(postgres_url: str, stack: AsyncExitStack) -> None:
    """Not even if nobody has taken its shards, and not for no server either. It reads."""
    process = Process(postgres_url)
    await process.begin(stack)
    await process.leases.take(all_free)
    await process.write()
    await expire(postgres_url)
    for guild in (GUILD, None):
        with pytest.raises(NotHeldError):
            await process.write(guild)
    assert not await process.leases.renew()
    assert len(await process.database.read_all(NOTHING)) == 1


async def test_a_command_of_the_host_needs_no_lease(postgres_url: str, stack: AsyncExitStack) -> None:
    """It writes beside the processes, for any server."""
    process = Process(postgres_url)
    await process.begin(stack)
    await process.leases.take(all_free)
    command = await stack.enter_async_context(Database.open(postgres_url))
    assert await ConnectionStore(command).insert(ROW)


async def test_a_takeover_waits_for_a_write_that_is_under_way(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """What the former holder had begun is stored before another one holds the shard, and nothing later is."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    await one.leases.take(all_free)
    await other.begin(stack)
    begun, go_on, order = asyncio.Event(), asyncio.Event(), list[str]()

    async def work(connection: WritingConnection) -> None:
        begun.set()
        await go_on.wait()
        await connection.change("INSERT INTO guild (guild_id) VALUES (1)")
        order.append("written")

    async def take() -> None:
        await other.leases.take(all_free)
        order.append("taken")

    writing = asyncio.create_task(one.database.transact(work))
    await begun.wait()
    await asyncio.to_thread(execute, postgres_url, f"{EXPIRE} WHERE number = %s", one.fence.process)
    taking = asyncio.create_task(take())
    await asyncio.sleep(0.3)
    assert order == []
    go_on.set()
    await asyncio.gather(writing, taking)
    assert order == ["written", "taken"]
    with pytest.raises(NotHeldError):
        await one.write()
    await other.write()


async def test_a_process_halted_in_a_transaction_keeps_nobody_from_writing(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """The server ends its transaction after ten seconds; what it writes after that is refused."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    await other.begin(stack)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(connection: WritingConnection) -> None:
        await connection.change("INSERT INTO guild (guild_id) VALUES (1)")
        begun.set()
        await go_on.wait()
        await connection.change("INSERT INTO guild (guild_id) VALUES (2)")

    writing = asyncio.create_task(one.database.transact(work))
    await begun.wait()
    began = time.monotonic()
    while True:
        try:
            await other.write(None)
        except UnavailableError:
            assert time.monotonic() < began + 20
        else:
            break
    go_on.set()
    with pytest.raises(UnavailableError):
        await writing
    assert await asyncio.to_thread(execute, postgres_url, "SELECT 1 FROM guild") == []


async def test_a_lease_is_renewed_while_somebody_writes(postgres_url: str, stack: AsyncExitStack) -> None:
    """The renewal does not wait for the lock that writers take turns with."""
    process = Process(postgres_url)
    await process.begin(stack)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(_connection: WritingConnection) -> None:
        begun.set()
        await go_on.wait()

    writing = asyncio.create_task(process.database.transact(work))
    await begun.wait()
    assert await process.leases.renew()
    assert [each.number for each in (await process.leases.look()).processes] == [process.fence.process]
    go_on.set()
    await writing


async def test_a_number_is_never_used_again(postgres_url: str, stack: AsyncExitStack) -> None:
    """Who comes after one that has ended has another number, so nothing is written in its name."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    await one.leases.end()
    await other.begin(stack)
    assert other.fence.process != one.fence.process
    with pytest.raises(NotHeldError):
        await one.write(None)


async def test_a_standby_that_lacks_the_last_seconds_gives_no_number_again(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """A process that it has not heard of is another one than the next that comes, and writes nothing."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    await asyncio.to_thread(execute, postgres_url, "DELETE FROM bot_process")
    await asyncio.to_thread(execute, postgres_url, "ALTER SEQUENCE bot_process_number_seq RESTART")
    await other.begin(stack)
    await other.leases.take(all_free)
    await other.write()
    for guild in (GUILD, None):
        with pytest.raises(NotHeldError):
            await one.write(guild)
    assert not await one.leases.renew()
    await one.leases.end()
    await other.write()


async def test_another_key_is_refused_while_the_first_is_in_use(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """Once nobody signs with it any more, another one is taken."""
    one, other = Process(postgres_url), Process(postgres_url)
    await one.begin(stack)
    with pytest.raises(OtherKeyInUseError) as raised:
        await other.begin(stack, key_id="k2")
    assert raised.value.values["in_use"] == "k1"
    await expire(postgres_url)
    await other.begin(stack, key_id="k2")


async def test_the_zone_of_the_server_is_not_looked_up(
    postgres_url: str, stack: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver reads a zone's file in the event loop, and logs what that raises here."""
    url = f"{postgres_url}&options=-ctimezone%3DPacific/Kiritimati"
    one, other = Process(url), Process(url)
    await one.begin(stack)
    with pytest.raises(OtherKeyInUseError) as raised:
        await other.begin(stack, key_id="k2")
    with pytest.raises(ShardCountDiffersError):
        await other.begin(stack, count=4)
    await one.leases.reserve_turn(0, 60)
    assert [each.name for each in caplog.records if each.name.startswith("psycopg")] == []
    since = datetime.strptime(str(raised.value.values["since"]), "%Y-%m-%dT%H:%M:%S%z")
    assert abs(since.timestamp() - time.time()) < 60


async def test_another_number_of_shards_is_refused_while_processes_run(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """One without a number of its own takes theirs; once all have ended the number changes."""
    one, other, third = Process(postgres_url), Process(postgres_url), LeaseStore(postgres_url)
    stack.push_async_callback(third.close)
    await one.begin(stack)
    await one.leases.take(all_free)
    with pytest.raises(ShardCountDiffersError) as raised:
        await other.begin(stack, count=4)
    assert (raised.value.values["setting"], raised.value.values["count"]) == (4, 3)
    await third.add("k1")
    assert await third.begin(None, 9, lambda _: None) == 3
    await third.end()
    await one.leases.end()
    await third.add("k1")
    assert await third.begin(None, 9, lambda _: None) == 9
    await third.take(all_free)
    shards = {each.number: each.shards for each in (await third.look()).processes}
    assert shards[third.number] == frozenset(range(9))


async def test_the_identifies_of_a_bucket_stand_in_line(postgres_url: str, stack: AsyncExitStack) -> None:
    """Of processes that ask together each gets a time of its own. Buckets do not wait for one another."""
    stores = [LeaseStore(postgres_url) for _ in range(4)]
    for store in stores:
        stack.push_async_callback(store.close)
    waits = await asyncio.gather(*(store.reserve_turn(0, 60) for store in stores))
    assert sorted(waits) == pytest.approx([0, 60, 120, 180], abs=5)
    assert await stores[0].reserve_turn(1, 60) == pytest.approx(0, abs=0.001)
    assert await stores[3].reserve_turn(0, 60) == pytest.approx(240, abs=5)


async def test_a_turn_that_was_long_ago_costs_nothing(postgres_url: str, stack: AsyncExitStack) -> None:
    """The next one begins at once, and has its time for itself."""
    store = LeaseStore(postgres_url)
    stack.push_async_callback(store.close)
    await store.reserve_turn(0, 60)
    await asyncio.to_thread(execute, postgres_url, "UPDATE identify_turn SET at = at - interval '1 hour'")
    assert await store.reserve_turn(0, 60) == pytest.approx(0, abs=0.001)
    assert await store.reserve_turn(0, 60) == pytest.approx(60, abs=5)


async def test_a_clock_that_was_set_back_stops_no_identify(postgres_url: str, stack: AsyncExitStack) -> None:
    """A line that nobody can have made is not waited for, but for those who may stand in it."""
    one = Process(postgres_url)
    await one.begin(stack)
    await one.leases.reserve_turn(0, 5)
    await asyncio.to_thread(execute, postgres_url, "UPDATE identify_turn SET at = at + interval '1 hour'")
    assert await one.leases.reserve_turn(0, 5) == pytest.approx(30, abs=4)
    assert await one.leases.reserve_turn(0, 5) == pytest.approx(35, abs=4)


async def test_a_database_that_was_moved_meanwhile_is_refused(
    postgres_url: str, stack: AsyncExitStack
) -> None:
    """A process that had opened it just before begins to run on it no more."""
    process = Process(postgres_url)
    await stack.enter_async_context(Database.open(postgres_url, fence=process.fence))
    stack.push_async_callback(process.leases.close)
    await asyncio.to_thread(execute, postgres_url, "INSERT INTO moved VALUES (1, 'to', 'new.db', 1)")
    with pytest.raises(DatabaseMovedError):
        await process.leases.add("k1")


async def test_a_scrub_that_waited_is_for_no_server(postgres_url: str, stack: AsyncExitStack) -> None:
    """The server whose data it removes may be another process's by then."""
    one = Process(postgres_url)
    await one.begin(stack)
    one.fence.guild = CURRENT_GUILD.get
    await one.database.transact(one.database.mark_traces)
    with working_for(GUILD):
        one.database._scrub_when_due()
    await asyncio.sleep(0.1)
    assert one.database._later_scrub is not None
    assert await one.database._later_scrub
