"""Migrations: up to date after them, untouched where that cannot be."""

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.errors import DatabaseNewerError, DatabaseUnusableError
from bot.store import migrations
from bot.store.database import Database
from bot.store.migrations import HEAD, current_revision, migrate


def execute(path: Path, *statements: str) -> None:
    """Run statements on a file, each in its own transaction."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def tables(path: Path) -> set[str]:
    """Name the tables of a file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


EVERYTHING = {"alembic_version", "connection", "synced_commands"}


def test_head_is_the_newest_script() -> None:
    """The constant that saves the import of Alembic names the one revision that nothing follows."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("empty_file", [False, True])
def test_a_new_database_gets_the_whole_schema(path: Path, empty_file: bool) -> None:
    """Where there is no file, or an empty one, all tables are made."""
    if empty_file:
        path.touch()
    migrate(path)
    assert tables(path) == EVERYTHING
    assert current_revision(path) == HEAD


def test_migrating_again_changes_nothing(path: Path) -> None:
    """A database at HEAD keeps its bytes."""
    migrate(path)
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["with blank.db", "odd?mode=ro.db", "100%25.db", "#1.db", "água.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """A path is a path: nothing in it is read as part of a URL."""
    migrate(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert current_revision(tmp_path / name) == HEAD


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    """What an interrupted start has done is undone, so that the next start can do it again."""
    execute(path, "CREATE TABLE synced_commands (a)")
    with pytest.raises(DatabaseUnusableError):
        migrate(path)
    assert tables(path) == {"synced_commands"}
    execute(path, "DROP TABLE synced_commands")
    migrate(path)
    assert tables(path) == EVERYTHING


def test_two_that_start_at_once_migrate_once(path: Path) -> None:
    """Of processes that find the same empty file one migrates, and the others go on with what it made."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [path] * 2))
    assert tables(path) == EVERYTHING


async def test_a_newer_database_is_refused_untouched(path: Path) -> None:
    """A revision that this code does not know is named, and no byte of the file changes."""
    await asyncio.to_thread(migrate, path)
    execute(path, "PRAGMA journal_mode = WAL", "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseNewerError) as caught:
        async with Database.open(path):
            pass
    assert caught.value.values == {"path": str(path), "revision": "9999"}
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough " * 20, b"SQLite format 3\0" + b"\xff" * 500]
)
def test_what_is_no_database_is_not_migrated(path: Path, content: bytes) -> None:
    """A file of another kind, or a damaged one, is refused and keeps its bytes."""
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusableError) as caught:
        migrate(path)
    assert caught.value.values["path"] == str(path)
    assert path.read_bytes() == content
