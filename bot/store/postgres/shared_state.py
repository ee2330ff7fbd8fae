"""What has to outlive the processes about their standing with Discord, for all processes on one database."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bot.errors import UnavailableError
from bot.setup_errors import SetupError
from bot.store.connection import StoredRow, WritingConnection
from bot.store.database import Database
from bot.store.postgres.failures import StatementError
from bot.store.postgres.reader import PostgresReader

_ALL: Final = "SELECT key, value FROM shared_state"
_GET: Final = "SELECT value FROM shared_state WHERE key = :key"
_PUT: Final = """
INSERT INTO shared_state VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
_Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def read_shared_state(url: str) -> dict[str, Any]:
    """Return what is kept, nothing where it cannot be read. Blocks."""
    with (
        contextlib.suppress(StatementError, SetupError),
        contextlib.closing(PostgresReader(url)) as reader,
    ):
        if reader.columns("shared_state"):  # an earlier release has none
            return {row["key"]: _parsed(row["value"]) for row in reader.rows(_ALL)}
    return {}


class SharedState:
    """Does what ``StateFile`` does. A change that cannot be stored is made again with the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Mapping[str, Any]] = {}
        """What was read or stored last, in case the server does not answer."""
        self._waiting: defaultdict[str, list[_Change]] = defaultdict(list)
        """The changes that could not be stored."""
        self._lock = asyncio.Lock()

    async def get(self, key: str) -> Mapping[str, Any]:
        """Return what is kept under a key, an empty mapping where that is nothing."""
        async with self._lock:
            with contextlib.suppress(UnavailableError):
                self._known[key] = await self._database.examine(
                    lambda reading: _value(reading.rows(_GET, {"key": key}))
                )
            return self._changed(key, self._known.get(key, {}))

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something under a key, an empty mapping to keep nothing."""
        await self.change(key, lambda _: value)

    async def change(self, key: str, change: _Change) -> Mapping[str, Any]:
        """Replace what is kept under a key by what the function makes of it, and return that.

        It may be called again with what another process has kept meanwhile.
        """

        async def work(connection: WritingConnection) -> Mapping[str, Any]:
            after = self._changed(key, _value(await connection.rows(_GET, {"key": key})))
            await connection.change(_PUT, {"key": key, "value": json.dumps(after)})
            return after

        async with self._lock:
            self._waiting[key].append(change)
            try:
                self._known[key] = await self._database.transact(work)
            except UnavailableError:
                return self._changed(key, self._known.get(key, {}))
            del self._waiting[key]
            return self._known[key]

    def _changed(self, key: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        for change in self._waiting.get(key, ()):
            value = change(value)
        return value


def _value(rows: Iterable[StoredRow]) -> Mapping[str, Any]:
    return next((_parsed(row["value"]) for row in rows), {})


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
