"""What has to outlive the process about our standing with Discord, in a small file beside the database.

It is no part of the database: a start that fails must be counted even where the database takes no writes, and
``patchbay doctor`` reads it while a bot runs.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_OWNER_ONLY: Final = 0o600
_LOCK_TRIES: Final = 20
_LOCK_PAUSE: Final = 0.05
"""Seconds between two tries. A process that holds the lock for longer is halted, and must not halt others."""


def path_beside(database: Path) -> Path:
    """Return the file's path. database: the path of the database's file."""
    return database.with_name(f"{database.stem}.discord.json")


def read_state(path: Path) -> dict[str, Any]:
    """Return what the file holds, nothing where there is none or where it is damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class DiscordState(Protocol):
    """What has to outlive the process, by keys. All processes of a bot share it."""

    async def get(self, key: str) -> Mapping[str, Any]:
        """Return what is kept under a key, an empty mapping where that is nothing."""

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something under a key, an empty mapping to keep nothing."""

    async def change(
        self, key: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Replace what is kept under a key by what the function makes of it, and return that."""


class StateFile:
    """The file, as one running bot sees it. Processes with other shards of the same bot change it as well.

    path: None to keep everything in memory. What cannot be written is kept in memory too, and so is what was
    read last, in case the file is lost.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        self._is_ahead = path is None
        """Whether more is known than the file holds."""
        self._lock = asyncio.Lock()

    async def get(self, key: str) -> Mapping[str, Any]:
        """Return what is kept under a key, an empty mapping where that is nothing."""
        async with self._lock:
            return await asyncio.to_thread(self._get, key)

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something under a key, an empty mapping to keep nothing."""
        await self.change(key, lambda _: value)

    async def change(
        self, key: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Replace what is kept under a key by what the function makes of it, and return that."""
        async with self._lock:
            return await asyncio.to_thread(self._change, key, change)

    def _get(self, key: str) -> Mapping[str, Any]:
        self._read()  # without a lock: the file is replaced as a whole
        found = self._known.get(key)
        return found if isinstance(found, dict) else {}

    def _read(self) -> None:
        if self._path is not None and not self._is_ahead:
            self._known = read_state(self._path) or self._known

    def _change(
        self, key: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        with _alone_in(self._path):
            self._read()
            before = self._known.get(key)
            after = dict(change(before if isinstance(before, dict) else {}))
            if before != (after or None):
                self._known = {**self._known, key: after}
                if not after:
                    del self._known[key]
                self._is_ahead = self._path is None or not _write(self._path, self._known)
        return after


@contextlib.contextmanager
def _alone_in(path: Path | None) -> Iterator[None]:
    """Let no other process change the file meanwhile, where the file system can do that."""
    # The file itself is locked: its folder is locked for as long as a backup or a migration takes.
    descriptor = None if path is None else _locked(path)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path) -> int | None:
    """Return a descriptor of the file, which is made if there is none, with the lock; None without it."""
    for _ in range(_LOCK_TRIES):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass  # whoever has it replaces the file, which is locked anew then
        except OSError:
            os.close(descriptor)
            return None
        os.close(descriptor)
        time.sleep(_LOCK_PAUSE)
    return None


def _write(path: Path, values: Mapping[str, Any]) -> bool:
    """Replace the file at once, or leave it as it was. Return whether that worked."""
    new = path.with_suffix(".new")
    try:
        if not values:
            path.unlink(missing_ok=True)
            return True
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        _log.warning("discord_state_not_kept", error=error.strerror)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        return False
    return True
