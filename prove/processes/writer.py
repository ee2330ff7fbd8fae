"""A process that writes as the bot does, and notes each write that the store has acknowledged."""

from __future__ import annotations

import asyncio
import functools
import itertools
import multiprocessing
import os
import signal
import sqlite3
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final
from unittest import mock

from bot.features.audit.entry import Entry
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.database import Database
from bot.store.vault import Place, Vault
from prove.processes import disk

KEY: Final = {"k1": bytes(range(32))}
AT: Final = 1_700_000_000
GUILD: Final = 1_100_000_000_000_000_000
GUILDS: Final = 40
MEMBER: Final = 5
SECRET: Final = {"organization_secret": "FAKE-TOKEN-proven"}
_AT_ONCE: Final = 3
"""Writes that are under way at the same time, as with several members."""
_AUDITED: Final = 4
"""Each fourth write is an entry of an audit log, all others are credentials."""
_NUMBER: Final = struct.Struct("<q")
_STARTED_WITHIN: Final = 60.0

CONTEXT: Final = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["prove.processes.writer"])


@dataclass(frozen=True, slots=True)
class Writing:
    """What a process writes. acknowledged: the file in which it notes numbers, from ``first`` on.

    log: where the disk's log goes, None without one. pragmas: set after the bot's own.
    """

    database: Path
    acknowledged: Path
    first: int = 1
    log: Path | None = None
    pragmas: Sequence[str] = ()

    @asynccontextmanager
    async def running(self, *, until_begun: bool = True) -> AsyncIterator[None]:
        """Let the process write while the block runs, and kill it at the end.

        until_begun: whether the block waits until the store has acknowledged a write. Raises RuntimeError if
        the process ends before that.
        """
        process = CONTEXT.Process(target=_run, args=(self,), daemon=True)
        process.start()
        try:
            if until_begun:
                await self._begun(process)
            yield
        finally:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.join)
            process.close()

    def numbers(self) -> Sequence[int]:
        """Return what the store has acknowledged so far."""
        noted = self.acknowledged.read_bytes() if self.acknowledged.exists() else b""
        return [number for (number,) in _NUMBER.iter_unpack(noted[: len(noted) // 8 * 8])]

    async def _begun(self, process: ForkServerProcess) -> None:
        async with asyncio.timeout(_STARTED_WITHIN):
            while not (self.acknowledged.exists() and self.acknowledged.stat().st_size):
                if not process.is_alive():
                    raise RuntimeError("the writing process has ended by itself")
                await asyncio.sleep(0.002)


def sealed_row(vault: Vault, guild_id: int, name: str) -> ConnectionRow:
    """Return credentials as they are stored."""
    secret = vault.seal(SECRET, Place(guild_id, "sensay", name, AT, 9))
    return ConnectionRow(guild_id, "sensay", name, secret, MEMBER, AT, AT, generation=9)


def guild_of(number: int) -> int:
    """Return the server for which a number is written."""
    return GUILD + number % GUILDS


def _run(writing: Writing) -> None:
    if writing.log is not None:
        disk.record(writing.log)
    connect = functools.partial(sqlite3.connect, factory=_connections_with(writing.pragmas))
    with mock.patch.object(sqlite3, "connect", connect):
        asyncio.run(_write(writing))


def _connections_with(pragmas: Sequence[str]) -> type[sqlite3.Connection]:
    """Return connections that set these after the store has said how each commit is synchronised."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - as in the original
            cursor = super().execute(sql, parameters)
            if sql.startswith("PRAGMA synchronous"):
                for pragma in pragmas:
                    super().execute(f"PRAGMA {pragma}")
            return cursor

    return Connection


async def _write(writing: Writing) -> None:
    noted = os.open(writing.acknowledged, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    numbers, vault = itertools.count(writing.first), Vault(KEY)
    async with Database.open(writing.database) as database, asyncio.TaskGroup() as tasks:

        async def write() -> None:
            for number in numbers:
                if number % _AUDITED:
                    row = sealed_row(vault, guild_of(number), str(number))
                    assert await ConnectionStore(database).insert(row)  # noqa: S101 - each number is written once
                else:
                    await AuditStore(database).append([_entry(number)], vault)
                # The kernel keeps this when the process is killed.
                os.write(noted, _NUMBER.pack(number))

        for _ in range(_AT_ONCE):
            tasks.create_task(write())


def _entry(number: int) -> Entry:
    return Entry(
        guild_of(number), 0, AT, None, "alerts.mute", f"sensay · {number}", "done", b"", member=MEMBER
    )


async def make_database(path: Path) -> None:
    """Make an empty database."""
    async with Database.open(path):
        pass


async def stored(path: Path, key: Vault | None = None) -> set[int]:
    """Return the numbers that a database holds, each of them readable; it is opened as the bot opens it.

    Raises whatever the bot would meet: a damaged file, an unreadable secret, a broken chain.
    """
    vault = key or Vault(KEY)
    async with Database.open(path) as database:
        return {number async for number in _numbers(database, vault)}


async def _numbers(database: Database, vault: Vault) -> AsyncIterator[int]:
    for guild_id in range(GUILD, GUILD + GUILDS):
        for row in await ConnectionStore(database).of_guild(guild_id):
            assert vault.open(row.secret, row.place) == SECRET  # noqa: S101 - a row that opens to anything else is lost
            yield int(row.name)
        entries, chain = await AuditService(AuditStore(database), vault, lambda: AT).export(guild_id)
        assert chain.flaw is None, chain  # noqa: S101 - a broken chain is damage
        for entry in entries:
            yield int(entry.target.rpartition(" ")[2])
