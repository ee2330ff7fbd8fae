"""Runs reading queries, and makes rows of what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Protocol, TypeVar

from bot.rests import with_rests
from bot.store.connection import ReadingConnection, StoredRow, WritingConnection

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")


class Query(Protocol):
    """A query of a file."""

    sql: str


class Fetch(Protocol):
    """Runs a reading query and returns its rows as ``kind``, as ``Database.fetch`` does."""

    def __call__(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]: ...


def rows_of(query: Query, values: Mapping[str, object]) -> Callable[[ReadingConnection], list[StoredRow]]:
    """Return what runs a query in a thread, and returns its rows."""
    return lambda connection: list(connection.rows(query.sql, values))


def rows_as(
    kind: type[RowT], query: Query, values: Mapping[str, object]
) -> Callable[[ReadingConnection], list[RowT]]:
    """Return what runs a query in a thread, and returns its rows as ``kind``."""
    return lambda connection: list(made(kind, with_rests(connection.rows(query.sql, values))))


def together(work: Callable[[Fetch], ResultT], connection: ReadingConnection) -> ResultT:
    """Run ``work``, whose queries see the database as it is at one moment. Blocks."""

    def run(kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        return rows_as(kind, query, values)(connection)

    with connection.at_one_moment():
        return work(run)


def rows_of_each(kind: type[RowT], query: Query, guilds: Iterable[int], run: Fetch) -> list[RowT]:
    """Return a query's rows of each of these guilds: no query takes a list that both engines know. Blocks."""
    found = (run(kind, query, guild_id=guild_id) for guild_id in with_rests(sorted(guilds)))
    return list(chain.from_iterable(found))


def made(kind: type[RowT], rows: Iterable[StoredRow]) -> Iterator[RowT]:
    """Make each row a ``kind``, whose fields are the row's columns."""
    names: list[str] = []
    for row in rows:
        # ``dict(row)`` looks up each name among all names, and takes four times as long.
        names = names or row.keys()
        yield kind(**dict(zip(names, row, strict=True)))


async def fetch(
    connection: WritingConnection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> list[RowT]:
    """Run a reading query, which may be part of a transaction; return its rows as ``kind``."""
    return list(made(kind, await connection.rows(query.sql, values)))


async def fetch_one(
    connection: WritingConnection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> RowT | None:
    """Run a reading query, which may be part of a transaction; return its first row or None."""
    return next(iter(await fetch(connection, kind, query, **values)), None)
