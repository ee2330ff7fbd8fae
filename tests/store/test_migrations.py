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
from bot.store.commands import CommandStore, SyncedCommands
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.integrations import IntegrationRow, IntegrationStore
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


EVERYTHING = {
    "access",
    "alembic_version",
    "audit",
    "audit_head",
    "connection",
    "guild",
    "integration",
    "synced_commands",
}
# A database as revision 0001 was released, with rows in it.
RELEASED_0001 = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('0001')",
    """CREATE TABLE connection (
        guild_id INTEGER NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL, secret BLOB NOT NULL,
        set_by INTEGER NOT NULL, set_at INTEGER NOT NULL, verified_at INTEGER NOT NULL,
        PRIMARY KEY (guild_id, provider, name)
    ) STRICT, WITHOUT ROWID""",
    "INSERT INTO connection VALUES (1102345678901234567, 'sensay', 'default', X'00FF27', 5, 100, 150)",
    "INSERT INTO connection VALUES (1102345678901234567, 'toolzz', 'second', X'', 6, 200, 200)",
    """CREATE TABLE synced_commands (
        application_id INTEGER PRIMARY KEY, hash TEXT NOT NULL, ids TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO synced_commands VALUES (7, 'abc', '{\"help\": 8}')",
)
GUILD = 1102345678901234567


@pytest.fixture
def released(path: Path) -> Path:
    """A database of the first release."""
    execute(path, *RELEASED_0001)
    return path


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the name, type, constraints and key of every table's columns."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            name: connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
            for name in tables(path)
        }


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


async def test_the_first_release_keeps_its_rows(released: Path) -> None:
    """What was stored before there were integrations is there afterwards, byte by byte."""
    async with Database.open(released) as database:
        assert await ConnectionStore(database).of_guild(GUILD) == [
            ConnectionRow(GUILD, "sensay", "default", b"\x00\xff'", set_by=5, set_at=100, verified_at=150),
            ConnectionRow(GUILD, "toolzz", "second", b"", set_by=6, set_at=200, verified_at=200),
        ]
        assert await CommandStore(database).get(7) == SyncedCommands("abc", {"help": 8})
    assert await asyncio.to_thread(current_revision, released) == HEAD


async def test_an_old_connection_takes_an_integration(released: Path) -> None:
    """A connection of the first release can have integrations as a new one can, and takes them along."""
    row = IntegrationRow(GUILD, "sensay", "a", "default", "Nora", bot_id=None, placed_by=5, placed_at=300)
    async with Database.open(released) as database:
        store = IntegrationStore(database)
        assert await store.put(row)
        assert await store.of_guild(GUILD, "sensay") == [row]
        assert await ConnectionStore(database).delete(GUILD, "sensay", "default")
        assert await store.of_guild(GUILD, "sensay") == []


def test_old_and_new_databases_become_alike(released: Path, tmp_path: Path) -> None:
    """The way there leaves no trace: both have the same tables with the same columns."""
    migrate(released)
    migrate(tmp_path / "new.db")
    assert columns(released) == columns(tmp_path / "new.db")


def test_an_update_that_fails_leaves_the_old_database(released: Path) -> None:
    """Where the new table cannot be made, revision and rows are what they were, and the older bot goes on."""
    execute(released, "CREATE TABLE integration (a)")
    with pytest.raises(DatabaseUnusableError):
        migrate(released)
    assert current_revision(released) == "0001"
    with contextlib.closing(sqlite3.connect(released)) as connection:
        assert connection.execute("SELECT count(*) FROM connection").fetchone() == (2,)


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
