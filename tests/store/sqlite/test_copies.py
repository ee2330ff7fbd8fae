"""A copy is whole whatever happens meanwhile, and what replaces a database replaces all of it."""

import asyncio
import contextlib
import errno
import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.setup_errors import DatabaseNewerError, DatabaseUnusableError
from bot.store.database import Database
from bot.store.revision import HEAD
from bot.store.sqlite import copies
from bot.store.sqlite.copies import contents_of, copy_database, flaw_of, replace_database, require_sound
from bot.store.vault import Place, Vault
from tests.support.ids import GUILD, MEMBER

NOW = 1_700_000_000


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: what is tested here is called in threads."""


def row(number: int) -> ConnectionRow:
    """Return credentials of one guild."""
    place = Place(GUILD, "sensay", f"n{number}", 100, number)
    secret = Vault({"k1": bytes(32)}).seal({"organization_secret": "FAKE-TOKEN-copied"}, place)
    return ConnectionRow(GUILD, "sensay", f"n{number}", secret, MEMBER, 100, 100, generation=number)


async def add(database: Database, number: int) -> None:
    """Store credentials."""
    assert await ConnectionStore(database).insert(row(number))


def rows(path: Path) -> list[tuple[str, bytes]]:
    """Return the name and secret of each connection in a file that may be open elsewhere."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, secret FROM connection ORDER BY name").fetchall()


async def test_a_database_in_use_is_copied_as_it_is(database: Database, path: Path, tmp_path: Path) -> None:
    """What was written last, which is not in the main file yet, is in the copy."""
    await add(database, 1)
    target = tmp_path / "copy.db"
    copy_database(path, target)
    assert rows(target) == rows(path)
    assert target.stat().st_mode & 0o777 == 0o600
    assert contents_of(target) == copies.Contents(HEAD, 1, 1, 0, Counter({"k1": 1}))


async def test_copies_under_writes_are_sound(database: Database, path: Path, tmp_path: Path) -> None:
    """Each copy holds all that was stored before it began, and nothing by halves."""
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            await add(database, number)
            number += 1

    writing = asyncio.create_task(write())
    for number in range(5):
        before = rows(path)
        target = tmp_path / f"copy{number}.db"
        await asyncio.to_thread(copy_database, path, target)
        require_sound(target)
        assert rows(target)[: len(before)] or not before
        assert set(before) <= set(rows(target))
    stop.set()
    await writing


async def test_what_was_deleted_is_not_copied(database: Database, path: Path, tmp_path: Path) -> None:
    """No page that is free now comes along."""
    await add(database, 1)
    ((_, secret),) = rows(path)
    await ConnectionStore(database).delete(GUILD, "sensay", "n1")
    copy_database(path, tmp_path / "copy.db")
    assert secret not in (tmp_path / "copy.db").read_bytes()


async def test_no_file_is_replaced(database: Database, path: Path, tmp_path: Path) -> None:
    """A file that has the target's name stays as it is, and nothing is left beside it."""
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(DatabaseUnusableError) as caught:
        copy_database(path, target)
    assert "already" in str(caught.value.values["reason"])
    assert target.read_text() == "mine"
    assert not list(tmp_path.glob("*.partial"))
    await add(database, 1)


@pytest.mark.parametrize("folder", ["missing", "file"])
async def test_a_folder_that_takes_no_file_is_reported(
    database: Database, path: Path, tmp_path: Path, folder: str
) -> None:
    """The error says why, and what names the file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnusableError) as caught:
        copy_database(path, tmp_path / folder / "copy.db")
    assert str(caught.value.values["path"]).endswith("copy.db")
    await add(database, 1)


def damage(path: Path) -> None:
    """Write over the middle of a file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))


def test_damage_is_found(empty_database: Path, tmp_path: Path) -> None:
    """A file with wrong pages, one that is no database, and one of another program."""
    sound, damaged, text, other = (tmp_path / name for name in ("sound", "damaged", "text", "other"))
    for path in (sound, damaged):
        path.write_bytes(empty_database.read_bytes())
    damage(damaged)
    text.write_text("not a database, but long enough to be read as one" * 100)
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE notes (note)")
    assert flaw_of(sound) is None
    for path in (damaged, text, other):
        assert flaw_of(path)
        with pytest.raises(DatabaseUnusableError):
            require_sound(path)


def test_a_locked_database_is_not_called_damaged(empty_database: Path, tmp_path: Path) -> None:
    """Whoever locks it goes away again."""
    path = tmp_path / "patchbay.db"
    path.write_bytes(empty_database.read_bytes())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnusableError) as caught:
            flaw_of(path)
    assert "locked" in str(caught.value.values["reason"])


def test_a_later_schema_is_refused(empty_database: Path, tmp_path: Path) -> None:
    """It is sound, but this release does not know it."""
    path = tmp_path / "patchbay.db"
    path.write_bytes(empty_database.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewerError):
        require_sound(path)


async def test_a_copy_replaces_a_database_whose_log_was_left(
    path: Path, empty_database: Path, tmp_path: Path
) -> None:
    """A log that a killed process left beside the database does not change what was restored.

    The former database, log included, can be opened under its new name.
    """
    path.write_bytes(empty_database.read_bytes())
    async with Database.open(path) as database:
        await add(database, 1)
        copy = tmp_path / "copy.db"
        copy_database(path, copy)
        await add(database, 2)
        left = {ending: path.with_name(path.name + ending).read_bytes() for ending in ("", "-wal")}
    for ending, content in left.items():
        path.with_name(path.name + ending).write_bytes(content)
    aside = replace_database(path, copy, NOW)
    assert [name for name, _ in rows(path)] == ["n1"]
    assert aside == path.with_name("patchbay.db.replaced-20231114T221320Z")
    assert [name for name, _ in rows(aside)] == ["n1", "n2"]


async def test_a_damaged_database_is_replaced_too(path: Path, empty_database: Path, tmp_path: Path) -> None:
    """It is kept as it is, so that somebody may save what is left."""
    path.write_bytes(empty_database.read_bytes())
    damage(path)
    before = path.read_bytes()
    copy = tmp_path / "copy.db"
    copy.write_bytes(empty_database.read_bytes())
    aside = replace_database(path, copy, NOW)
    assert aside is not None
    assert aside.read_bytes() == before
    assert flaw_of(path) is None


def test_there_need_not_be_a_database(path: Path, empty_database: Path) -> None:
    """On a new machine a backup is all there is."""
    assert replace_database(path, empty_database, NOW) is None
    assert flaw_of(path) is None


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
async def test_a_disk_without_second_names_takes_copies(
    database: Database, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Some network drives know none. A copy is made, and one is restored, there too."""

    def refuse(*_: object) -> None:
        raise OSError(code, "not here")

    monkeypatch.setattr(os, "link", refuse)
    await add(database, 1)
    copy = tmp_path / "copy.db"
    copy_database(path, copy)
    assert rows(copy) == rows(path)
    other = tmp_path / "other.db"
    other.write_bytes(copy.read_bytes())
    aside = replace_database(other, copy, NOW)
    assert aside is not None
    assert rows(other) == rows(aside) == rows(copy)
