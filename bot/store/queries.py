"""Loads the SQL that a feature keeps beside its store."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files
from types import SimpleNamespace
from typing import Any, Final

from bot.store.connection import Values, WritingConnection

_NAME: Final = re.compile(r"^-- name: (\w+)\([\w, ]*\)([$!^]|\*!|)$", re.MULTILINE)
"""Above each query: its name, its parameters, and what it returns; see ``load_queries``."""
_REMARK: Final = "--"


class StoredQuery:
    """One query of a file. Call it with a connection and the values of its parameters."""

    def __init__(
        self, name: str, sql: str, run: Callable[[WritingConnection, str, Any], Awaitable[Any]]
    ) -> None:
        self.__name__ = name  # as functions have it: the logs name what failed
        self.sql = sql
        self._run = run

    async def __call__(
        self, connection: WritingConnection, many: Sequence[Values] | None = None, /, **values: object
    ) -> Any:  # noqa: ANN401 - as the file says
        """Run it. many: the values for each time, of a query that runs several times."""
        return await self._run(connection, self.sql, values if many is None else many)


def load_queries(package: str) -> Any:  # noqa: ANN401 - the names stand in the file
    """Return the queries of ``queries.sql`` in a package by their names.

    What stands behind a query's parameters says what a call returns: ``^`` the first row or None, ``$`` that
    row's first value or None, ``!`` how many rows it has changed, ``*!`` nothing, after it has run once for
    each of several values; all rows otherwise.
    """
    return read_queries((files(package) / "queries.sql").read_text(encoding="utf-8"))


def read_queries(text: str) -> SimpleNamespace:
    """Return the queries of a file. Raises ValueError if two have the same name, or a name cannot be read."""
    _, *parts = _NAME.split(text)
    names = parts[::3]
    if not len(set(names)) == len(names) == text.count("-- name:"):
        raise ValueError("each query needs a line with a name of its own: -- name: get_row(id)^")
    return SimpleNamespace(
        **{
            name: StoredQuery(name, _without_remarks(sql), _RUN[kind])
            for name, kind, sql in zip(names, parts[1::3], parts[2::3], strict=True)
        }
    )


def _without_remarks(sql: str) -> str:
    lines = (line for line in sql.splitlines() if not line.lstrip().startswith(_REMARK))
    return "\n".join(lines).strip()


async def _rows(connection: WritingConnection, sql: str, values: Values) -> Sequence[Any]:
    return await connection.rows(sql, values)


async def _row(connection: WritingConnection, sql: str, values: Values) -> Any:  # noqa: ANN401
    return next(iter(await connection.rows(sql, values)), None)


async def _value(connection: WritingConnection, sql: str, values: Values) -> Any:  # noqa: ANN401
    row = await _row(connection, sql, values)
    return None if row is None else row[0]


async def _change(connection: WritingConnection, sql: str, values: Values) -> int:
    return await connection.change(sql, values)


async def _change_many(connection: WritingConnection, sql: str, many: Sequence[Values]) -> None:
    await connection.change_many(sql, many)


_RUN: Final[Mapping[str, Callable[[WritingConnection, str, Any], Awaitable[Any]]]] = {
    "": _rows,
    "^": _row,
    "$": _value,
    "!": _change,
    "*!": _change_many,
}
