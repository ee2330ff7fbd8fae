"""Keeps two bots from using one folder for scheduled backups, where each would delete the other's."""

import contextlib
import json
import secrets
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseUnusableError
from bot.store.sqlite.private_files import make_private

_MARKER: Final = "patchbay-backups.json"
"""The file in the folder that says whose backups these are."""
_IDENTITY: Final = ".backup-id"
"""What the name of the file ends with that holds a database's own random id, beside the database.

It is not in the database: a copy of that is another one, and what is restored belongs where it is put.
"""


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
