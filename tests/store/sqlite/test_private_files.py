"""Nobody but the bot's user can read the database and what lies beside it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.sqlite import private_files

ROW = ConnectionRow(1, "sensay", "default", b"sealed", 1, 2, 3)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set a umask for the test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each file in a folder."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
async def test_new_files_are_private(path: Path) -> None:
    """Database, write-ahead log and shared memory are 0600 under any umask."""
    async with Database.open(path) as database:
        await ConnectionStore(database).insert(ROW)
        found = modes(path.parent)
    assert found == {"patchbay.db": 0o600, "patchbay.db-wal": 0o600, "patchbay.db-shm": 0o600}


async def test_files_of_an_earlier_release_are_narrowed_and_that_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that others could read lose those bits when the database is opened, also in use."""
    # A logger that an earlier test used keeps that test's configuration.
    monkeypatch.setattr(private_files, "_log", structlog.get_logger())
    async with Database.open(path) as first:
        await ConnectionStore(first).insert(ROW)
        for file in path.parent.iterdir():
            file.chmod(0o644)
        with structlog.testing.capture_logs() as logs:
            async with Database.open(path) as database:
                assert await ConnectionStore(database).of_guild(1) == [ROW]
                found = modes(path.parent)
        assert await ConnectionStore(first).of_guild(1) == [ROW]
    assert set(found.values()) == {0o600}
    assert [(entry["event"], entry["mode"]) for entry in logs] == [("file_made_private", "0644")] * 3
