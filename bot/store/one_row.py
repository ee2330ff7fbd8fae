"""Reads what several queries return in one step, as one row of JSON.

Python's SQLite module gives the interpreter away at each row and takes it again. With a hundred rows, and
with several threads that read at once, that takes longer than everything else about a read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from bot.store.rows import Query

RowT = TypeVar("RowT")


def as_one_row(*parts: tuple[Query, type[Any]]) -> str:
    """Return a statement whose row has a column for each query: its rows, for ``rows_in``.

    The queries share their values. The fields of each one's type are the query's columns.
    """
    columns = ", ".join(
        f"(SELECT json_group_array(json_array({_names(kind)})) FROM ({query.sql.removesuffix(';')}))"  # noqa: S608 - our own names
        for query, kind in parts
    )
    return f"SELECT {columns}"


def rows_in(kind: Callable[..., RowT], found: Iterable[Sequence[object]]) -> list[RowT]:
    """Return the rows of one query. kind: as ``as_one_row`` was given it. found: the column's parsed JSON."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type] # a dataclass
    return [kind(**dict(zip(names, values, strict=True))) for values in found]


def _names(kind: type[Any]) -> str:
    return ", ".join(field.name for field in fields(kind))
