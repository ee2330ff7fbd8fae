"""Proves that the database knows whether it takes writes, and that the log says so once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.features.commands.store import CommandStore, SyncedCommands
from bot.store.database import Database, NotWritableError
from bot.store.write_state import WriteState, refusal_reason
from tests.support.clock import Clock
from tests.support.full_disk import FullDisk

PROBED_BYTES = 64 * 1024


async def write(database: Database) -> None:
    """Store something."""
    await CommandStore(database).put(1, SyncedCommands("hash", {"help": 1}))


async def tables(database: Database) -> list[str]:
    """Return the definitions of everything in the file."""
    rows = await database._writer.execute_fetchall("SELECT sql FROM sqlite_schema ORDER BY name")
    return [row[0] for row in rows]


async def test_a_full_disk_is_logged_once_and_its_end_once(database: Database) -> None:
    """Each write fails, one line says since when, one says for how long, and the next time it begins anew."""
    clock = Clock()
    database.write_state = WriteState(clock)
    disk = FullDisk(database)
    assert await database.takes_writes()
    for _ in range(2):
        disk.fill()
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(NotWritableError, match="full"):
                    await write(database)
                assert not await database.takes_writes()
                clock.now += 40
            await disk.free()
            assert database.write_state.refusal is not None
            assert await database.takes_writes()
            assert await database.takes_writes()
        assert [(entry["event"], entry["log_level"]) for entry in logs] == [
            ("writes_failing", "error"),
            ("writes_back", "info"),
        ]
        assert {entry["reason"] for entry in logs} == {"disk full"}
        assert logs[1]["after_seconds"] == 120
        assert database.write_state.refusal is None
        await write(database)


async def test_a_small_write_that_still_works_ends_nothing(database: Database) -> None:
    """The disk counts as full until there is room for more than a row."""
    disk = FullDisk(database)
    disk.fill()
    with pytest.raises(NotWritableError):
        await write(database)
    await disk.free()
    (pages,) = await database._writer.execute_fetchall("PRAGMA page_count")
    await database._writer.execute(f"PRAGMA max_page_count = {pages[0]}")
    await write(database)
    assert not await database.takes_writes()
    await disk.free()
    assert await database.takes_writes()


async def test_what_is_tried_reaches_the_disk_and_leaves_nothing_behind(
    database: Database, path: Path
) -> None:
    """The try is written to the file's log as a whole, and the file has the same tables as before."""
    before, log = await tables(database), Path(f"{path}-wal")
    database.write_state.refused("disk full")
    written = log.stat().st_size
    assert await database.takes_writes()
    assert log.stat().st_size - written > PROBED_BYTES
    assert await tables(database) == before


async def test_nothing_is_tried_while_writes_work(database: Database, path: Path) -> None:
    """To ask costs nothing then."""
    await write(database)
    size = Path(f"{path}-wal").stat().st_size
    assert await database.takes_writes()
    assert Path(f"{path}-wal").stat().st_size == size


async def test_a_statement_that_is_wrong_says_nothing_of_the_disk(database: Database) -> None:
    """The error of a defect stays what it is."""
    with pytest.raises(sqlite3.OperationalError, match="no such table") as caught:
        await database.transact(lambda connection: connection.execute("DELETE FROM nowhere"))
    assert not isinstance(caught.value, NotWritableError)
    assert database.write_state.refusal is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (sqlite3.SQLITE_FULL, "disk full"),
        (sqlite3.SQLITE_IOERR_WRITE, "disk I/O error"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "the file is read-only"),
        (sqlite3.SQLITE_CANTOPEN, "the file cannot be opened"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "another process has it locked"),
        (sqlite3.SQLITE_ERROR, None),
        (None, None),
    ],
)
def test_each_kind_of_refusal_is_named(code: int | None, reason: str | None) -> None:
    """The reason follows from SQLite's code, whatever its extension is."""
    error = sqlite3.OperationalError("x")
    if code is not None:
        error.sqlite_errorcode = code
    assert refusal_reason(error) == reason
