"""Backs the database up on schedule, and deletes the copies that are not needed any more."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import structlog

from bot.operating.backups.folder import backup_at, backups_in, claim, made_at, newest_backup, unfinished_in
from bot.settings import Settings
from bot.setup_errors import DatabaseDamagedError, SetupError
from bot.store.sqlite.copies import PARTIAL, copy_database
from bot.store.sqlite.migrations import before_migration
from bot.store.sqlite.private_files import alone_in
from bot.store.write_state import WriteState

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HOUR: Final = 3600
_RETRY_SECONDS: Final = 600
_KEPT_DAYS_BEFORE_MIGRATION: Final = 30


@contextlib.asynccontextmanager
async def scheduled_backups(
    settings: Settings, write_state: WriteState, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """Keep backups as the settings say while the block runs, none of a server's database.

    Each one reads the whole database: damage that it finds is noted in ``write_state``, and after that none
    is made, so that the good ones stay. A backup that is being made when the block ends is given up: the next
    start makes it. clock: seconds since 1970.
    """
    if isinstance(settings.database, str):
        yield
        return
    stopped = threading.Event()
    task = asyncio.create_task(_keep(settings, settings.database, write_state, clock, stopped.is_set))
    try:
        yield
    finally:
        stopped.set()
        task.cancel()
        await asyncio.wait((task,))


async def _keep(
    settings: Settings,
    database: Path,
    write_state: WriteState,
    clock: Callable[[], float],
    is_stopped: Callable[[], bool],
) -> None:
    while write_state.damage is None:
        pause: float = _HOUR
        try:
            if settings.backup_folder is not None:
                due = await asyncio.to_thread(_back_up_if_due, settings, database, clock, is_stopped)
                pause = min(pause, due)
            await asyncio.to_thread(_drop_old_copies, database, clock())
        except DatabaseDamagedError as error:
            write_state.damaged(str(error.values["reason"]), "backup")
        except SetupError as error:
            _log.error("backup_failed", **error.values)
            pause = _RETRY_SECONDS
        except Exception:  # noqa: BLE001 - a failed backup must not end the schedule
            _log.exception("backup_failed")
            pause = _RETRY_SECONDS
        await asyncio.sleep(pause)


def _back_up_if_due(
    settings: Settings, database: Path, clock: Callable[[], float], is_stopped: Callable[[], bool]
) -> float:
    """Make a backup if the latest one is too old; return the seconds until the next one is due."""
    folder = settings.backup_folder
    assert folder is not None  # noqa: S101 - the caller has looked
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    # Processes with some of the shards each share the database: the first one makes the backup. The folder
    # for backups may be on a disk that knows no locks.
    try:
        with alone_in(database.absolute().parent, is_stopped):
            return _back_up_alone(settings, database, folder, int(clock()), is_stopped)
    except BlockingIOError:  # another one is about it, and this one ends
        return _RETRY_SECONDS


def _back_up_alone(
    settings: Settings, database: Path, folder: Path, now: int, is_stopped: Callable[[], bool]
) -> float:
    every = settings.backup_hours * _HOUR
    claim(folder, database)
    for left in unfinished_in(folder):  # by a process that was killed
        left.unlink(missing_ok=True)
    newest = newest_backup(folder, now)
    age = every if newest is None else now - made_at(newest)
    if age < every:
        return every - age
    target = backup_at(folder, now)
    copy_database(database, target, is_stopped)
    _log.info("backed_up", path=str(target), bytes=target.stat().st_size)
    for old in sorted(backups_in(folder, now))[: -settings.backup_keep]:
        old.unlink(missing_ok=True)
    return every


def _drop_old_copies(database: Path, now: float) -> None:
    """Delete the copies that were made before migrations, once the new schema has proved itself.

    And what an interrupted ``restore`` has left: none runs while the bot does.
    """
    database.with_name(database.name + PARTIAL).unlink(missing_ok=True)
    for each in before_migration(database):
        with contextlib.suppress(FileNotFoundError):  # another process with some of the shards was faster
            if now - each.stat().st_mtime > _KEPT_DAYS_BEFORE_MIGRATION * 24 * _HOUR:
                each.unlink()
                _log.info("copy_deleted", path=str(each))
