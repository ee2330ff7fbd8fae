"""`patchbay migrate-database` moves everything to a database of the other kind, and nothing is lost."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copy
from typing import Final

import pytest

from bot.features.audit.chain import Chain
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating.keys.rotation import bring_up_to_date
from bot.operating.moving import migrate_database
from bot.setup_errors import DatabaseMovedError
from bot.store.database import Database
from bot.store.moving.mark import DatabaseMove, mark
from bot.store.moving.target import open_side
from bot.store.sqlite.process_lock import process_lock
from bot.store.sqlite.side import SqliteSide
from bot.store.vault import Place, Vault, read_keys
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.moving import (
    KEYS,
    address,
    change,
    contents,
    environment,
    fill,
    patchbay,
    settings,
    with_password,
)

SECRET: Final = {"organization_secret": "FAKE-TOKEN-moved"}


def test_everything_comes_over_and_back(path: Path, postgres_url: str, tmp_path: Path) -> None:
    """All rows of all tables are the same on the server, and in the file into which they move next.

    The command shows progress, and no password.
    """
    fill(path, 1)
    before = contents(path)
    with closing(SqliteSide(path)) as side:
        assert before.keys() == {table.name for table in side.moved_tables()}
    there = patchbay(path, "migrate-database", "--to", "-", told=with_password(postgres_url) + "\n")
    assert there.exit_code == 0, there.output
    number = sum(map(len, before.values()))
    assert f"Comparing: {number} of {number} rows" in there.output
    assert f"Moved {number} rows" in there.output
    assert contents(postgres_url) == before
    back = patchbay(postgres_url, "migrate-database", "--to", f"sqlite:///{tmp_path / 'back.db'}")
    assert back.exit_code == 0, back.output
    assert contents(tmp_path / "back.db") == before
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600
    assert contents(path) == before


async def test_credentials_open_and_audit_logs_verify_afterwards(path: Path, postgres_url: str) -> None:
    """With the same keys, on the other engine; and the log goes on where it was."""
    vault, clock = Vault(read_keys(KEYS)), Clock()
    async with Database.open(path) as database:
        await bring_up_to_date(database, vault)
        place = Place(GUILD, "sensay", "default", 100, 9)
        row = ConnectionRow(
            GUILD, "sensay", "default", vault.seal(SECRET, place), MEMBER, 100, 100, generation=9
        )
        await ConnectionStore(database).insert(row)
        audit = AuditService(AuditStore(database), vault, clock)
        for number in range(30):
            await audit.note(GUILD, "connection.add", f"sensay {number}", member_id=MEMBER)
    await asyncio.to_thread(migrate_database, settings(path), postgres_url, print)
    async with Database.open(postgres_url) as database:
        restarted = Vault(read_keys(KEYS))
        await bring_up_to_date(database, restarted)
        (stored,) = await ConnectionStore(database).of_guild(GUILD)
        assert stored == row
        assert restarted.open(stored.secret, stored.place) == SECRET
        audit = AuditService(AuditStore(database), restarted, clock)
        await audit.note(GUILD, "connection.add", "after", member_id=MEMBER)
        assert (await audit.export(GUILD))[1] == Chain(31)


@pytest.mark.parametrize("to_server", [True, False])
def test_what_is_stored_during_the_first_copy_comes_over_too(
    path: Path, postgres_url: str, tmp_path: Path, to_server: bool
) -> None:
    """Rows that are added, changed and deleted meanwhile, and up to the moment at which the bot stops."""
    fill(path, 2)
    if not to_server:
        migrate_database(settings(path), postgres_url, print)
    source: Path | str = path if to_server else postgres_url
    target: Path | str = postgres_url if to_server else tmp_path / "new.db"
    lines: list[str] = []

    def write(line: str) -> None:
        if not lines:  # the first copy is made, and its snapshot is still open
            change(source, "UPDATE guild SET removed_at = 77", "DELETE FROM history WHERE at > 0")
            change(source, "INSERT INTO greeting VALUES (555, 6, 7)")
        lines.append(line)

    with closing(open_side(source)) as side:
        greetings = len(side.rows("SELECT guild_id FROM greeting"))
    migrate_database(settings(source), address(target), write)
    assert contents(target) == contents(source)
    assert len(contents(target)["greeting"]) == greetings + 1
    assert {row[2] for row in contents(target)["guild"]} == {77}
    with closing(open_side(target)) as side:
        marked = "PRAGMA user_version" if isinstance(target, Path) else "SELECT state FROM trace_mark"
        assert side.rows(marked) == [(1,)], "the bot removes the traces of what was deleted"


def test_it_waits_until_the_bot_is_stopped(path: Path, postgres_url: str) -> None:
    """What the bot stores until then comes over; after that none starts before everything is moved."""
    fill(path, 3)
    running = process_lock(path, key_id="k1")
    running.__enter__()
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if line.startswith("Stop the bot"):
            change(path, "INSERT INTO greeting VALUES (556, 6, 7)")
            running.__exit__(None, None, None)

    migrate_database(settings(path), postgres_url, stop)
    assert len([line for line in lines if line.startswith("Stop the bot now: process ")]) == 1
    assert (556, 6, 7) in contents(postgres_url)["greeting"]
    assert contents(postgres_url) == contents(path)


def test_one_that_was_killed_goes_on(path: Path, postgres_url: str) -> None:
    """Until then the target is refused by the bot, and by a move from elsewhere; the source can be used."""
    fill(path, 4)
    with closing(sqlite3.connect(path)) as database, database:
        many = ((7, "sensay", f"a{number}", number, "ok", "x" * 50) for number in range(60_000))
        database.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", many)
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "migrate-database", "--to", postgres_url],
        env=environment(path),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Copying: ")
        process.kill()
    with closing(open_side(postgres_url)) as side:
        ((number,),) = side.rows("SELECT count(*) FROM history")
    assert number < 60_000
    refused = patchbay(postgres_url, "run")
    assert refused.exit_code == 78
    assert f"has only a part of {path}" in refused.output
    other = Path(copy(path, path.with_name("other.db")))
    elsewhere = patchbay(other, "migrate-database", "--to", postgres_url)
    assert elsewhere.exit_code == 1
    assert "it belongs to another move" in elsewhere.output
    assert patchbay(path, "purge-guild", "7", "--yes").exit_code == 0
    again = patchbay(path, "migrate-database", "--to", postgres_url)
    assert again.exit_code == 0, again.output
    assert contents(postgres_url) == contents(path)


def test_one_that_ended_between_both_marks_is_finished(path: Path, postgres_url: str) -> None:
    """Nothing uses either database until the command has run once more; after that it says where all is."""
    fill(path, 5)
    migrate_database(settings(path), postgres_url, print)
    with closing(open_side(postgres_url)) as side, side.alone():
        mark(side, DatabaseMove("from", str(path)), 1)
    assert migrate_database(settings(path), postgres_url, print).startswith("Moved ")
    assert contents(postgres_url) == contents(path)
    with pytest.raises(DatabaseMovedError):
        migrate_database(settings(path), postgres_url, print)
