"""A scrub leaves no byte of what was deleted, and all of what was not, whatever happens meanwhile."""

import asyncio
import contextlib
import functools
import random
import sqlite3
from pathlib import Path

import pytest

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.engine import Traces
from bot.store.sqlite import scrub
from bot.store.sqlite.migrations import migrate

ROWS = 3000


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each table take many steps."""
    monkeypatch.setattr(scrub, "STEP", 40)


def raw(path: Path) -> bytes:
    """Return the bytes of the database and of all files beside it."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of each table, and the definitions of indexes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608
        indexes = (
            "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') ORDER BY name"
        )
        found[""] = connection.execute(indexes).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return found


def canary(number: int) -> str:
    """Return a text that is in the file only because of one row."""
    return f"CANARY{number:06}"


async def fill(database: Database, die: random.Random) -> set[int]:
    """Insert and delete rows in tables with and without indexes; return the canaries that are left."""
    left = set(range(ROWS))

    async def work(connection: WritingConnection) -> None:
        for number in die.sample(range(ROWS), ROWS):
            guild, text = die.randrange(1, 40), canary(number)
            await connection.change(
                "INSERT INTO connection VALUES (:guild, 'toolzz', :text, :secret, 1, 2, 3, NULL, 4)",
                {"guild": guild, "text": text, "secret": text.encode() + bytes(die.randrange(300))},
            )
            await connection.change(
                "INSERT INTO integration VALUES (:guild, 'toolzz', :text, :text, :text, NULL, 1, 2, NULL)",
                {"guild": guild, "text": text},
            )
            await connection.change(
                "INSERT INTO audit VALUES (:guild, :number, 1, '2', 'a', :target, 'done', x'00', NULL, 1)",
                {"guild": guild, "number": number, "target": text + "x" * die.randrange(200)},
            )
        for gone in die.sample(range(ROWS), ROWS // 3):
            await delete(connection, gone)
            left.discard(gone)

    await database.transact(work)
    return left


async def delete(connection: WritingConnection, number: int) -> None:
    """Delete the rows of a canary."""
    await connection.change("DELETE FROM connection WHERE name = :name", {"name": canary(number)})
    await connection.change("DELETE FROM audit WHERE number = :number", {"number": number})


async def mark(database: Database) -> None:
    """Note that a scrub is due."""
    await database.transact(database.mark_traces)


@pytest.mark.parametrize("seed", range(3))
async def test_no_deleted_byte_is_left_after_much_churn(database: Database, path: Path, seed: int) -> None:
    """Of thousands of rows, in three tables and an index, none that was deleted is in file or log."""
    left = await fill(database, random.Random(seed))  # noqa: S311
    before = await asyncio.to_thread(content, path)
    await database._engine.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    gone = [number for number in range(ROWS) if number not in left]
    stale = await asyncio.to_thread(raw, path)
    assert sum(canary(number).encode() in stale for number in gone) > 2  # what this test is about
    await mark(database)
    assert await database.scrub()
    clean = await asyncio.to_thread(raw, path)
    assert [number for number in gone if canary(number).encode() in clean] == []
    assert await asyncio.to_thread(content, path) == before


async def test_writes_go_on_meanwhile_and_none_is_lost(database: Database, path: Path) -> None:
    """Rows that change during a scrub are as they would be without it."""
    die = random.Random(5)  # noqa: S311
    await fill(database, die)
    expected = sqlite3.connect(":memory:", isolation_level=None)
    await mark(database)
    with contextlib.closing(sqlite3.connect(path)) as now:
        now.backup(expected)
    expected.execute("PRAGMA foreign_keys = ON")
    scrubbing = asyncio.create_task(database.scrub())
    changes = 0
    while not scrubbing.done():
        number, guild = die.randrange(2 * ROWS), die.randrange(1, 40)
        values = {"guild": guild, "number": number, "text": canary(number)}
        statement = die.choice(
            [
                "DELETE FROM connection WHERE name = :text",
                "UPDATE integration SET label = 'new ' || :number WHERE id = :text",
                "UPDATE audit SET number = number + 90000 WHERE number = :number",
                "REPLACE INTO audit VALUES (:guild, :number, 1, '2', 'a', 'b', 'done', x'00', NULL, 1)",
                "INSERT OR IGNORE INTO ignored VALUES (:guild, 'toolzz', :text, :text, 'x', 1, 2)",
            ]
        )

        async def work(connection: WritingConnection, do: tuple[str, dict[str, object]]) -> None:
            await connection.change(*do)

        with contextlib.suppress(sqlite3.IntegrityError):
            await database.transact(functools.partial(work, do=(statement, values)))
        with contextlib.suppress(sqlite3.IntegrityError):
            expected.execute(statement, values)
        changes += 1
    assert await scrubbing
    assert changes > 50
    found = await asyncio.to_thread(content, path)
    for table in ("connection", "integration", "ignored", "audit"):
        assert found[table] == expected.execute(f"SELECT * FROM {table}").fetchall(), table  # noqa: S608
    expected.close()


async def test_a_scrub_that_ends_anywhere_loses_nothing_and_is_done_later(
    path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of its transactions was the last one, the next process finds all rows, and finishes."""
    await asyncio.to_thread(path.write_bytes, await asyncio.to_thread(empty_database.read_bytes))
    monkeypatch.setattr(scrub, "STEP", 1500)
    async with Database.open(path) as database:
        left = await fill(database, random.Random(9))  # noqa: S311
    before = await asyncio.to_thread(content, path)
    die = random.Random(1)  # noqa: S311
    for _ in range(8):
        ends_at = die.randrange(2, 200)
        async with Database.open(path) as database:
            await mark(database)
            run, steps = database._in_transaction, 0

            async def run_some(work):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
                nonlocal steps
                steps += 1
                if steps > ends_at:  # noqa: B023
                    raise sqlite3.OperationalError("killed")
                return await run(work)  # noqa: B023

            monkeypatch.setattr(database, "_in_transaction", run_some)
            await database.scrub()
        found = await asyncio.to_thread(content, path)
        assert {name: found[name] for name in before if name} == {
            name: before[name] for name in before if name
        }
    async with Database.open(path) as database:
        assert await database.scrub()
    assert await asyncio.to_thread(content, path) == before
    clean = await asyncio.to_thread(raw, path)
    assert [n for n in range(ROWS) if n not in left and canary(n).encode() in clean] == []


async def test_what_an_interrupted_scrub_left_does_not_break_a_migration(path: Path) -> None:
    """A later release that changes a table finds neither the copy nor the triggers on it."""
    await asyncio.to_thread(migrate, path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE scrub_copy (a)")
        connection.execute(
            "CREATE TRIGGER scrub_insert AFTER INSERT ON audit BEGIN DELETE FROM scrub_copy; END"
        )
        connection.execute("UPDATE alembic_version SET version_num = '0010'")
        for table in ("audit_seal", "audit_member", "tombstone", "greeting", "complaint", "moved"):
            connection.execute(f"DROP TABLE {table}")
    await asyncio.to_thread(migrate, path)
    assert not [name for name in await asyncio.to_thread(content, path) if name.startswith("scrub_")]


async def test_two_processes_that_scrub_at_once_lose_nothing(database: Database, path: Path) -> None:
    """One of them gives up, or both succeed one after the other; no table gets the rows of another."""
    await fill(database, random.Random(4))  # noqa: S311
    before = await asyncio.to_thread(content, path)
    await mark(database)
    async with Database.open(path) as other:
        results = await asyncio.gather(database.scrub(), other.scrub())
        if not all(results):
            other._scrub_from = 0
            assert await other.scrub()
    assert await asyncio.to_thread(content, path) == before


async def test_it_happens_once_an_hour_for_all(database: Database) -> None:
    """A second one waits until the hour is over, however often somebody asks for it."""
    await mark(database)
    assert await database.scrub()
    assert await database.scrub()  # nothing is due
    before = database._scrub_from
    for _ in range(5):
        await mark(database)
        assert not await database.scrub()
    assert database._scrub_from == before
    timer = database._scrub_timer
    assert timer is not None
    assert timer.when() == pytest.approx(before, abs=1)
    database._scrub_from = 0
    database._scrub_later()
    assert database._later_scrub is not None
    await database._later_scrub
    assert await database.scrub()


async def test_the_file_becomes_smaller(database: Database, path: Path) -> None:
    """What was deleted leaves no room behind."""
    await fill(database, random.Random(2))  # noqa: S311
    await database._engine.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    await database.transact(lambda connection: connection.change("DELETE FROM audit"))
    await mark(database)
    assert await database.scrub()
    assert path.stat().st_size < before * 0.8


@pytest.mark.sqlite
async def test_no_transaction_grows_with_the_table(database: Database) -> None:
    """Others wait for a step only, also while the copy takes the table's place."""
    await fill(database, random.Random(3))  # noqa: S311
    instructions = [0]
    run = database._in_transaction

    async def run_counted(work):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        instructions.append(0)
        return await run(work)

    def count() -> None:
        instructions[-1] += 100

    await database._engine.connection.set_progress_handler(count, 100)
    database._in_transaction = run_counted  # type: ignore[method-assign]
    await mark(database)
    assert await database.scrub()
    assert len(instructions) > ROWS / 40
    # One index of this table takes more than 30,000.
    assert max(instructions) < 20_000


async def test_a_full_disk_gets_its_room_back(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the copy does not fit, it goes again, and others can write as before."""
    monkeypatch.setattr(scrub, "STEP", 200)
    await fill(database, random.Random(6))  # noqa: S311
    before = await asyncio.to_thread(content, path)
    (pages,) = await database._engine.connection.execute_fetchall("PRAGMA page_count")
    await database._engine.connection.execute(f"PRAGMA max_page_count = {pages[0] + 60}")
    await mark(database)
    assert not await database.scrub()
    assert await asyncio.to_thread(content, path) == before
    await database.transact(
        lambda connection: connection.change(
            "INSERT INTO audit VALUES (99, 1, 1, '2', 'a', :target, 'done', x'00', NULL, 1)",
            {"target": "x" * 60_000},
        )
    )


async def test_a_reader_of_the_log_holds_up_no_write(database: Database, path: Path) -> None:
    """While another program reads the file, the log cannot be emptied; writes do not wait for that."""
    await mark(database)
    with contextlib.closing(sqlite3.connect(path, check_same_thread=False)) as reader:
        await asyncio.to_thread(reader.execute, "BEGIN")
        await asyncio.to_thread(reader.execute, "SELECT count(*) FROM sqlite_schema")
        scrubbing = asyncio.create_task(database.scrub())
        while await database._engine.traces() != Traces.MOVED:  # noqa: ASYNC110 - it is another task that acts
            await asyncio.sleep(0)
        for _ in range(3):
            await database.transact(lambda connection: connection.change("DELETE FROM board"))
        assert not scrubbing.done()
        assert not await scrubbing
    assert await database.scrub()


@pytest.mark.sqlite
async def test_who_asks_during_a_scrub_does_not_wait_for_it(database: Database) -> None:
    """It comes too late for this one, and is told so; what it deleted goes with the next one."""
    await fill(database, random.Random(8))  # noqa: S311
    await mark(database)
    scrubbing = asyncio.create_task(database.scrub())
    while not database._scrubbing.locked():  # noqa: ASYNC110 - it is another task that acts
        await asyncio.sleep(0)
    assert not await database.scrub()
    assert not scrubbing.done()
    assert database._scrub_timer is not None
    await scrubbing


async def test_the_end_does_not_wait_for_a_scrub(path: Path) -> None:
    """The mark stays, so the next process scrubs; the copy is gone when it starts."""
    await asyncio.to_thread(migrate, path)
    async with Database.open(path) as database:
        await fill(database, random.Random(7))  # noqa: S311
        await mark(database)
        database._scrub_later()
        while not [name for name in await tables(database) if name.startswith("scrub_")]:  # noqa: ASYNC110 - it is another task that acts
            await asyncio.sleep(0)
        scrubbing = database._later_scrub
    assert scrubbing is not None
    assert scrubbing.cancelled()
    async with Database.open(path) as database:
        assert await database.scrub()


async def tables(database: Database) -> list[str]:
    """Return the names of all tables."""
    rows = await database._engine.connection.execute_fetchall(
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
    )
    return [str(row[0]) for row in rows]
