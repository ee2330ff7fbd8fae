"""Finds out which process has a database locked."""

import contextlib
import os
from pathlib import Path
from typing import Final

_LOCKS: Final = Path("/proc/locks")
"""Linux lists here who locks which bytes of which file. No file has to be opened for it: closing one would
drop the locks that SQLite holds on it in this process."""
_WRITE_LOCK: Final = "120"
"""The byte of the file ``-shm`` that whoever writes has locked: https://sqlite.org/walformat.html#locks"""


def lock_holder(database: Path) -> str:
    """Return id and name of the process that writes to a database, "" where that is not known. Blocks."""
    with contextlib.suppress(OSError, ValueError):
        file = database.with_name(f"{database.name}-shm").stat()
        wanted = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
        for line in _LOCKS.read_text("utf-8").splitlines():
            # 1: POSIX ADVISORY WRITE pid device:inode first last
            _, kind, _, mode, pid, where, first, *_ = line.split()
            if (kind, mode, where, first) == ("POSIX", "WRITE", wanted, _WRITE_LOCK):
                return f"process {pid} ({_name(pid)})"
    return ""


def _name(pid: str) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    return "?"
