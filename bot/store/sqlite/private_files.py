"""Creates files that only the bot's user can read, and takes others' access to files away."""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PRIVATE: Final = 0o600
"""The mode of each file that holds data of servers or of this process: only the owner reads and writes."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PAUSE: Final = 0.05
"""Seconds between two tries to be alone in a folder."""


def make_private(path: Path) -> None:
    """Create an empty file with mode 0600 if there is none, else take others' access away. Blocks.

    A file that cannot be changed because it belongs to another user is logged and left as it is. Raises
    OSError if the file cannot be created.
    """
    try:
        # The umask can only take bits away, and 0600 has none that must go. The file is never opened if it
        # exists: closing a file drops the locks that SQLite holds on it in this process.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
    except FileExistsError:
        narrow(path)


def narrow(path: Path) -> None:
    """Take group's and others' access to a file away, if there is such a file, and log it. Blocks."""
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS:
            return
        try:
            path.chmod(mode & ~_OTHERS)
        except PermissionError:
            _log.warning("file_readable_by_others", path=str(path), mode=f"{mode:04o}")
        else:
            _log.info("file_made_private", path=str(path), mode=f"{mode:04o}")


def make_database_private(path: Path) -> None:
    """Do this for a database and the files that SQLite keeps beside it. Blocks.

    Raises OSError as ``make_private`` does.
    """
    make_private(path)
    for suffix in ("-wal", "-shm", "-journal"):
        narrow(path.with_name(path.name + suffix))


@contextlib.contextmanager
def alone_in(folder: Path, is_stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Wait until no other process works alone in a folder, and do so while the block runs. Blocks.

    The kernel ends it when the process ends in whichever way. is_stopped: asked again and again whether to
    give up, which raises BlockingIOError. Raises OSError if there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_stopped():
                    raise
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
