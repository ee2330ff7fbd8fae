"""What a database's connections do for the stores, whatever database it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final, Protocol

Values = Mapping[str, object]
"""The values of a query's parameters, which stand in it as ``:name``."""
NO_VALUES: Final[Values] = {}


class StoredRow(Protocol):
    """One row of a result. It unpacks into its values, and has each by its column's name or number."""

    def __getitem__(self, key: str | int, /) -> Any: ...  # noqa: ANN401 - as the query says

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def keys(self) -> list[str]:
        """Return the names of the columns."""


class WritingConnection(Protocol):
    """The connection that writes, inside a transaction.

    json_rows: see ``ReadingConnection``.
    """

    json_rows: ClassVar[str]

    async def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[StoredRow]:
        """Run a query; return its rows."""

    async def change(self, sql: str, values: Values = NO_VALUES, /) -> int:
        """Run a query; return how many rows it has changed."""

    async def change_many(self, sql: str, many: Sequence[Values], /) -> None:
        """Run a query for each of several values."""


class ReadingConnection(Protocol):
    """A connection that only reads. All of it blocks.

    json_rows: an expression of the database's own for the columns that take the place of ``{}`` in it: a text
    with the JSON of all rows, each one a list.
    """

    json_rows: ClassVar[str]

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Iterable[StoredRow]:
        """Run a query; return its rows, which may be read from the database one after the other."""

    def at_one_moment(self) -> AbstractContextManager[None]:
        """Let the queries in the block see the database as it is at one moment."""

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""

    def key(self, table: str) -> Sequence[str]:
        """Return the names of the columns of a table's primary key, in its order."""

    def stop_when(self, is_stopped: Callable[[], bool]) -> None:
        """Ask this again and again while a query runs, and end the query once it says so."""

    def close(self) -> None:
        """Close the connection."""
