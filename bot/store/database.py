"""SQLite with one writer: opens it, runs the queries of ``queries/`` and keeps transactions whole."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiosql
import aiosqlite

from bot.errors import DatabaseUnusableError
from bot.store.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

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
            folder = str(files("bot.store") / "queries")
            database = cls(reader, writer, await asyncio.to_thread(aiosql.from_path, folder, "aiosqlite"))
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
        task = asyncio.create_task(self._write(query, values))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def _write(self, query: Callable[..., Awaitable[int]], values: dict[str, object]) -> int:
        async with self._turn:
            # A deferred transaction that turns into a write fails at once when another process writes,
            # whatever the busy timeout says.
            await self._writer.execute("BEGIN IMMEDIATE")
            try:
                touched = await query(self._writer, **values)
                await self._writer.commit()
            except BaseException:
                await self._writer.rollback()
                raise
            return touched


@contextlib.asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        await connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = FULL")
        await connection.execute("PRAGMA foreign_keys = ON")
        yield connection
