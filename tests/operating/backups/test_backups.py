"""Backups are made by command, and what is restored is what was backed up."""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from bot.operating.backups.damage import refuse_damage
from bot.settings import Settings
from bot.store.revision import HEAD
from bot.store.sqlite.copies import flaw_of
from bot.store.sqlite.migrations import before_migration, migrate
from bot.store.sqlite.process_lock import process_lock
from tests.support.old_databases import release
from tests.support.operator_commands import patchbay


def connect(path: Path, name: str) -> None:
    """Store made-up credentials that the key k1 has encrypted."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO connection (guild_id, provider, name, secret, set_by, set_at, verified_at)"
            " VALUES (1, 'sensay', ?, ?, 5, 100, 100)",
            (name, b"\x02k1\x00FAKE"),
        )


def names(path: Path) -> list[str]:
    """Return the names of the stored connections."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [name for (name,) in database.execute("SELECT name FROM connection ORDER BY name")]


def test_what_is_restored_is_what_was_backed_up(settings: Settings, tmp_path: Path) -> None:
    """Both commands say what they did, which keys are needed, and where the replaced database is."""
    path, file = settings.database_path, tmp_path / "saved.db"
    connect(path, "before")
    made = patchbay("backup", str(file))
    assert made.exit_code == 0, made.output
    assert f"schema {HEAD}, 1 servers, 1 connections, 0 audit entries" in made.output
    assert "the same encryption keys: k1" in made.output
    connect(path, "later")
    restored = patchbay("restore", str(file))
    assert restored.exit_code == 0, restored.output
    assert names(path) == ["before"]
    (aside,) = path.parent.glob("patchbay.db.replaced-*Z")
    assert str(aside) in restored.output.replace("\n", "")
    assert names(aside) == ["before", "later"]
    said = " ".join(restored.output.split())
    assert "Unreadable without the key k1: 1 connections, 0 seals of audit logs." in said
    assert "The bot doesn't start with this database without the key k1." in said


def test_a_log_that_was_left_alone_is_set_aside(settings: Settings, tmp_path: Path) -> None:
    """Whoever deletes a broken database may leave its log, which would be read into the restored one."""
    path, file = settings.database_path, tmp_path / "saved.db"
    assert patchbay("backup", str(file)).exit_code == 0
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        with database:
            database.execute("CREATE TABLE later (x)")
        log = path.with_name(path.name + "-wal").read_bytes()
    for each in path.parent.glob(path.name + "*"):
        each.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    assert patchbay("restore", str(file)).exit_code == 0
    refuse_damage(settings)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT 1 FROM sqlite_master WHERE name = 'later'").fetchall() == []


def test_nothing_is_restored_while_the_bot_runs(settings: Settings, tmp_path: Path) -> None:
    """The refusal names the process, and the database stays."""
    file = tmp_path / "saved.db"
    assert patchbay("backup", str(file)).exit_code == 0
    connect(settings.database_path, "later")
    with process_lock(settings.database_path):
        refused = patchbay("restore", str(file))
    assert refused.exit_code == 1
    assert f"process {os.getpid()}" in refused.output.replace("\n", " ")
    assert names(settings.database_path) == ["later"]


@pytest.mark.parametrize("kind", ["missing", "text", "damaged", "newer"])
def test_what_is_no_sound_backup_is_refused(settings: Settings, tmp_path: Path, kind: str) -> None:
    """The database stays as it is."""
    file = tmp_path / "saved.db"
    if kind != "missing":
        file.write_bytes(settings.database_path.read_bytes())
    if kind == "text":
        file.write_text("no database" * 1000)
    if kind == "damaged":
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2] + b"\xff" * (len(content) // 2))
    if kind == "newer":
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = settings.database_path.read_bytes()
    refused = patchbay("restore", str(file))
    assert refused.exit_code == 1
    assert "Error:" in refused.output
    assert settings.database_path.read_bytes() == before
    assert not list(tmp_path.glob("*.replaced-*"))


def test_a_backup_of_an_earlier_release_is_migrated_at_the_next_start(
    settings: Settings, tmp_path: Path
) -> None:
    """It is restored as it is."""
    file = tmp_path / "saved.db"
    release(file, "0009")
    assert patchbay("restore", str(file)).exit_code == 0
    migrate(settings.database_path)
    assert flaw_of(settings.database_path) is None


def test_a_first_start_that_was_interrupted_is_no_damage(settings: Settings) -> None:
    """Before the first migration ends, the file is a database without tables; the next start goes on."""
    path = settings.database_path
    path.unlink()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("VACUUM")
    assert path.stat().st_size
    refuse_damage(settings)
    migrate(path)
    assert flaw_of(path) is None


def test_a_copy_is_made_before_a_migration(tmp_path: Path) -> None:
    """The former release can go on with it. There is none of a new database, and none if nothing is due."""
    path = tmp_path / "patchbay.db"
    migrate(path)
    assert not before_migration(path)
    path.unlink()
    release(path, "0009")
    with contextlib.closing(sqlite3.connect(path)) as database:
        before = list(database.iterdump())
    migrate(path)
    (copy,) = before_migration(path)
    assert copy.name == f"patchbay.db.before-{HEAD}"
    with contextlib.closing(sqlite3.connect(copy)) as database:
        assert sorted(database.iterdump()) == sorted(before)
    migrate(path)
    assert before_migration(path) == [copy]


def test_a_damaged_database_does_not_start(settings: Settings) -> None:
    """One line says what is wrong and what to run."""
    settings.database_path.write_text("no database" * 1000)
    ended = patchbay("run")
    assert ended.exit_code == 78
    said = " ".join(ended.output.split())
    assert "is damaged: file is not a database" in said
    assert "`patchbay restore FILE`" in said
    assert "Traceback" not in said
