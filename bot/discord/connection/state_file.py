"""What has to outlive the process about our standing with Discord, in a small file beside the database.

It is no part of the database: a start that fails must be counted even where the database takes no writes, and
``patchbay doctor`` reads it while a bot runs.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_OWNER_ONLY: Final = 0o600


def path_beside(database: Path) -> Path:
    """Return the file's path. database: the path of the database's file."""
    return database.with_name(f"{database.stem}.discord.json")


def read_state(path: Path) -> dict[str, Any]:
    """Return what the file holds, nothing where there is none or where it is damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class StateFile:
    """The file of one running bot. path: None to keep everything in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] | None = None
        self._lock = asyncio.Lock()

    async def get(self, key: str) -> Mapping[str, Any]:
        """Return what is kept under a key, an empty mapping where that is nothing."""
        async with self._lock:
            found = (await self._read()).get(key)
        return found if isinstance(found, dict) else {}

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something under a key, an empty mapping to keep nothing."""
        await self.change(key, lambda _: value)

    async def change(self, key: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Replace what is kept under a key by what the function makes of it."""
        async with self._lock:
            values = await self._read()
            before = values.get(key)
            after = dict(change(before if isinstance(before, dict) else {}))
            if before == (after or None):
                return
            if after:
                values[key] = after
            else:
                del values[key]
            if self._path is not None:
                await asyncio.to_thread(_write, self._path, values)

    async def _read(self) -> dict[str, Any]:
        if self._values is None:
            self._values = {} if self._path is None else await asyncio.to_thread(read_state, self._path)
        return self._values


def _write(path: Path, values: Mapping[str, Any]) -> None:
    """Replace the file at once, or leave it as it was."""
    if not values:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return
    new = path.with_suffix(".new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
        new.replace(path)
    except OSError as error:
        _log.warning("discord_state_not_kept", error=error.strerror)
