"""Backs the database up, by command and on schedule, and restores a backup."""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from bot.operating.backup_folder import claim
from bot.operating.key_usage import KeyUsage, key_usage
from bot.settings import Settings
from bot.setup_errors import DatabaseDamagedError, DatabaseUnusableError, SetupError
from bot.store.sqlite.copies import (
    PARTIAL,
    Contents,
    contents_of,
    copy_database,
    flaw_of,
    replace_database,
    require_sound,
    stamp,
    stamped,
)
from bot.store.sqlite.migrations import before_migration
from bot.store.sqlite.private_files import alone_in
from bot.store.sqlite.process_lock import process_lock
from bot.store.vault import Vault, read_keys
from bot.store.write_state import WriteState

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HOUR: Final = 3600
_RETRY_SECONDS: Final = 600
BACKUP_GRACE: Final = 900.0
"""Seconds for which a backup may be late: one that failed is tried again after ten minutes."""
_KEPT_DAYS_BEFORE_MIGRATION: Final = 30
_NAME: Final = re.compile(r"patchbay-(\d{8}T\d{6}Z)\.db")
"""The files that the schedule has made; besides them, only what one of them was to become is deleted."""
_PARTIAL: Final = re.compile(_NAME.pattern + re.escape(PARTIAL))


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    aside: where the database is now that it replaced, None if there was none. usage: what the configured keys
    open of what was restored.
    """

    contents: Contents
    aside: Path | None
    usage: KeyUsage


def backup(settings: Settings, target: Path) -> Contents:
    """Copy the database into a new file, and return what that holds; a bot may be running. Blocks.

    The file has no keys: whoever restores it needs those that encrypted it. Raises SetupError.
    """
    database = settings.database_path
    if not database.exists():
        raise DatabaseUnusableError(path=str(database), reason="there is no such file")
    try:
        copy_database(database, target)
    except DatabaseDamagedError as error:
        newest = newest_backup(settings.backup_folder)
        raise DatabaseDamagedError(**{**error.values, "backup": str(newest or "FILE")}) from None
    return contents_of(target)


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of the database, which is kept under another name. Blocks.

    Raises AlreadyRunningError if the bot runs, DatabaseUnusableError or DatabaseNewerError if the backup is
    damaged, or of a later Patchbay, and MissingKeysError or InvalidKeysError: then nothing is changed.
    """
    database = settings.database_path
    if not source.exists():
        raise DatabaseUnusableError(path=str(source), reason="there is no such file")
    vault = Vault(read_keys(settings.encryption_keys.get_secret_value()))
    with process_lock(database):
        require_sound(source)
        contents, usage = contents_of(source), key_usage(source, vault)
        aside = replace_database(database, source, int(time.time()))
    return Restored(contents, aside, usage)


def newest_backup(folder: Path | None, now: float | None = None) -> Path | None:
    """Return the latest backup that the schedule has made, None if there is none that can be seen. Blocks.

    now: seconds since 1970, by default the present time. One that is later was made under a wrong clock.
    """
    if folder is not None:
        with contextlib.suppress(OSError):
            return max(_backups(folder, time.time() if now is None else now), default=None)
    return None


def refuse_damage(settings: Settings) -> None:
    """Read every page of the database's file, if there is one, before the bot starts with it. Blocks.

    Raises DatabaseDamagedError, which names the latest backup, and DatabaseUnusableError.
    """
    path = settings.database
    if isinstance(path, Path) and path.exists() and path.stat().st_size and (flaw := flaw_of(path)):
        newest = newest_backup(settings.backup_folder)
        raise DatabaseDamagedError(path=str(path), reason=flaw, backup=str(newest or "FILE"))


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
    for left in _named(folder, _PARTIAL):  # by a process that was killed
        left.unlink(missing_ok=True)
    newest = newest_backup(folder, now)
    age = every if newest is None else now - made_at(newest)
    if age < every:
        return every - age
    target = folder / f"patchbay-{stamp(now)}.db"
    copy_database(database, target, is_stopped)
    _log.info("backed_up", path=str(target), bytes=target.stat().st_size)
    for old in sorted(_backups(folder, now))[: -settings.backup_keep]:
        old.unlink(missing_ok=True)
    return every


def made_at(backup: Path) -> float:
    """Return when a scheduled backup was made, by its name, in seconds since 1970. Raises ValueError."""
    return stamped(backup.stem.removeprefix("patchbay-"))


def _backups(folder: Path, now: float) -> Sequence[Path]:
    """Return the backups made until now; a file whose name has no time of day and year is somebody else's."""
    found = []
    for each in _named(folder, _NAME):
        with contextlib.suppress(ValueError):
            if made_at(each) <= now:
                found.append(each)
    return found


def _named(folder: Path, pattern: re.Pattern[str]) -> Sequence[Path]:
    with contextlib.suppress(FileNotFoundError):
        return [each for each in folder.iterdir() if pattern.fullmatch(each.name)]
    return []


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
