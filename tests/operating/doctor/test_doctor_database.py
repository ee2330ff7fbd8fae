"""The doctor sees the database as the start does, and changes nothing."""

import asyncio
import base64
import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating.keys.rotation import bring_up_to_date
from bot.store.database import Database
from bot.store.revision import HEAD
from bot.store.sqlite.copies import stamp
from bot.store.sqlite.migrations import migrate
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Place, Vault, read_keys
from tests.support.doctor import examine
from tests.support.ids import GUILD, MEMBER
from tests.support.old_databases import execute

LOST = f"lost:{base64.b64encode(b'FAKE-KEY-THAT-IS-LOST-0000000000').decode()}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the database."""
    return tmp_path / "patchbay.db"


async def fill(path: Path, *keys: str, rows: int = 1) -> None:
    """Store credentials under each of these settings' first keys."""
    async with Database.open(path) as database:
        for number, setting in enumerate(keys):
            vault = Vault(read_keys(setting))
            if number == 0:
                await bring_up_to_date(database, vault)
            for row in range(rows):
                name = f"c{number}-{row}"
                secret = vault.seal({"key": "FAKE-TOKEN-stored"}, Place(GUILD, "sensay", name, 100, 9))
                stored = ConnectionRow(GUILD, "sensay", name, secret, MEMBER, 100, 100, generation=9)
                await ConnectionStore(database).insert(stored)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def test_a_database_is_looked_at_and_left_alone(environment: dict[str, str], path: Path) -> None:
    """It is called sound, its credentials are opened, and afterwards each file is as it was."""
    await fill(path, environment["PATCHBAY_ENCRYPTION_KEYS"])
    before = contents(path.parent)
    found = await examine(environment)
    assert contents(path.parent) == before
    assert found.findings["database"]["facts"] == {
        "schema": HEAD, "head": HEAD, "bytes": path.stat().st_size,
    }  # fmt: skip
    assert found.said("database-keys")[0] == "ok"
    assert found.said("unreadable-rows") == ("ok", "none; 1 credentials can be read")
    assert (found.outcomes("skipped"), found.exit_code) == ([], 0)


async def test_a_database_in_use_is_looked_at(environment: dict[str, str], path: Path) -> None:
    """A bot that has it open, and holds its lock, is not disturbed and is no failure."""
    with process_lock(path, key_id="new"):
        async with Database.open(path) as database:
            found = await examine(environment)
            await ConnectionStore(database).insert(ConnectionRow(1, "sensay", "a", b"x", 1, 2, 3))
    assert found.said("database")[0] == "ok"
    assert found.said("bot-process")[1].startswith("running as process ")
    assert found.exit_code == 0


async def test_a_due_migration_is_announced_and_not_made(environment: dict[str, str], path: Path) -> None:
    """An empty database file is no fault, and stays empty."""
    await asyncio.to_thread(path.touch, 0o600)
    found = await examine(environment)
    assert found.said("database")[1].endswith(f"; the next start brings schema empty to {HEAD}")
    assert (found.exit_code, path.stat().st_size) == (0, 0)


def ruin(path: Path) -> None:
    """Overwrite it with something else."""
    path.write_bytes(b"no database at all, but long enough " * 20)


def damage(path: Path) -> None:
    """Overwrite a part of its pages."""
    content = bytearray(path.read_bytes())
    content[-6000:-2000] = b"\xff" * 4000
    path.write_bytes(content)


def outrun(path: Path) -> None:
    """Mark it as one of a later release."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def replace(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "fix"),
    [
        (ruin, "run `patchbay restore {backup}`"),
        (damage, "run `patchbay restore {backup}`"),
        (outrun, "was written by a newer version of Patchbay, with schema 9999"),
        (replace, "can't be used"),
    ],
)
async def test_a_database_that_keeps_the_bot_from_starting(
    environment: dict[str, str], path: Path, harm: Callable[[Path], None], fix: str
) -> None:
    """The start's own words are the fix, with the newest backup; what cannot be read is not checked."""
    await fill(path, environment["PATCHBAY_ENCRYPTION_KEYS"], rows=100)
    backups = path.parent / "backups"
    await asyncio.to_thread(backups.mkdir)
    newest = backups / f"patchbay-{stamp(int(time.time()))}.db"
    await asyncio.to_thread(newest.touch, 0o600)
    await asyncio.to_thread(harm, path)
    found = await examine(environment | {"PATCHBAY_BACKUP_FOLDER": str(backups)})
    assert found.outcomes("failed") == ["database"]
    assert fix.format(backup=newest) in found.findings["database"]["fix"]
    assert found.outcomes("skipped") == ["database-keys", "unreadable-rows"]
    assert found.exit_code == 1


async def test_keys_of_another_database_are_a_failure(environment: dict[str, str], path: Path) -> None:
    """The key that is needed is named, and what it has sealed is counted."""
    await fill(path, LOST)
    found = await examine(environment)
    assert found.said("database-keys") == ("failed", "the key lost is needed")
    assert found.findings["database-keys"]["facts"] == {"missing": "lost"}
    assert found.said("unreadable-rows") == ("warning", "1 credentials of the key lost")
    assert found.exit_code == 1


async def test_unreadable_rows_are_counted_by_key(environment: dict[str, str], path: Path) -> None:
    """Rows of a lost key and rows that were changed are a warning, and the others are counted as well."""
    keys = environment["PATCHBAY_ENCRYPTION_KEYS"]
    await fill(path, keys, LOST, rows=2)
    execute(path, "UPDATE connection SET set_at = 7 WHERE name = 'c0-1'")
    found = await examine(environment)
    assert found.said("database-keys")[0] == "ok"
    assert found.said("unreadable-rows") == (
        "warning", "2 credentials of the key lost, 1 credentials of the key new",
    )  # fmt: skip
    by_key = found.findings["unreadable-rows"]["facts"]["by_key"]
    assert by_key["new"] == {"readable": 1, "unreadable": 1, "verified": 0, "unverified": 0}
    assert by_key["lost"]["unreadable"] == 2
    assert found.exit_code == 0


async def test_a_folder_that_is_missing_is_a_failure(environment: dict[str, str], path: Path) -> None:
    """Nothing could be stored."""
    environment["PATCHBAY_DATABASE_URL"] = f"sqlite:///{path.parent / 'missing' / 'patchbay.db'}"
    found = await examine(environment)
    assert found.outcomes("failed") == ["database-folder"]
    assert found.said("database-folder")[1] == f"{path.parent / 'missing'} does not exist"


@pytest.mark.parametrize(
    ("hours", "is_running", "outcome", "fix"),
    [
        (None, False, "ok", ""),
        (None, True, "warning", "backup_failed"),
        (1, True, "ok", ""),
        (26, True, "warning", "backup_failed"),
        (26, False, "warning", "makes one when it starts"),
        (-3, True, "warning", "backup_failed"),
    ],
)
async def test_the_newest_backup_is_compared_with_the_interval(
    environment: dict[str, str],
    path: Path,
    hours: int | None,
    is_running: bool,
    outcome: str,
    fix: str,
) -> None:
    """One that is overdue is a warning: whether the bot makes it depends on whether the bot runs."""
    backups = path.parent / "backups"
    await asyncio.to_thread(backups.mkdir)
    await asyncio.to_thread(migrate, path)
    if hours is not None:
        (backups / f"patchbay-{stamp(int(time.time()) - hours * 3600)}.db").touch(0o600)
    environment["PATCHBAY_BACKUP_FOLDER"] = str(backups)
    with process_lock(path, key_id="new") if is_running else contextlib.nullcontext():
        found = await examine(environment)
    assert found.said("backups")[0] == outcome
    assert fix in found.findings["backups"]["fix"]
    facts = found.findings["backups"]["facts"]
    is_seen = hours is not None and hours > 0  # one of a later time is of a wrong clock
    assert facts.get("age_hours") == (pytest.approx(hours, abs=0.2) if is_seen else None)
    assert found.exit_code == 0


async def test_a_folder_for_backups_that_is_none_is_a_failure(
    environment: dict[str, str], path: Path
) -> None:
    """No backup could be made."""
    await asyncio.to_thread(path.with_name("backups").touch)
    found = await examine(environment | {"PATCHBAY_BACKUP_FOLDER": str(path.with_name("backups"))})
    assert found.outcomes("failed") == ["backups"]
