"""Lets one process at a time answer for a shard on a database, and says which process does."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.setup_errors import AlreadyRunningError, DatabaseUnusableError
from bot.store.private_files import PRIVATE, narrow

_UNKNOWN: Final = {"pid": "?", "host": "?", "since": "?"}
_MOST_BYTES: Final = 4096


@contextlib.contextmanager
def process_lock(
    database: Path, shards: Sequence[int] = (), clock: Callable[[], float] = time.time
) -> Iterator[None]:
    """Hold the lock for these shards of a database while the block runs. It never waits.

    shards: none stands for all. ``<database>.lock`` is held alone by a process with all shards, and together
    by processes with some, each of which also holds ``<database>.lock-<shard>`` alone. The kernel releases
    the locks when the process ends in whichever way; the files stay and stop nobody. clock: seconds since
    1970. Raises AlreadyRunningError, and DatabaseUnusableError if the files cannot be made.
    """
    database = database.resolve()  # two names of one file are one database
    every = database.with_name(f"{database.name}.lock")
    own = [database.with_name(f"{database.name}.lock-{shard}") for shard in sorted(set(shards))]
    with contextlib.ExitStack() as stack:
        if own:
            _take(stack, every, fcntl.LOCK_SH, database)
        for path in own or [every]:
            _write_holder(_take(stack, path, fcntl.LOCK_EX, database), clock())
        yield


def _take(stack: contextlib.ExitStack, path: Path, kind: int, database: Path) -> int:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        raise DatabaseUnusableError(path=str(path), reason=error.strerror or "cannot be opened") from None
    stack.callback(os.close, descriptor)
    narrow(path)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(path=str(database), **_holder(path)) from None
    return descriptor


def _write_holder(descriptor: int, now: float) -> None:
    since = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    with contextlib.suppress(OSError):  # with a full disk the lock holds, only nobody knows whose it is
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(refused: Path) -> dict[str, str]:
    """Return pid, host and beginning of the process that holds a lock.

    A process with some shards writes this into their files, not into the one that it holds with others.
    """
    for path in sorted(refused.parent.glob(f"{refused.name}*"), key=lambda each: each != refused):
        with contextlib.suppress(OSError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                written = file.read(_MOST_BYTES)
                with contextlib.suppress(ValueError, AttributeError):
                    read = json.loads(written)
                    return {name: str(read.get(name, "?")) for name in _UNKNOWN}
    return dict(_UNKNOWN)
