"""Reads what several queries return in one step, as one row of JSON.

Python's SQLite module gives the interpreter away at each row and takes it again. With a hundred rows, and
with several threads that read at once, that takes longer than everything else about a read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from bot.store.connection import ReadingConnection, WritingConnection
from bot.store.rows import Query

RowT = TypeVar("RowT")


class OneRow:
    """A query whose row has a column for each of several queries: its rows, for ``rows_in``."""

    def __init__(self, *parts: tuple[Query, type[Any]]) -> None:
        """parts: queries that share their values; the fields of each one's type are the query's columns."""
        self._parts = parts
        self._statements: dict[str, str] = {}

    def sql(self, connection: ReadingConnection | WritingConnection) -> str:
        """Return the query as this connection's database takes it."""
        json_rows = connection.json_rows
        if json_rows not in self._statements:
            columns = (
                f"(SELECT {json_rows.format(_names(kind))} FROM ({query.sql.removesuffix(';')}) AS part)"  # noqa: S608 - our own names
                for query, kind in self._parts
            )
            self._statements[json_rows] = f"SELECT {', '.join(columns)}"
        return self._statements[json_rows]


def rows_in(kind: Callable[..., RowT], found: Iterable[Sequence[object]]) -> list[RowT]:
    """Return the rows of one query. kind: as ``OneRow`` was given it. found: the column's parsed JSON."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type] # a dataclass
    return [kind(**dict(zip(names, values, strict=True))) for values in found]


def _names(kind: type[Any]) -> str:
    return ", ".join(field.name for field in fields(kind))
