"""Runs reading queries, and makes rows of what they return."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

import aiosqlite

from bot.rests import with_rests

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT")


class Query(Protocol):
    """A query of a file."""

    sql: str


class Fetch(Protocol):
    """Runs a reading query and returns its rows as ``kind``, as ``Database.fetch`` does."""

    def __call__(self, kind: type[RowT], query: Query, /, **values: object) -> list[RowT]: ...


def rows_of(query: Query, values: Mapping[str, object]) -> Callable[[sqlite3.Connection], list[sqlite3.Row]]:
    """Return what runs a query in a thread, and returns its rows."""
    return lambda connection: connection.execute(query.sql, values).fetchall()


def rows_as(
    kind: type[RowT], query: Query, values: Mapping[str, object]
) -> Callable[[sqlite3.Connection], list[RowT]]:
    """Return what runs a query in a thread, and returns its rows as ``kind``."""
    return lambda connection: list(made(kind, with_rests(connection.execute(query.sql, values))))


def together(work: Callable[[Fetch], ResultT], connection: sqlite3.Connection) -> ResultT:
    """Run ``work``, whose queries see the database as it is at one moment. Blocks."""

    def run(kind: type[RowT], query: Query, /, **values: object) -> list[RowT]:
        return rows_as(kind, query, values)(connection)

    connection.execute("BEGIN")
    try:
        return work(run)
    finally:
        if connection.in_transaction:  # an error may have ended it
            connection.execute("ROLLBACK")


def made(kind: type[RowT], rows: Iterable[sqlite3.Row]) -> Iterator[RowT]:
    """Make each row a ``kind``, whose fields are the row's columns."""
    names: list[str] = []
    for row in rows:
        # ``dict(row)`` looks up each name among all names, and takes four times as long.
        names = names or row.keys()
        yield kind(**dict(zip(names, row, strict=True)))


async def fetch(
    connection: aiosqlite.Connection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> list[RowT]:
    """Run a reading query, which may be part of a transaction; return its rows as ``kind``."""
    return list(made(kind, await connection.execute_fetchall(query.sql, values)))


async def fetch_one(
    connection: aiosqlite.Connection,
    kind: type[RowT],
    query: Query,
    /,
    **values: object,
) -> RowT | None:
    """Run a reading query, which may be part of a transaction; return its first row or None."""
    return next(iter(await fetch(connection, kind, query, **values)), None)
