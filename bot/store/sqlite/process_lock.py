"""Lets one process at a time answer for a shard on a database, and says which process does."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.setup_errors import AlreadyRunningError, DatabaseUnusableError, OtherKeyInUseError
from bot.store.sqlite.private_files import PRIVATE, narrow

_SHOWN: Final = ("pid", "host", "since")
_KEY_ID: Final = "key_id"
_MAX_BYTES: Final = 4096


@contextlib.contextmanager
def process_lock(
    database: Path, shards: Sequence[int] = (), clock: Callable[[], float] = time.time, *, key_id: str = ""
) -> Iterator[None]:
    """Hold the lock for these shards of a database while the block runs. It never waits.

    shards: none stands for all. ``<database>.lock`` is held alone by a process with all shards, and together
    by processes with some, each of which also holds ``<database>.lock-<shard>`` alone. The kernel releases
    the locks when the process ends in whichever way; the files stay and stop nobody. clock: seconds since
    1970. key_id: the key that the process signs with. Raises AlreadyRunningError, and DatabaseUnusableError
    if the files cannot be made.
    """
    every = _lock_of(database)
    own = [every.with_name(f"{every.name}-{shard}") for shard in sorted(set(shards))]
    with contextlib.ExitStack() as stack:
        if own:
            _take(stack, every, fcntl.LOCK_SH, database)
        for path in own or [every]:
            _write_holder(_take(stack, path, fcntl.LOCK_EX, database), clock(), key_id)
        yield


def running_processes(database: Path) -> list[dict[str, str]]:
    """Return pid, host and beginning of each process that runs the bot on a database, ``?`` if unknown.

    Blocks.
    """
    return [_shown(holder) for holder in _holders(_lock_of(database))]


def require_key(database: Path, key_id: str) -> None:
    """Raise OtherKeyInUseError if a process runs the bot on a database and signs with another key."""
    for holder in _holders(_lock_of(database)):
        if holder.get(_KEY_ID) != key_id:
            in_use = str(holder.get(_KEY_ID, "?"))
            raise OtherKeyInUseError(key_id=key_id, in_use=in_use, **_shown(holder))


def _lock_of(database: Path) -> Path:
    """Return the lock file of a database; two names of one file are one database."""
    database = database.resolve()
    return database.with_name(f"{database.name}.lock")


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


def _write_holder(descriptor: int, now: float, key_id: str) -> None:
    since = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, _KEY_ID: key_id}
    with contextlib.suppress(OSError):  # with a full disk the lock holds, only nobody knows whose it is
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(refused: Path) -> dict[str, str]:
    """Return pid, host and beginning of the process that holds a lock."""
    return _shown(next(_holders(refused), {}))


def _shown(holder: Mapping[str, object]) -> dict[str, str]:
    return {name: str(holder.get(name, "?")) for name in _SHOWN}


def _holders(lock: Path) -> Iterator[Mapping[str, object]]:
    """Return what each process that holds a lock wrote, {} where that cannot be read.

    A process with some shards writes this into their files, not into the one that it holds with others.
    """
    for path in sorted(lock.parent.glob(f"{lock.name}*"), key=lambda each: each != lock):
        with contextlib.suppress(OSError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield _parsed(file.read(_MAX_BYTES))


def _parsed(written: bytes) -> Mapping[str, object]:
    try:
        read = json.loads(written)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
