"""What a kind of database does in a way of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from enum import IntEnum
from typing import Any, Protocol, TypeVar

from bot.errors import UnavailableError
from bot.store.connection import WritingConnection
from bot.store.readers import Readers

ResultT = TypeVar("ResultT")
Work = Callable[[Any], Awaitable[ResultT]]
"""What runs in a transaction; it gets the connection that writes."""


class Traces(IntEnum):
    """What is known of deleted data that can still be found in the files."""

    NONE = 0
    SOME = 1
    SCRUBBING = 2
    """A scrub of them has begun."""
    MOVED = 3
    """Only the log holds some."""


class Transact(Protocol):
    """Runs work in a transaction, in its turn, and to its end if the caller is cancelled.

    around: what the turn begins and ends with, outside the transaction.
    """

    async def __call__(
        self, work: Work[ResultT], /, around: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    ) -> ResultT: ...


class Engine(Protocol):
    """The connections to a database, and what is not the same with each kind of database.

    No two of its methods are called at the same time, but for ``holder`` and ``scrub``.
    """

    place: str
    """The database's name for the log, without secrets."""
    readers: Readers
    connection: Any
    """The ``WritingConnection``; tests know which one it is."""

    @property
    def errors(self) -> type[Exception]:
        """What its connections raise."""

    @property
    def scrub_errors(self) -> type[Exception]:
        """Those of them after which a scrub is tried again later; any other one is a mistake in it."""

    def unavailable(self, error: Exception) -> UnavailableError | None:
        """Return what an error says of the database, None if it is about the statement."""

    def stops_reads(self, error: Exception) -> bool:
        """Return whether an error says that what is stored cannot be read at present."""

    async def transact(self, work: Work[ResultT], patience: float) -> ResultT:
        """Run ``work`` in a transaction. No other process writes between its reads and its writes.

        patience: seconds to wait for another process.
        """

    async def holder(self) -> str:
        """Return which process holds up the writes, "" where that is not known."""

    async def foreign_changes(self) -> Collection[int] | None:
        """Return the guilds whose connections to providers, or whose removal, other processes have changed
        since the last call; None where it may be any of them, as with the first call.
        """

    async def probe(self, connection: WritingConnection) -> None:
        """Write what needs room, and take it back in the same transaction."""

    async def rewrite(self, connection: WritingConnection) -> None:
        """Write as little as possible, and leave all as it is."""

    async def traces(self) -> Traces:
        """Return what is known of the traces of deleted data."""

    async def mark_traces(self, connection: WritingConnection, traces: Traces) -> None:
        """Note in a transaction what is known of them. The next process finds the note as well."""

    async def scrub(self, transact: Transact, /) -> None:
        """Remove the traces from the tables, while others write."""

    async def end_scrub(self, turn: asyncio.Lock) -> bool:
        """Remove the traces from the log, and note that there are none; return False if that must wait."""
