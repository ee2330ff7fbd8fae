"""Checks the database: who uses it, whether it is whole, which keys it needs, and its backups."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bot.operating.doctor.finding import DoctorCheck, Finding, size, worded
from bot.operating.running import running_processes
from bot.settings import Settings
from bot.setup_errors import KeyNotConfiguredError, SetupError
from bot.store.driver import require_driver
from bot.store.moving.mark import DatabaseMove, move_error, move_of

FOLDER: Final = DoctorCheck("database-folder", "database", "database folder")
PROCESS: Final = DoctorCheck("bot-process", "database", "bot process")
DATABASE: Final = DoctorCheck("database", "database", "database")
KEYS: Final = DoctorCheck("database-keys", "database", "keys of the database")
ROWS: Final = DoctorCheck("unreadable-rows", "database", "unreadable rows")
BACKUPS: Final = DoctorCheck("backups", "database", "backups")

_HOUR: Final = 3600


def examine_folder(settings: Settings) -> list[Finding]:
    """Look whether the database can be made in its folder."""
    if isinstance(settings.database, str):
        return [FOLDER.skipped("the database is on a server")]
    folder = settings.database.absolute().parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return [FOLDER.ok(f"{folder} can be written to")]
    flaw = "cannot be written to" if folder.is_dir() else "does not exist"
    fix = "Make the folder writable for this user, or point PATCHBAY_DATABASE_URL elsewhere."
    return [FOLDER.failed(f"{folder} {flaw}", fix)]


def examine_process(settings: Settings) -> list[Finding]:
    """Look who runs the bot on this database; a bot that runs is as well as none."""
    try:
        processes = running_processes(settings)
    except SetupError:
        return [PROCESS.skipped("the database cannot be used")]
    said = ", ".join(map(_said_of, processes))
    text = f"running as process {said}" if processes else "not running"
    return [PROCESS.ok(text, processes=processes)]


def _said_of(process: dict[str, str]) -> str:
    said = f"{process['pid']} on {process['host']} since {process['since']}"
    if (shards := process.get("shards")) is None:  # a lock on a file does not tell
        return said
    return f"{said} with {f'shards {shards}' if shards else 'no shards'}"


def examine_database(settings: Settings) -> list[Finding]:
    """Read the whole database as the start does, and change nothing."""
    if isinstance(settings.database, str):
        return _examine_server(settings, settings.database)
    return _examine_file(settings, settings.database)


def _examine_server(settings: Settings, url: str) -> list[Finding]:
    try:
        require_driver()
        from bot.operating.keys.usage import usage_of  # noqa: PLC0415 - libraries may be missing
        from bot.store.postgres.inspection import inspect  # noqa: PLC0415
        from bot.store.revision import POSTGRES_HEAD  # noqa: PLC0415

        found = inspect(url)
        _refuse_moved(found.move, settings)
    except SetupError as error:
        return _unusable(error)
    text = f"{settings.database_name} answers ({size(found.bytes)}){_due(found.revision, POSTGRES_HEAD)}"
    sound = DATABASE.ok(text, schema=found.revision, head=POSTGRES_HEAD, bytes=found.bytes)
    return [sound, *_examine_keys(settings, lambda vault: usage_of(found.keys, vault))]


def _refuse_moved(move: DatabaseMove | None, settings: Settings) -> None:
    if move is not None:
        raise move_error(move, settings.database_name)


def _unusable(error: SetupError) -> list[Finding]:
    unread = "the database cannot be used"
    return [DATABASE.failed("cannot be used", worded(error)), KEYS.skipped(unread), ROWS.skipped(unread)]


def _due(revision: str | None, newest: str) -> str:
    return "" if revision == newest else f"; the next start brings schema {revision or 'empty'} to {newest}"


def _examine_file(settings: Settings, path: Path) -> list[Finding]:
    # The database driver may be what is missing.
    from bot.operating.backups.damage import refuse_damage  # noqa: PLC0415
    from bot.operating.keys.usage import key_usage  # noqa: PLC0415
    from bot.store.revision import HEAD  # noqa: PLC0415
    from bot.store.sqlite.copies import opened  # noqa: PLC0415
    from bot.store.sqlite.revision import current_revision  # noqa: PLC0415

    if not path.exists():
        absent = "there is no database yet"
        found = DATABASE.ok(f"{path} does not exist yet; the first start makes it", schema=None, bytes=0)
        return [found, KEYS.skipped(absent), ROWS.skipped(absent)]
    try:
        refuse_damage(settings)
        revision = current_revision(path)
        with opened(path) as connection:
            _refuse_moved(move_of(connection), settings)
    except SetupError as error:
        return _unusable(error)
    number = path.stat().st_size
    text = f"{path} is sound ({size(number)}){_due(revision, HEAD)}"
    found = DATABASE.ok(text, schema=revision, head=HEAD, bytes=number)
    return [found, *_examine_keys(settings, lambda vault: key_usage(path, vault))]


def _examine_keys(settings: Settings, count: Callable[[Any], Any]) -> list[Finding]:
    """Look which keys the rows need. count: returns a vault's ``KeyUsage``."""
    from bot.operating.keys.usage import KeyUsage  # noqa: PLC0415 - libraries may be missing
    from bot.store.vault import Vault, read_keys  # noqa: PLC0415

    try:
        keys = read_keys(settings.encryption_keys.get_secret_value())
    except SetupError:
        unusable = "the encryption keys cannot be used"
        return [KEYS.skipped(unusable), ROWS.skipped(unusable)]
    try:
        usage: KeyUsage = count(Vault(keys))
    except SetupError as error:
        return [KEYS.failed("cannot be looked at", worded(error)), ROWS.skipped("the rows cannot be read")]
    if usage.missing is None:
        match = KEYS.ok("the configured keys are the right ones")
    else:
        fix = worded(KeyNotConfiguredError(key_id=usage.missing))
        match = KEYS.failed(f"the key {usage.missing} is needed", fix, missing=usage.missing)
    facts = {"by_key": {key_id: asdict(use) for key_id, use in sorted(usage.by_key.items())}}
    said = [
        f"{number} {what} of the key {key_id}"
        for key_id, use in sorted(usage.by_key.items())
        for number, what in ((use.unreadable, "credentials"), (use.unverified, "seals of audit logs"))
        if number
    ]
    if said:
        fix = (
            "Add the key, if you still have it, after the first one in PATCHBAY_ENCRYPTION_KEYS, and restart"
            " the bot. Otherwise, if the bot starts at all, members enter these credentials again. Rows of a"
            " key that is configured were changed by something else than Patchbay."
        )
        return [match, ROWS.warning(", ".join(said), fix, **facts)]
    readable = sum(use.readable for use in usage.by_key.values())
    return [match, ROWS.ok(f"none; {readable} credentials can be read", **facts)]


def examine_backups(settings: Settings) -> list[Finding]:
    """Compare the age of the newest scheduled backup with the interval."""
    if isinstance(settings.database, str):
        return [BACKUPS.skipped("the database is on a server")]
    return [_examine_backups(settings)]


def _examine_backups(settings: Settings) -> Finding:
    from bot.operating.backups.folder import BACKUP_GRACE, made_at, newest_backup  # noqa: PLC0415 - as above

    folder, every = settings.backup_folder, settings.backup_hours
    if folder is None:
        return BACKUPS.ok("not scheduled, because PATCHBAY_BACKUP_FOLDER is not set")
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return BACKUPS.failed(
            f"{folder} is no folder that can be written to",
            "Make the folder writable for the user that runs the bot, or set PATCHBAY_BACKUP_FOLDER anew.",
        )
    is_running = bool(running_processes(settings))
    newest = newest_backup(folder)
    if newest is None:
        text = f"none yet in {folder}; the bot makes one when it starts"
        if not is_running:
            return BACKUPS.ok(text, newest=None)
        return BACKUPS.warning(f"none in {folder}, although the bot is running", _LOOK_IN_LOG, newest=None)
    hours = (time.time() - made_at(newest)) / _HOUR
    facts = {"newest": str(newest), "age_hours": round(hours, 1), "every_hours": every}
    said = f"the newest is {newest.name}, {hours:.1f} hours old"
    if hours > every + BACKUP_GRACE / _HOUR:
        fix = _LOOK_IN_LOG if is_running else "The bot makes one when it starts."
        return BACKUPS.warning(f"{said}; one is due every {every} hours", fix, **facts)
    return BACKUPS.ok(said, **facts)


_LOOK_IN_LOG: Final = "Look for backup_failed in the bot's log, and make one now:\n  patchbay backup FILE"
