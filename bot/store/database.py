"""SQLite with one writer: opens it, runs the queries of ``queries/`` and keeps transactions whole."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiosql
import aiosqlite

from bot.errors import DatabaseUnusableError
from bot.store.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

ResultT = TypeVar("ResultT")

UnavailableError = sqlite3.OperationalError
"""What a query raises when the file is locked, full or gone."""

_BUSY_TIMEOUT_MS: Final = 5000


class Database:
    """Reads on one connection, writes on another, one write at a time."""

    def __init__(self, reader: aiosqlite.Connection, writer: aiosqlite.Connection, queries: Any) -> None:  # noqa: ANN401 - aiosql makes its methods from the files
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[Any]] = set()
        self.queries = queries

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Database]:
        """Migrate if due, open, and close when done; a write under way is finished first.

        Raises DatabaseUnusableError and DatabaseNewerError.
        """
        await asyncio.to_thread(migrate, path)
        async with contextlib.AsyncExitStack() as stack:
            try:
                reader = await stack.enter_async_context(_connect(path))
                writer = await stack.enter_async_context(_connect(path))
                await reader.execute("PRAGMA query_only = ON")
            except sqlite3.Error as error:
                raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
            database = cls(reader, writer, await asyncio.to_thread(_load_queries))
            try:
                yield database
            finally:
                await asyncio.gather(*database._writes, return_exceptions=True)

    async def read(self, query: Any, **values: object) -> sqlite3.Row | None:  # noqa: ANN401 - as in __init__
        """Run a reading query of ``queries``; return its first row, None if there is none."""
        rows = await self.read_all(query, **values)
        return rows[0] if rows else None

    async def read_all(self, query: Any, **values: object) -> list[sqlite3.Row]:  # noqa: ANN401 - as in __init__
        """Run a reading query of ``queries``; return its rows.

        In one step: while a list is fetched piece by piece, every read on this connection sees the
        state of the list's beginning, and a member would not find what was just stored.
        """
        return list(await self._reader.execute_fetchall(query.sql, values))

    async def write(self, query: Callable[..., Awaitable[int]], **values: object) -> int:
        """Run a writing query of ``queries`` in its own transaction; return the number of rows it touched.

        Durable once this returns. A caller that is cancelled meanwhile does not tear the transaction.
        """
        return await self.transact(lambda connection: query(connection, **values))

    async def transact(self, work: Callable[[aiosqlite.Connection], Awaitable[ResultT]]) -> ResultT:
        """Run queries of ``queries`` on the connection that is handed over, all of them or none.

        What they read is as it stands when they write. Durable and whole, as with ``write``.
        """
        task = asyncio.create_task(self._transact(work))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def scrub(self) -> bool:
        """Leave no trace in the file and its log of what was deleted since ``mark_traces``.

        Return False where that has to be tried again: another process is in the way, or the disk is full.
        """
        async with self._turn:
            try:
                if not await self._pragma("user_version"):
                    return True
                # Zeroes take the place of what is deleted, not of the copies that SQLite leaves behind in a
                # page whenever it moves rows to another one.
                await self._writer.execute("VACUUM")
                if await self._pragma("wal_checkpoint(TRUNCATE)"):
                    return False
                await self._writer.execute("PRAGMA user_version = 0")
            except sqlite3.OperationalError:
                return False
            return True

    async def _pragma(self, name: str) -> int:
        """Return the first number of the answer."""
        rows = await self._writer.execute_fetchall(f"PRAGMA {name}")
        return int(next(iter(rows))[0])

    async def _transact(self, work: Callable[[aiosqlite.Connection], Awaitable[ResultT]]) -> ResultT:
        async with self._turn:
            # A deferred transaction that turns into a write fails at once when another process writes,
            # whatever the busy timeout says.
            await self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = await work(self._writer)
                await self._writer.commit()
            except BaseException:
                await self._writer.rollback()
                raise
            return result


@functools.cache
def _load_queries() -> Any:  # noqa: ANN401 - as in __init__
    """Read the queries that belong to the code; read once, they do not change while we run."""
    return aiosql.from_path(str(files("bot.store") / "queries"), "aiosqlite")


@contextlib.asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        # What somebody has made unreadable is to be shown and named; a query that fails shows nothing.
        connection.text_factory = lambda text: text.decode(errors="replace")
        await connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = FULL")
        await connection.execute("PRAGMA foreign_keys = ON")
        await connection.execute("PRAGMA secure_delete = ON")
        # For VACUUM, which else copies everything to a folder that a container may not let us write to.
        await connection.execute("PRAGMA temp_store = MEMORY")
        yield connection
