"""The folder of the scheduled backups: whose it is, and what is in it."""

import contextlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseUnusableError
from bot.store.sqlite.copies import PARTIAL, stamp, stamped
from bot.store.sqlite.private_files import make_private

BACKUP_GRACE: Final = 900.0
"""Seconds for which a backup may be late: one that failed is tried again after ten minutes."""
_MARKER: Final = "patchbay-backups.json"
"""The file in the folder that says whose backups these are."""
_IDENTITY: Final = ".backup-id"
"""What the name of the file ends with that holds a database's own random id, beside the database.

It is not in the database: a copy of that is another one, and what is restored belongs where it is put.
"""
_NAME: Final = re.compile(r"patchbay-(\d{8}T\d{6}Z)\.db")
"""The files that the schedule has made; besides them, only what one of them was to become is deleted."""
_PARTIAL: Final = re.compile(_NAME.pattern + re.escape(PARTIAL))


def claim(folder: Path, database: Path) -> None:
    """Note that a folder is for the backups of this database. Blocks.

    Raises DatabaseUnusableError if it is for those of another one, and OSError.
    """
    marker, database = folder / _MARKER, database.resolve()
    own = {"id": _identity(database), "database": str(database)}
    with contextlib.suppress(FileExistsError):
        _write(marker, json.dumps(own))
    try:
        noted = json.loads(marker.read_text("utf-8"))
    except ValueError:
        noted = None
    if noted != own:
        other = noted.get("database", "?") if isinstance(noted, dict) else "?"
        reason = (
            f"it holds the backups of another database, {other}; set PATCHBAY_BACKUP_FOLDER to another"
            f" folder, or delete {_MARKER} in it if that database was moved or is no longer used"
        )
        raise DatabaseUnusableError(path=str(folder), reason=reason)


def _identity(database: Path) -> str:
    path = database.with_name(database.name + _IDENTITY)
    with contextlib.suppress(FileExistsError):
        _write(path, secrets.token_hex(16))
    return path.read_text("utf-8")


def _write(path: Path, text: str) -> None:
    """Write a small file as a whole. Raises FileExistsError if there is one, which stays as it is."""
    if path.exists():
        raise FileExistsError
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    make_private(new)
    try:
        new.write_text(text, "utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def newest_backup(folder: Path | None, now: float | None = None) -> Path | None:
    """Return the latest backup that the schedule has made, None if there is none that can be seen. Blocks.

    now: seconds since 1970, by default the present time. One that is later was made under a wrong clock.
    """
    if folder is not None:
        with contextlib.suppress(OSError):
            return max(backups_in(folder, time.time() if now is None else now), default=None)
    return None


def backups_in(folder: Path, now: float) -> Sequence[Path]:
    """Return the backups made until now; a file whose name has no time of day and year is somebody else's."""
    found = []
    for each in _named(folder, _NAME):
        with contextlib.suppress(ValueError):
            if made_at(each) <= now:
                found.append(each)
    return found


def unfinished_in(folder: Path) -> Sequence[Path]:
    """Return what was to become backups."""
    return _named(folder, _PARTIAL)


def backup_at(folder: Path, now: int) -> Path:
    """Return the path of a backup that is made now. now: seconds since 1970."""
    return folder / f"patchbay-{stamp(now)}.db"


def made_at(backup: Path) -> float:
    """Return when a scheduled backup was made, by its name, in seconds since 1970. Raises ValueError."""
    return stamped(backup.stem.removeprefix("patchbay-"))


def _named(folder: Path, pattern: re.Pattern[str]) -> Sequence[Path]:
    with contextlib.suppress(FileNotFoundError):
        return [each for each in folder.iterdir() if pattern.fullmatch(each.name)]
    return []
