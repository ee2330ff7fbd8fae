"""A replication such as Litestream's, which reads all the time and has tables of its own, breaks nothing."""

import asyncio
import base64
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.database import Database
from bot.store.revision import HEAD
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.revision import current_revision
from tests.support.guild_rows import counts, fill, traces
from tests.support.old_databases import execute, release
from tests.support.operator_commands import patchbay

KEY = base64.b64encode(bytes(32)).decode()
GUILD, OTHER = 1102345678901234567, 1102345678999999999
# What Litestream 0.5 does to a database: https://litestream.io/how-it-works/
TABLES = (
    "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
    "CREATE TABLE _litestream_lock (id INTEGER)",
    "INSERT INTO _litestream_seq VALUES (1, 1)",
)
REPLICATE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("UPDATE _litestream_seq SET seq = seq + 1")
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM _litestream_seq").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the commands run in no event loop."""


@pytest.fixture
def path(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with two guilds and with Litestream's tables, and the settings for it."""
    path = tmp_path / "patchbay.db"
    path.write_bytes(empty_database.read_bytes())
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("PATCHBAY_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS", f"k1:{KEY}")
    execute(path, *TABLES)
    return path


@contextlib.contextmanager
def replicated(path: Path) -> Iterator[None]:
    """Let another process read the database all the time, as Litestream does."""
    words = (sys.executable, "-c", REPLICATE, str(path))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


def test_erasing_succeeds_and_says_what_is_left(path: Path) -> None:
    """The rows are gone. The log is emptied as soon as nobody reads it any more."""
    marks = fill(path, GUILD)
    fill(path, OTHER)
    with replicated(path):
        ended = patchbay("purge-guild", str(GUILD), "--yes")
        assert ended.exit_code == 0, ended.output
        assert "Litestream replicates the database" in ended.output
        assert set(counts(path, GUILD).values()) == {0}
    assert patchbay("purge-guild", str(GUILD), "--yes").exit_code == 0
    assert traces(path, marks) == []
    assert set(counts(path, OTHER).values()) == {1}


async def test_the_bot_writes_and_scrubs_beside_it(path: Path) -> None:
    """It leaves Litestream's tables where they are, and nothing that was deleted stays in the other ones."""
    fill(path, GUILD)
    execute(path, "UPDATE route SET integration = 'WHAT WAS DELETED'")
    with replicated(path):
        async with Database.open(path) as database:
            await database.transact(
                lambda connection: connection.change(
                    "DELETE FROM route WHERE guild_id = :guild", {"guild": GUILD}
                )
            )
            await database.transact(database.mark_traces)
            assert not await database.scrub()
            assert not database.write_state.is_refused
    async with Database.open(path) as database:
        assert await database.scrub()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT seq FROM _litestream_seq").fetchall() == [(2,)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert traces(path, [b"WHAT WAS DELETED"]) == []


def test_backup_restore_and_migrations_take_the_tables_along(path: Path, tmp_path: Path) -> None:
    """A file that Litestream has restored is a database of Patchbay's; so is one of an earlier release."""
    fill(path, GUILD)
    copy, old = tmp_path / "copy.db", tmp_path / "old.db"
    with replicated(path):
        assert patchbay("backup", str(copy)).exit_code == 0
    assert patchbay("restore", str(copy)).exit_code == 0
    assert set(counts(path, GUILD).values()) == {1}
    release(old, "0009")
    execute(old, *TABLES)
    with replicated(old):
        migrate(old)
    assert current_revision(old) == HEAD
    assert asyncio.run(_opens(old))


async def _opens(path: Path) -> bool:
    async with Database.open(path) as database:
        return await database.takes_writes()
