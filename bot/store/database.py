"""SQLite with one writer: opens it, runs the queries of ``queries/`` and keeps transactions whole."""

from __future__ import annotations

import asyncio
import contextlib
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

T = TypeVar("T")

_BUSY_TIMEOUT_MS: Final = 5000


class Database:
    """Reads on one connection, writes on another, one write at a time."""

    def __init__(self, reader: aiosqlite.Connection, writer: aiosqlite.Connection) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[Any]] = set()
        self.queries: Any = aiosql.from_path(str(files("bot.store") / "queries"), "aiosqlite")

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
            database = cls(reader, writer)
            try:
                yield database
            finally:
                await asyncio.gather(*database._writes, return_exceptions=True)

    async def read(self, query: Callable[..., Awaitable[T]], **values: object) -> T:
        """Run a reading query of ``queries``."""
        return await query(self._reader, **values)

    async def read_all(self, query: Callable[..., AsyncIterator[T]], **values: object) -> list[T]:
        """Run a reading query of ``queries`` that gives many rows."""
        return [row async for row in query(self._reader, **values)]

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
            except BaseException:
                await self._writer.rollback()
                raise
            await self._writer.commit()
            return touched


@contextlib.asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        await connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = FULL")
        yield connection
