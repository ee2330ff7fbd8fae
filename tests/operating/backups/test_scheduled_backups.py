"""Backups are made on schedule, and what is not theirs stays."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.operating.backups.damage import damage_reported, refuse_damage
from bot.operating.backups.folder import newest_backup
from bot.operating.backups.schedule import scheduled_backups
from bot.settings import Settings
from bot.setup_errors import DatabaseDamagedError
from bot.store.sqlite.copies import flaw_of, stamp
from bot.store.sqlite.private_files import alone_in
from bot.store.write_state import WriteState
from tests.support.log_capture import logging_to_memory
from tests.support.operator_commands import patchbay
from tests.support.waiting import until

HOUR = 3600
NOW = 1_700_000_000


def at(seconds: int) -> Callable[[], float]:
    """Return a clock that stands still."""
    return lambda: seconds


def backups(folder: Path) -> list[Path]:
    """Return the scheduled backups, the oldest first."""
    return sorted(folder.glob("patchbay-*Z.db"))


def has_made(folder: Path, day: int) -> bool:
    """Tell whether that day's backup is there, and of the earlier ones the latest at most."""
    expected = [f"patchbay-{stamp(NOW + each * 24 * HOUR)}.db" for each in range(day + 1)]
    made = [each.name for each in backups(folder) if "99999999" not in each.name]
    return made == expected[-2:]


async def test_backups_are_made_and_old_ones_deleted(settings: Settings) -> None:
    """The first one is made at once, each further one when it is due, and other files are left alone."""
    folder = settings.backup_folder
    assert folder is not None
    folder.mkdir()
    (folder / "mine.db").write_text("mine")
    for day in range(4):
        async with scheduled_backups(settings, WriteState(), at(NOW + day * 24 * HOUR)):
            await until(partial(has_made, folder, day))
        if day == 0:
            async with scheduled_backups(settings, WriteState(), at(NOW + 23 * HOUR)):
                await asyncio.sleep(0.05)
            assert len(backups(folder)) == 1, "which is not a day old"
    assert [flaw_of(each) for each in backups(folder)] == [None, None]
    assert (folder / "mine.db").read_text() == "mine"


async def test_what_a_killed_process_left_is_deleted(settings: Settings) -> None:
    """A copy that was not finished has data of servers in it, and no later one has its name."""
    folder = settings.backup_folder
    assert folder is not None
    folder.mkdir()
    left = folder / f"patchbay-{stamp(NOW - HOUR)}.db.partial"
    left.write_text("half a copy")
    (folder / "mine.db.partial").write_text("mine")
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(partial(has_made, folder, 0))
    assert not left.exists()
    assert (folder / "mine.db.partial").exists()


async def test_processes_with_a_share_of_the_shards_make_one_backup(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of them has the schedule, and their backups are due at the same second."""
    folder = settings.backup_folder
    assert folder is not None
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(scheduled_backups(settings, WriteState(), at(NOW)))
        await until(partial(has_made, folder, 0))
    # The threads go on when the schedule ends.
    await asyncio.get_running_loop().shutdown_default_executor()
    assert len(backups(folder)) == 1
    assert "backup_failed" not in capsys.readouterr().out


async def test_a_failed_backup_is_logged_and_the_bot_goes_on(settings: Settings) -> None:
    """A folder that cannot be made costs no other work."""
    folder = settings.backup_folder
    assert folder is not None
    folder.write_text("a file")
    with logging_to_memory("json") as log:
        async with scheduled_backups(settings, WriteState(), at(NOW)):
            await until(lambda: "backup_failed" in log.getvalue())


async def test_a_file_of_an_impossible_time_is_left_alone(settings: Settings) -> None:
    """It is no backup of the schedule, which goes on."""
    folder = settings.backup_folder
    assert folder is not None
    folder.mkdir()
    odd = folder / "patchbay-99999999T999999Z.db"
    odd.write_text("mine")
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(partial(has_made, folder, 0))
    assert odd.read_text() == "mine"


async def test_a_backup_of_a_wrong_clock_is_not_the_newest(settings: Settings) -> None:
    """It is left alone, and does not count until its time has come."""
    folder = settings.backup_folder
    assert folder is not None
    folder.mkdir()
    future = folder / "patchbay-20991231T000000Z.db"
    future.write_text("of a wrong clock")
    for hours in (0, 1, 2):
        async with scheduled_backups(settings, WriteState(), at(NOW + hours * HOUR)):
            await until(lambda: len(backups(folder)) > 1)
    assert len(backups(folder)) == 2
    newest = newest_backup(folder)
    assert newest is not None
    assert newest != future


def test_a_folder_that_cannot_be_listed_has_no_backup(settings: Settings) -> None:
    """The line about damage must come whatever the folder is."""
    folder = settings.backup_folder
    assert folder is not None
    folder.write_text("a file")
    assert newest_backup(folder) is None
    settings.database_path.write_text("no database" * 1000)
    with pytest.raises(DatabaseDamagedError) as caught:
        refuse_damage(settings)
    assert caught.value.values["backup"] == "FILE"


async def test_the_end_waits_for_no_other_process_s_backup(settings: Settings) -> None:
    """Another process with some of the shards has the folder for as long as its backup takes."""
    folder = settings.database_path.parent
    with alone_in(folder):
        async with asyncio.timeout(5), scheduled_backups(settings, WriteState(), at(NOW)):
            await asyncio.sleep(0.3)
        await asyncio.get_running_loop().shutdown_default_executor()


async def test_two_bots_do_not_delete_each_others_backups(settings: Settings, tmp_path: Path) -> None:
    """The second one that is given a folder makes none in it, and says whose it is."""
    folder = settings.backup_folder
    assert folder is not None
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(partial(has_made, folder, 0))
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "patchbay.db"
    path.write_bytes(settings.database_path.read_bytes())
    other = settings.model_copy(update={"database_url": SecretStr(f"sqlite:///{path}")})
    with logging_to_memory("json") as log:
        async with scheduled_backups(other, WriteState(), at(NOW + 99 * HOUR)):
            await until(lambda: "backup_failed" in log.getvalue())
    assert str(settings.database_path) in log.getvalue()
    assert "patchbay-backups.json" in log.getvalue()
    assert has_made(folder, 0)
    assert patchbay("restore", str(backups(folder)[0])).exit_code == 0
    async with scheduled_backups(settings, WriteState(), at(NOW + 24 * HOUR)):
        await until(partial(has_made, folder, 1))


async def test_what_an_interrupted_restore_left_is_deleted(settings: Settings) -> None:
    """It would hold credentials for ever. A copy that a command makes at that moment is left alone."""
    left = settings.database_path.with_name("patchbay.db.partial")
    other = settings.database_path.with_name("patchbay.db.mine.partial")
    left.write_text("half a database")
    other.write_text("half a backup")
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(lambda: not left.exists())
    assert other.exists()


async def test_a_copy_that_another_process_deletes_first_is_no_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes with some of the shards each look at the same folder."""
    gone = settings.database_path.with_name("patchbay.db.before-0010")
    monkeypatch.setattr("bot.operating.backups.schedule.before_migration", lambda _: [gone])
    with logging_to_memory("json") as log:
        async with scheduled_backups(settings, WriteState(), at(NOW)):
            await until(lambda: "backed_up" in log.getvalue())
            await asyncio.sleep(0.1)
    assert "backup_failed" not in log.getvalue()


async def test_damage_that_a_backup_finds_is_noted(settings: Settings) -> None:
    """It reads what nobody has read since the start. The good backups stay, and there are no more."""
    folder = settings.backup_folder
    assert folder is not None
    state = WriteState()
    async with scheduled_backups(settings, state, at(NOW)):
        await until(partial(has_made, folder, 0))
    content = bytearray(settings.database_path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    settings.database_path.write_bytes(content)
    with logging_to_memory("json") as log:
        async with scheduled_backups(settings, state, at(NOW + 25 * HOUR)), damage_reported(settings, state):
            await until(lambda: "database_damaged" in log.getvalue())
    assert "backup_failed" not in log.getvalue()
    assert has_made(folder, 0)
    assert str(backups(folder)[0]) in log.getvalue()
    failed = patchbay("backup", str(folder.parent / "another.db"))
    assert failed.exit_code == 1
    assert "is damaged" in failed.stderr


async def test_a_backup_in_progress_is_given_up_at_the_end(settings: Settings) -> None:
    """The bot's end does not wait for it, and nothing is left of it."""
    with contextlib.closing(sqlite3.connect(settings.database_path)) as database:
        database.execute("CREATE TABLE filling AS SELECT randomblob(1000) AS some FROM (SELECT 1)")
        for _ in range(16):
            database.execute("INSERT INTO filling SELECT randomblob(1000) FROM filling")
        database.commit()
    folder = settings.backup_folder
    assert folder is not None
    with logging_to_memory("json") as log:
        async with scheduled_backups(settings, WriteState(), at(NOW)):
            await until(lambda: any(folder.glob("*.partial")))
        await until(lambda: not any(folder.glob("*.db*")))
    assert "backed_up" not in log.getvalue()


async def test_that_copy_is_deleted_after_thirty_days(settings: Settings) -> None:
    """It would keep for ever what was erased since."""
    old, new = (settings.database_path.with_name(f"patchbay.db.before-00{number}") for number in (10, 11))
    for path, days in ((old, 31), (new, 29)):
        path.write_text("")
        os.utime(path, (NOW - days * 24 * HOUR,) * 2)
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(lambda: not old.exists())
    assert new.exists()


async def test_damage_is_reported_with_the_newest_backup(settings: Settings) -> None:
    """The bot does not start, and the line holds the command that helps."""
    async with scheduled_backups(settings, WriteState(), at(NOW)):
        await until(lambda: any((settings.database_path.parent / "backups").glob("*Z.db")))
    content = settings.database_path.read_bytes()
    settings.database_path.write_bytes(content[: len(content) // 2] + b"\xff" * (len(content) // 2))
    with pytest.raises(DatabaseDamagedError) as caught:
        refuse_damage(settings)
    backup = caught.value.values["backup"]
    assert patchbay("restore", str(backup)).exit_code == 0
    refuse_damage(settings)
