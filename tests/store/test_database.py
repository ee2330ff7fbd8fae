"""Proves that writes are durable and whole, and that reads and writes do not disturb each other."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from bot.errors import UnavailableError
from bot.features.commands.store import CommandStore, SyncedCommands
from bot.features.connections.store import QUERIES, ConnectionRow, ConnectionStore
from bot.setup_errors import DatabaseUnusableError
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.readers import READERS
from bot.store.rows import Fetch

ROOT = Path(__file__).parents[2]
FULL = 2

# Stores row after row, and prints the number of each one after it was acknowledged.
WRITER = """
import asyncio, sys
from pathlib import Path
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.database import Database

async def main(path, guild_id):
    async with Database.open(path) as database:
        store = ConnectionStore(database)
        for number in range(100_000):
            assert await store.insert(ConnectionRow(guild_id, "sensay", f"n{number}", b"sealed", 1, 2, 3))
            print(number, flush=True)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
IDLE = """
import asyncio, sys
from pathlib import Path
from bot.store.database import Database

async def main(path):
    async with Database.open(path):
        pass

asyncio.run(main(Path(sys.argv[1])))
print(*{name.partition(".")[0] for name in sys.modules})
"""


def row(guild_id: int = 1, name: str = "default", set_at: int = 100) -> ConnectionRow:
    """Return a row of a connection."""
    return ConnectionRow(guild_id, "sensay", name, b"sealed", set_by=7, set_at=set_at, verified_at=set_at)


async def insert_two(connection: WritingConnection, *, number: int) -> int:
    """Insert two rows with two statements: a transaction that could be stored in part."""
    statement = "INSERT INTO connection VALUES (:number, 'sensay', :name, :secret, 1, 2, 3, NULL, 0)"
    for name in ("one", "two"):
        await connection.change(statement, {"number": number, "name": name, "secret": b"sealed"})
    return 2


async def pragma(connection: aiosqlite.Connection, name: str) -> Any:  # noqa: ANN401 - a number or a word
    """Return a setting of a connection."""
    async with connection.execute(f"PRAGMA {name}") as cursor:
        answer = await cursor.fetchone()
    assert answer is not None
    return answer[0]


@dataclass
class Text:
    """A query that stands in no file."""

    sql: str


NAMES = Text("SELECT name FROM connection WHERE guild_id = :guild_id")


async def test_reads_that_belong_together_are_of_one_moment(database: Database, path: Path) -> None:
    """What another process stores between two of them is seen by none of them, and by the next read."""
    await ConnectionStore(database).insert(row())

    def work(run: Fetch) -> list[list[dict[str, str]]]:
        before = run(dict, NAMES, guild_id=1)
        with contextlib.closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE connection SET name = 'renamed'")
        return [before, run(dict, NAMES, guild_id=1)]

    assert await database.fetch_together(work, 1) == [[{"name": "default"}]] * 2
    assert await database.fetch(dict, NAMES, guild_id=1) == [{"name": "renamed"}]


async def test_reads_that_fail_together_leave_the_connection_usable(database: Database) -> None:
    """All connections can be used after that, and see what is stored later."""

    def fail(run: Fetch) -> None:
        run(dict, NAMES, guild_id=1)
        run(dict, Text("SELECT 1 FROM nowhere"))

    for _ in range(2 * READERS):
        with pytest.raises(database._engine.errors):
            await database.fetch_together(fail, 1)
    await ConnectionStore(database).insert(row())
    assert await database.fetch(dict, NAMES, guild_id=1) == [{"name": "default"}]


@pytest.mark.sqlite
@pytest.mark.parametrize("which", ["reader", "urgent reader", "writer"])
async def test_all_connections_are_durable_and_wait_for_locks(database: Database, which: str) -> None:
    """They use the write-ahead log, sync it on each commit, and wait for the locks of others."""

    async def setting(name: str) -> Any:  # noqa: ANN401 - a number or a word
        if which == "writer":
            return await pragma(database._engine.connection, name)
        # A table-valued function cannot read these, so the whole row is taken.
        query = Text(f"PRAGMA {name}")
        if which == "reader":
            row = await database.read(query)
            assert row is not None
            return row[0]
        return next(iter((await database.fetch_urgently(dict, query))[0].values()))

    assert await setting("journal_mode") == "wal"
    assert await setting("synchronous") == FULL
    assert await setting("busy_timeout") == 2000
    assert await setting("secure_delete") == 1


async def test_the_reading_connection_cannot_write(database: Database) -> None:
    """A writing query fails there instead of bypassing the order of writes."""
    with pytest.raises(database._engine.errors, match=r"(?i)read.?only"):
        await database.read(QUERIES.delete_connection, guild_id=1, provider="sensay", name="default")


async def test_a_write_survives_reopening(path: Path) -> None:
    """The row is there after the database was closed and opened again."""
    async with Database.open(path) as database:
        assert await ConnectionStore(database).insert(row())
    async with Database.open(path) as database:
        assert await ConnectionStore(database).of_guild(1) == [row()]


async def test_a_write_is_seen_by_the_next_read(database: Database) -> None:
    """This holds although reads have their own connection, and while long lists are read."""
    store = ConnectionStore(database)
    crowd = [ConnectionRow(1, "sensay", f"n{number}", b"sealed", 1, 2, 3) for number in range(300)]
    await asyncio.gather(*(store.insert(one) for one in crowd))

    async def read_lists() -> None:
        while True:
            await store.of_guild(1)

    readers = [asyncio.create_task(read_lists()) for _ in range(3)]
    try:
        for number in range(100):
            await store.insert(row(2, f"n{number}"))
            assert len(await store.of_guild(2)) == number + 1
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def test_a_cancelled_write_is_whole(database: Database) -> None:
    """Whenever the caller is cancelled, both rows of its transaction are stored or none, and others go on."""
    for number in range(1, 61):
        writing = asyncio.create_task(database.write(insert_two, number=number))
        for _ in range(number % 20):
            await asyncio.sleep(0)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
    assert await database.write(insert_two, number=1000) == 2
    counts = {
        number: len(await ConnectionStore(database).of_guild(number)) for number in [*range(1, 61), 1000]
    }
    assert set(counts.values()) <= {0, 2}
    assert counts[1000] == 2


async def test_a_failing_query_is_rolled_back(database: Database) -> None:
    """If the second statement fails, the first one is undone, and the next write works."""

    async def insert_and_fail(connection: WritingConnection) -> int:
        await insert_two(connection, number=1)
        return await insert_two(connection, number=1)

    with pytest.raises(database._engine.errors):
        await database.write(insert_and_fail)
    assert await ConnectionStore(database).of_guild(1) == []
    assert await database.write(insert_two, number=1) == 2


async def test_a_failing_commit_is_rolled_back(database: Database) -> None:
    """A transaction that fails at its commit does not stay open, and the next one works."""

    async def break_a_promise(connection: WritingConnection) -> int:
        await insert_two(connection, number=1)
        await connection.change("CREATE TABLE promise (id INTEGER PRIMARY KEY)")
        await connection.change(
            "CREATE TABLE debt (id INTEGER REFERENCES promise DEFERRABLE INITIALLY DEFERRED)"
        )
        await connection.change("INSERT INTO debt VALUES (1)")
        return 1

    with pytest.raises(database._engine.errors, match=r"(?i)foreign ?key"):
        await database.write(break_a_promise)
    assert await ConnectionStore(database).of_guild(1) == []
    assert await database.write(insert_two, number=1) == 2


@pytest.mark.sqlite
async def test_a_full_disk_fails_only_the_write_that_does_not_fit(database: Database) -> None:
    """Stored rows stay readable, and writes work again when there is room."""
    store = ConnectionStore(database)
    await store.insert(row())
    pages = await pragma(database._engine.connection, "page_count")
    await database._engine.connection.execute(f"PRAGMA max_page_count = {pages}")
    large = ConnectionRow(2, "sensay", "large", bytes(100_000), 1, 2, 3)
    with pytest.raises(UnavailableError):
        await store.insert(large)
    assert database.write_state.reason == "disk full"
    assert await store.of_guild(1) == [row()]
    assert await store.of_guild(2) == []
    await database._engine.connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert await store.insert(large)


async def test_2000_concurrent_operations_have_no_error(database: Database) -> None:
    """Reads and writes of all kinds on the same rows end without a lock error."""
    connections, commands = ConnectionStore(database), CommandStore(database)
    die = random.Random(7)  # noqa: S311 - any sequence will do, the same each time

    def operation() -> Coroutine[Any, Any, object]:
        one = row(die.randrange(10), f"n{die.randrange(20)}", die.randrange(100))
        operations: list[Callable[[], Coroutine[Any, Any, object]]] = [
            lambda: connections.insert(one),
            lambda: connections.replace_secret(one),
            lambda: connections.mark_verified(one, 200),
            lambda: connections.delete(one.guild_id, one.provider, one.name),
            lambda: connections.of_guild(one.guild_id),
            lambda: commands.put(one.guild_id, SyncedCommands("hash", {"help": 1})),
            lambda: commands.get(one.guild_id),
        ]
        return die.choice(operations)()

    results = await asyncio.gather(*(operation() for _ in range(2000)), return_exceptions=True)
    assert Counter(repr(result) for result in results if isinstance(result, BaseException)) == {}


async def test_a_write_waits_for_another_process(database: Database, path: Path) -> None:
    """While another process has the write lock, our write waits, our reads go on, and nothing fails."""
    store = ConnectionStore(database)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO connection VALUES (2, 'sensay', 'theirs', x'00', 1, 2, 3, NULL, 0)")
        writing = asyncio.create_task(store.insert(row()))
        await asyncio.sleep(0.2)
        assert await store.of_guild(1) == []
        assert not writing.done()
        other.execute("COMMIT")
    assert await writing
    assert len(await store.of_guild(1)) == len(await store.of_guild(2)) == 1


async def test_a_transaction_holds_the_lock_from_its_beginning(database: Database, path: Path) -> None:
    """Another process cannot write between a transaction's read and its write."""

    def intrude() -> None:
        with (
            contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other,
            contextlib.suppress(sqlite3.OperationalError),
        ):
            other.execute("INSERT INTO connection VALUES (2, 'sensay', 'theirs', x'00', 1, 2, 3, NULL, 0)")

    async def read_then_write(connection: WritingConnection) -> int:
        await connection.rows("SELECT * FROM connection")
        await asyncio.to_thread(intrude)
        return await insert_two(connection, number=1)

    assert await database.write(read_then_write) == 2
    assert await ConnectionStore(database).of_guild(2) == []


async def test_closing_waits_for_writes(path: Path) -> None:
    """Writes whose callers were cancelled are finished before the file is closed."""
    async with Database.open(path) as database:
        store = ConnectionStore(database)
        writes = [asyncio.create_task(store.insert(row(1, f"n{number}"))) for number in range(50)]
        await asyncio.sleep(0)
        for write in writes:
            write.cancel()
    async with Database.open(path) as database:
        assert len(await ConnectionStore(database).of_guild(1)) == 50


def test_a_killed_process_loses_no_acknowledged_row(path: Path) -> None:
    """After each of ten SIGKILLs during writes, every acknowledged row is there."""
    subprocess.run([sys.executable, "-c", IDLE, path], cwd=ROOT, check=True)
    die = random.Random()  # noqa: S311 - moments to kill at
    for guild_id in range(1, 11):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(guild_id)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(die.randrange(1, 60))]
            writer.kill()
            acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
        with contextlib.closing(sqlite3.connect(path)) as connection:
            stored = connection.execute("SELECT name FROM connection WHERE guild_id = ?", (guild_id,))
            assert {f"n{number}" for number in acknowledged} <= {name for (name,) in stored}
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_opening_a_current_database_imports_no_migration_tool(path: Path) -> None:
    """Only a start that migrates imports Alembic and SQLAlchemy."""
    first, second = (
        subprocess.run(
            [sys.executable, "-c", IDLE, path], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    )
    assert {"alembic", "sqlalchemy"} <= set(first)
    assert {"alembic", "sqlalchemy"} & set(second) == set()


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The error names the path and SQLite's reason if the file cannot be created."""
    path = tmp_path / "missing" / "patchbay.db"
    with pytest.raises(DatabaseUnusableError) as caught:
        async with Database.open(path):
            pass
    assert caught.value.values == {"path": str(path), "reason": "unable to open database file"}


async def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """It is refused and keeps its bytes."""
    path.write_bytes(b"holiday pictures, not a database" * 100)
    with pytest.raises(DatabaseUnusableError) as caught:
        async with Database.open(path):
            pass
    assert caught.value.values["reason"] == "file is not a database"
    assert path.read_bytes() == b"holiday pictures, not a database" * 100
