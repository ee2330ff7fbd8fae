"""Proves what the check of a database file finds."""

import asyncio
from pathlib import Path

import pytest

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.setup_errors import DatabaseUnusableError
from bot.store.database import Database
from bot.store.health import database_state
from bot.store.migrations import migrate
from bot.store.revision import HEAD


def test_a_sound_database_is_called_sound(path: Path) -> None:
    """The line for a database with the newest schema has no addition."""
    migrate(path)
    assert database_state(path) == f"{path} is sound"


def test_a_due_migration_is_announced(path: Path) -> None:
    """An empty file is sound. The line says what the next start will do; the check does not do it."""
    path.touch()
    assert database_state(path) == f"{path} is sound, schema empty is brought to {HEAD} at the next start"
    assert path.read_bytes() == b""


async def test_the_check_changes_nothing(path: Path) -> None:
    """The file keeps its bytes, and there is no other file beside it."""
    async with Database.open(path) as database:
        await ConnectionStore(database).insert(ConnectionRow(1, "sensay", "default", b"sealed", 1, 2, 3))
    before = path.read_bytes()
    await asyncio.to_thread(database_state, path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_damage_inside_is_found(path: Path) -> None:
    """A file with damaged pages is not called sound."""
    async with Database.open(path) as database:
        store = ConnectionStore(database)
        for number in range(200):
            await store.insert(ConnectionRow(1, "sensay", f"n{number}", bytes(100), 1, 2, 3))
    content = bytearray(path.read_bytes())
    content[-3000:-2000] = b"\xff" * 1000
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusableError):
        await asyncio.to_thread(database_state, path)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough " * 20, b"SQLite format 3\0" + b"\xff" * 500]
)
def test_another_kind_of_file_is_refused(path: Path, content: bytes) -> None:
    """The error has the path and SQLite's reason."""
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusableError) as caught:
        database_state(path)
    assert caught.value.values["path"] == str(path)
    assert caught.value.values["reason"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """The path of a folder is refused in the same way."""
    with pytest.raises(DatabaseUnusableError):
        database_state(tmp_path)
