"""Proves that a database that nobody writes to is known to take writes, or not."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot.features.commands.store import CommandStore, SyncedCommands
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.engine import Traces
from bot.store.write_probe import WriteProbe
from tests.support.full_disk import FullDisk
from tests.support.waiting import until
from tests.support.write_lock import locked


async def wal_bytes(path: Path) -> int:
    """Return the size of the file that takes what is written."""
    return (await asyncio.to_thread(path.with_name(f"{path.name}-wal").stat)).st_size


async def test_a_full_disk_shows_although_nobody_writes(database: Database) -> None:
    """The second try finds out, and the first one after there is room finds that out."""
    disk, probe = FullDisk(database), WriteProbe(database)
    await probe.try_once()
    disk.fill()
    await probe.try_once()
    assert disk.reason in str(database.write_state.refusal)
    await disk.free()
    await probe.try_once()
    assert database.write_state.refusal is None


async def test_a_locked_database_shows_and_comes_back(database: Database, path: Path) -> None:
    """Another process that keeps the write lock keeps every write away."""
    probe = WriteProbe(database)
    await database._engine.connection.execute("PRAGMA busy_timeout = 1")
    await probe.try_once()
    with locked(path):
        await probe.try_once()
        assert "locked" in str(database.write_state.refusal)
    await probe.try_once()
    assert database.write_state.refusal is None


async def test_a_write_that_hangs_shows(database: Database) -> None:
    """Nothing is refused then: for how long the try goes on is what is known. It is not given up."""
    hanging, probe = asyncio.Event(), WriteProbe(database)

    async def hang(_connection: WritingConnection) -> None:
        await hanging.wait()

    await probe.try_once()
    stuck = asyncio.create_task(database.transact(hang))
    trying = asyncio.create_task(probe.try_once())
    await until(lambda: database.write_state.trying_for > 0.01)
    hanging.set()
    await asyncio.gather(stuck, trying)
    assert database.write_state.trying_for == 0


@pytest.mark.sqlite
async def test_an_error_that_nobody_foresaw_is_no_writable_database(database: Database) -> None:
    """The probe goes on after it."""
    probe = WriteProbe(database)
    await probe.try_once()
    await database._engine.connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    await probe.try_once()
    assert "not authorized" in str(database.write_state.refusal)
    await database._engine.connection.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
    await probe.try_once()
    assert database.write_state.refusal is None


async def test_a_try_writes_one_page_and_changes_nothing(database: Database, path: Path) -> None:
    """It is a real write, the mark for a scrub stays, and a write of somebody else makes it needless."""
    probe, commands = WriteProbe(database), CommandStore(database)
    async with asyncio.timeout(10):
        await commands.put(1, SyncedCommands("hash", {"help": 1}))
        await database.transact(database.mark_traces)
        await probe.try_once()
        before, commits = await wal_bytes(path), database.commits
        await probe.try_once()
        assert 0 < await wal_bytes(path) - before < 5000
        assert database.commits == commits + 1
        await probe.try_once()
        assert await database._engine.traces() == Traces.SOME
        await commands.put(1, SyncedCommands("other", {"help": 1}))
        commits = database.commits
        await probe.try_once()
        assert database.commits == commits
