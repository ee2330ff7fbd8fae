"""Copies a database while it is used, checks copies, and puts one in a database's place."""

import contextlib
import errno
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from bot.errors import DamagedError
from bot.setup_errors import DatabaseDamagedError, DatabaseUnusableError
from bot.store.sqlite.connection import SqliteReader
from bot.store.sqlite.failures import unavailable
from bot.store.sqlite.private_files import make_private
from bot.store.sqlite.revision import current_revision
from bot.store.sqlite.scrub import REPLICATION
from bot.store.vault import key_id_of

PARTIAL: Final = ".partial"
"""What the name of a copy ends with until it is whole."""
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""What the names of the files end with that SQLite keeps beside a database."""
_NOT_OURS: Final = "it is no database of Patchbay"
_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems answer that know no second name of a file, as some network drives and memory sticks."""
_STEPS: Final = 20_000
"""SQLite's instructions between two looks at whether to give up: a millisecond."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds. key_ids: how many credentials each key has encrypted, by its id."""

    revision: str
    servers: int
    connections: int
    entries: int
    key_ids: Counter[str]


def copy_database(source: Path, target: Path, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Write all that was committed to the source into a new file of mode 0600, and check that it is sound.

    The source may be in use; readers and writers go on meanwhile. What was deleted is not in the copy. A copy
    that is not whole is never seen under the target's name, and no file is replaced. is_stopped: asked again
    and again whether to give up. Blocks. Raises DatabaseUnusableError, and DatabaseDamagedError if the source
    is damaged.
    """
    partial = target.with_name(target.name + PARTIAL)
    try:
        if target.exists():
            raise DatabaseUnusableError(path=str(target), reason="there is a file of this name already")
        partial.unlink(missing_ok=True)
        make_private(partial)
        with opened(source) as connection:
            connection.set_progress_handler(is_stopped, _STEPS)
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("VACUUM INTO ?", (str(partial),))
        require_sound(partial, is_stopped)
        _sync(partial)
        _name(partial, target)
        _sync(target.parent)
    except (sqlite3.Error, OSError) as error:
        is_damage = isinstance(error, sqlite3.Error) and isinstance(unavailable(error), DamagedError)
        # The disk of the copy may be the one that fails.
        if is_damage and (flaw := flaw_of(source)):
            raise DatabaseDamagedError(path=str(source), reason=flaw, backup="FILE") from None
        raise DatabaseUnusableError(path=str(target), reason=_reason(error)) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def require_sound(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Raise DatabaseUnusableError unless this is a sound database of a known schema. Blocks.

    is_stopped: as for ``copy_database``. Raises DatabaseNewerError for one of a later Patchbay.
    """
    flaw = flaw_of(path, "integrity_check", is_stopped)
    if flaw is None and current_revision(path) is None:
        flaw = _NOT_OURS
    if flaw is not None:
        raise DatabaseUnusableError(path=str(path), reason=flaw)


def flaw_of(
    path: Path,
    check: Literal["quick_check", "integrity_check"] = "quick_check",
    is_stopped: Callable[[], bool] = lambda: False,
) -> str | None:
    """Read every page of a database, which stays as it is; return what is wrong with it, None if it is sound.

    A database without tables is sound: a first start that was interrupted leaves one. check: the second one
    takes longer, because it compares the indexes with the tables. is_stopped: as for ``copy_database``.
    Blocks. Raises DatabaseUnusableError if the file cannot be read at present, and DatabaseNewerError.
    """
    try:
        with opened(path) as connection:
            connection.set_progress_handler(is_stopped, _STEPS)
            found = str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])
            is_empty = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    except sqlite3.Error as error:
        if isinstance(unavailable(error), DamagedError):
            return str(error)
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
    if found != "ok":
        return found.splitlines()[-1]
    return None if is_empty or current_revision(path) else _NOT_OURS


def contents_of(path: Path) -> Contents:
    """Count what a sound database holds, of any schema. Blocks. Raises DatabaseUnusableError."""
    revision = current_revision(path)
    try:
        with opened(path) as connection:
            tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            sealed = connection.execute("SELECT guild_id, secret FROM connection").fetchall()
            query = "SELECT count(*) FROM audit"
            entries = int(connection.execute(query).fetchone()[0]) if "audit" in tables else 0
    except sqlite3.Error as error:
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
    key_ids = Counter(key_id_of(secret[1:]) or "?" for _, secret in sealed if secret)
    return Contents(revision or "", len({guild for guild, _ in sealed}), len(sealed), entries, key_ids)


def is_replicated(path: Path) -> bool:
    """Tell whether Litestream replicates a database, or has done so. Blocks."""
    with contextlib.suppress(sqlite3.Error), opened(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return any(str(name).startswith(REPLICATION) for (name,) in tables)
    return False


def replace_database(database: Path, copy: Path, now: int) -> Path | None:
    """Put a copy in the place of a database that nothing uses; return where the former one is now, if any.

    The former one keeps the files beside it, so that it can be opened as before. An interruption leaves one
    of the two under the database's name, never a mixture. now: seconds since 1970. Blocks. Raises
    DatabaseUnusableError.
    """
    partial = database.with_name(database.name + PARTIAL)
    try:
        partial.unlink(missing_ok=True)
        make_private(partial)
        with copy.open("rb") as source, partial.open("wb") as target:
            while piece := source.read(1 << 20):
                target.write(piece)
        _sync(partial)
        aside = _set_aside(database, now)
        partial.replace(database)
        _sync(database.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise DatabaseUnusableError(path=str(database), reason=_reason(error)) from None
    return aside


def _set_aside(database: Path, now: int) -> Path | None:
    aside = database.with_name(f"{database.name}.replaced-{stamp(now)}")
    is_there = database.exists()
    if is_there:
        with contextlib.suppress(sqlite3.Error), opened(database) as connection:
            # After this the file is whole by itself.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _name(database, aside)
    # A log beside the database would be read into what replaces it, also where only the log is left.
    for ending in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + ending).rename(aside.with_name(aside.name + ending))
    return aside if is_there else None


def _name(path: Path, name: Path) -> None:
    """Give a file one more name that nobody has, or a new one where a file can have one name only."""
    try:
        os.link(path, name)  # unlike a renaming, this replaces nothing
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        path.rename(name)


def stamp(now: int) -> str:
    """Return a time as it stands in the names of files: in UTC, in the order of time."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


def stamped(text: str) -> float:
    """Return the time that ``stamp`` has written, in seconds since 1970. Raises ValueError."""
    return datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[SqliteReader]:
    """Open a database that exists, to look at it or to copy it. Raises sqlite3.Error."""
    # A name alone would make a file where there is none. mode=ro would leave a -wal and a -shm file behind,
    # which may belong to another user than the bot's.
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, factory=SqliteReader)
    with contextlib.closing(connection):
        yield connection


def _sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: sqlite3.Error | OSError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
