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
    "alert",
    "alembic_version",
    "audit",
    "audit_head",
    "board",
    "connection",
    "guild",
    "history",
    "incident",
    "integration",
    "last_check",
    "route",
    "synced_commands",
    "watched",
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
# What later revisions made of it, with rows.
RELEASED = {
    "0001": RELEASED_0001,
    "0002": (
        """CREATE TABLE integration (
            guild_id INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, connection TEXT NOT NULL,
            label TEXT NOT NULL, bot_id INTEGER, placed_by INTEGER NOT NULL, placed_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, id),
            FOREIGN KEY (guild_id, provider, connection)
                REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX integration_connection ON integration (guild_id, provider, connection)",
        "INSERT INTO integration VALUES (1102345678901234567, 'sensay', 'a', 'default', 'N', NULL, 5, 160)",
        "UPDATE alembic_version SET version_num = '0002'",
    ),
    "0003": (
        "ALTER TABLE connection ADD COLUMN refused_at INTEGER",
        "UPDATE connection SET refused_at = 170 WHERE provider = 'toolzz'",
        """CREATE TABLE guild (
            guild_id INTEGER PRIMARY KEY, greeted_at INTEGER, removed_at INTEGER, audit_channel INTEGER
        ) STRICT""",
        "INSERT INTO guild VALUES (1102345678901234567, 90, NULL, 1102345678901234568)",
        """CREATE TABLE access (
            guild_id INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('role', 'member')),
            subject INTEGER NOT NULL, tier INTEGER NOT NULL, granted_by INTEGER NOT NULL,
            granted_at INTEGER NOT NULL, PRIMARY KEY (guild_id, kind, subject)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO access VALUES (1102345678901234567, 'role', 8, 1, 5, 180)",
        """CREATE TABLE audit (
            guild_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, member INTEGER,
            action TEXT NOT NULL, target TEXT NOT NULL, result TEXT NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO audit VALUES (1102345678901234567, 1, 180, 5, 'access.grant', 'role', 'done', X'00FF')",
        """CREATE TABLE audit_head (
            guild_id INTEGER PRIMARY KEY, number INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL
        ) STRICT""",
        "INSERT INTO audit_head VALUES (1102345678901234567, 1, X'00FF', X'FF00')",
        "UPDATE alembic_version SET version_num = '0003'",
    ),
}
GUILD = 1102345678901234567


def release(path: Path, revision: str) -> Path:
    """Make a database as that revision left it."""
    for each, statements in RELEASED.items():
        if each <= revision:
            execute(path, *statements)
    return path


@pytest.fixture
def released(path: Path) -> Path:
    """A database of the first release."""
    return release(path, "0001")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what a file holds, but for its revision."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - a table's name
            for name in tables(path) - {"alembic_version"}
        }


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the name, type, constraints and key of every table's columns, and the indexes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = {
            name: connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
            for name in tables(path)
        }
        indexes = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY name"
        return {**found, "": connection.execute(indexes).fetchall()}


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


def test_every_release_is_known_here() -> None:
    """Whoever adds a revision adds the one before it, so that the way from there is tried."""
    scripts = Path(migrations.__file__).parent / "versions"
    assert [*RELEASED, HEAD] == sorted(script.name[:4] for script in scripts.glob("0*.py"))


@pytest.mark.parametrize("revision", RELEASED)
def test_old_and_new_databases_become_alike(path: Path, tmp_path: Path, revision: str) -> None:
    """The way there leaves no trace: the same tables, columns and indexes; every row is as it was."""
    before = rows(release(path, revision))
    migrate(path)
    migrate(tmp_path / "new.db")
    assert columns(path) == columns(tmp_path / "new.db")
    after = rows(path)
    for table, old in before.items():
        assert old
        assert [row[: len(old[0])] for row in after[table]] == old


@pytest.mark.parametrize(
    ("revision", "in_the_way"),
    [("0001", "integration"), ("0001", "board"), ("0002", "guild"), ("0003", "board")],
)
def test_an_update_that_fails_leaves_the_old_database(path: Path, revision: str, in_the_way: str) -> None:
    """Where a new table cannot be made, revision and rows are what they were, and the older bot goes on."""
    execute(release(path, revision), f"CREATE TABLE {in_the_way} (a)")
    before = rows(path)
    with pytest.raises(DatabaseUnusableError):
        migrate(path)
    assert current_revision(path) == revision
    assert rows(path) == before


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
