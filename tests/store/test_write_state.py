"""Proves that the database knows whether it takes writes, and that the log says so once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import BusyError, UnavailableError
from bot.features.commands.store import CommandStore, SyncedCommands
from bot.store.database import PATIENCE, Database
from bot.store.write_state import WriteState
from tests.support.clock import Clock
from tests.support.full_disk import FullDisk

PROBED_BYTES = 64 * 1024


async def write(database: Database) -> None:
    """Store something."""
    await CommandStore(database).put(1, SyncedCommands("hash", {"help": 1}))


async def tables(database: Database) -> list[str]:
    """Return the definitions of everything in the file."""
    rows = await database._engine.connection.execute_fetchall("SELECT sql FROM sqlite_schema ORDER BY name")
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
                with pytest.raises(UnavailableError) as error:
                    await write(database)
                assert error.value.values == {"reason": disk.reason}
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
        assert {entry["reason"] for entry in logs} == {disk.reason}
        assert logs[1]["after_seconds"] == 120
        assert database.write_state.refusal is None
        await write(database)


@pytest.mark.sqlite
async def test_a_small_write_that_still_works_ends_nothing(database: Database) -> None:
    """The disk counts as full until there is room for more than a row."""
    disk = FullDisk(database)
    disk.fill()
    with pytest.raises(UnavailableError):
        await write(database)
    await disk.free()
    (pages,) = await database._engine.connection.execute_fetchall("PRAGMA page_count")
    await database._engine.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
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
    with pytest.raises(database._engine.errors) as caught:
        await database.transact(lambda connection: connection.change("DELETE FROM nowhere"))
    assert not isinstance(caught.value, UnavailableError)
    assert database.write_state.refusal is None


async def test_queued_writes_do_not_wait_one_after_the_other(database: Database, path: Path) -> None:
    """Those that wait for a locked file fail with the first one, the next tries are short; then all work."""
    statements: list[str] = []
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other, capture_logs() as logs:
        other.execute("BEGIN IMMEDIATE")
        await database._engine.connection.set_trace_callback(statements.append)
        failed = await asyncio.gather(*(write(database) for _ in range(20)), return_exceptions=True)
        assert {type(each) for each in failed} == {BusyError}
        for _ in range(3):
            assert not await database.takes_writes()
        await database._engine.connection.set_trace_callback(None)
    assert statements.count("BEGIN IMMEDIATE") <= 4
    assert statements.count("PRAGMA busy_timeout = 100") == 1
    assert [entry["event"] for entry in logs] == ["writes_failing"]
    assert (logs[0]["database"], logs[0]["operation"]) == (str(path), "put_synced_commands")
    assert f"process {os.getpid()} (" in logs[0]["locked_by"]
    await write(database)
    assert not database.write_state.is_refused
    await write(database)
    (row,) = await database._engine.connection.execute_fetchall("PRAGMA busy_timeout")
    assert row[0] == PATIENCE * 1000
