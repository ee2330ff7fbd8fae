"""No guild's long reads stop the reads of other guilds, and the guard's reads wait for nobody's."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from bot.errors import RestartingError
from bot.features.access.service import AccessService
from bot.features.access.store import AccessStore
from bot.features.access.tier import Tier
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.connection import ReadingConnection
from bot.store.database import Database
from bot.store.readers import MAX_PER_GUILD, READERS
from tests.support.ids import GUILD, MEMBER

JOINED: Final = datetime.fromtimestamp(50, UTC)


@dataclass
class Query:
    """A query that stands in no file."""

    sql: str


ENDLESS: Final = Query(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) + :guild_id FROM n"
)
SHORT: Final = Query("SELECT :guild_id AS guild")


@dataclass
class Thread:
    """A row that remembers in which thread it was made."""

    guild: int

    def __post_init__(self) -> None:
        """Note the thread."""
        self.name = threading.current_thread().name


@pytest.fixture
async def occupied(database: Database) -> AsyncIterator[list[asyncio.Task[object]]]:
    """As many reads of one guild that never end as could occupy all connections several times."""
    reads: list[asyncio.Task[object]] = [
        asyncio.create_task(database.read_all(ENDLESS, guild_id=GUILD)) for _ in range(5 * READERS)
    ]
    await asyncio.sleep(0)
    try:
        yield reads
    finally:
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)


async def test_a_guilds_long_reads_leave_connections_to_others(
    database: Database, occupied: list[asyncio.Task[object]]
) -> None:
    """Other guilds are served while one guild's reads fill its part of the pool."""
    async with asyncio.timeout(5):
        for guild in range(1, 20):
            assert await database.fetch_one(dict, SHORT, guild_id=guild) == {"guild": guild}
    assert not any(read.done() for read in occupied)


async def test_the_guard_waits_for_nobody(database: Database, occupied: list[asyncio.Task[object]]) -> None:
    """Grants are read while endless reads of several guilds occupy the whole pool."""
    access = AccessService(AccessStore(database), lambda: 100)
    await access.grant(GUILD, "member", MEMBER, Tier.MANAGER, member_id=MEMBER)
    others = [
        asyncio.create_task(database.read_all(ENDLESS, guild_id=guild)) for guild in range(1, READERS + 1)
    ]
    await asyncio.sleep(0)
    occupied += others
    async with asyncio.timeout(5):
        assert await access.tier_of(GUILD, MEMBER, [], JOINED) is Tier.MANAGER
    assert not any(read.done() for read in occupied)


async def test_a_cancelled_read_frees_its_connection(database: Database) -> None:
    """However often endless reads are cancelled, running or waiting, all connections serve others again."""
    for round_ in range(3 * READERS):
        reads = [asyncio.create_task(database.read_all(ENDLESS, guild_id=guild % 3)) for guild in range(12)]
        for _ in range(round_ % 5):
            await asyncio.sleep(0)
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(database.fetch_one(dict, SHORT, guild_id=i) for i in range(40)))
    assert answers == [{"guild": number} for number in range(40)]


async def test_what_still_waits_when_the_database_is_closed_is_refused(path: Path) -> None:
    """A read under way ends as ever; those that wait for a connection do not wait for ever."""
    go = threading.Event()

    def held(_: ReadingConnection) -> str:
        assert go.wait(timeout=5)
        return "read"

    async with asyncio.timeout(5):
        async with Database.open(path) as database:
            reads = [asyncio.create_task(database._readers.read(held, GUILD)) for _ in range(20)]
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.05, go.set)
        answers = await asyncio.gather(*reads, return_exceptions=True)
    assert answers[:MAX_PER_GUILD] == ["read"] * MAX_PER_GUILD
    assert {type(each) for each in answers[MAX_PER_GUILD:]} == {RestartingError}


async def test_guilds_take_turns(database: Database, occupied: list[asyncio.Task[object]]) -> None:
    """A guild that asks once does not wait until one that asked a hundred times before it is served."""
    blocking = [asyncio.create_task(database.read_all(ENDLESS, guild_id=2)) for _ in range(MAX_PER_GUILD)]
    await asyncio.sleep(0)
    few = threading.Semaphore(2 * MAX_PER_GUILD)

    def one_of_few(_: ReadingConnection) -> None:
        assert few.acquire(timeout=5), "the other guild has not been served yet"

    def once(_: ReadingConnection) -> None:
        few.release(100)

    asked = [asyncio.create_task(database._readers.read(one_of_few, 3)) for _ in range(100)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(database._readers.read(once, 4)))
    await asyncio.sleep(0)
    for read in blocking:
        read.cancel()
    await asyncio.gather(*asked)
    assert not any(read.done() for read in occupied)


async def test_each_connection_sees_what_a_write_has_stored(database: Database) -> None:
    """When a write has returned, as many reads as there are connections see it, all at once."""
    store = ConnectionStore(database)
    for number in range(1, 30):
        await store.insert(ConnectionRow(1, "sensay", f"n{number}", b"sealed", 1, 2, 3))
        names = Query("SELECT name FROM connection")
        counts = await asyncio.gather(*(database.fetch(dict, names, guild_id=i) for i in range(READERS)))
        assert [len(rows) for rows in counts] == [number] * READERS


async def test_rows_are_made_in_a_thread(database: Database) -> None:
    """Making the rows of a large table does not hold up the event loop."""
    (row,) = await database.fetch(Thread, SHORT, guild_id=5)
    assert row.name != threading.current_thread().name


async def test_a_failing_read_harms_no_other(
    database: Database, occupied: list[asyncio.Task[object]]
) -> None:
    """A failing read reports its error to its caller only, and the pool goes on."""
    with pytest.raises(database._engine.errors):
        await database.read_all(Query("SELECT * FROM no_such_table"))
    assert not any(read.done() for read in occupied)
    assert await database.fetch_one(dict, SHORT, guild_id=1) == {"guild": 1}


async def test_a_read_after_the_end_fails(tmp_path: Path) -> None:
    """Whatever still reads once the database was closed is told so, and does not wait for ever."""
    async with Database.open(tmp_path / "store.db") as database:
        pass
    async with asyncio.timeout(5):
        for _ in range(2 * READERS):
            with pytest.raises(RestartingError):
                await database.read_all(SHORT, guild_id=1)


async def test_the_end_waits_for_what_is_read(tmp_path: Path) -> None:
    """A read that runs when the database is closed gets its rows."""
    begun, may_end = threading.Event(), threading.Event()

    def slow(connection: ReadingConnection) -> int:
        begun.set()
        assert may_end.wait(5)
        (row,) = connection.rows("SELECT 7")
        return int(row[0])

    async with Database.open(tmp_path / "store.db") as database:
        reading = asyncio.create_task(database.examine(slow))
        await asyncio.to_thread(begun.wait, 5)
        asyncio.get_running_loop().call_later(0.01, may_end.set)
    assert await reading == 7
