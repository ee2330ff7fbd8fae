"""What a move asks of each of the two databases."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from bot.store.connection import NO_VALUES, Values

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is moved, which is the same on both sides.

    columns: all of them, those of the primary key first. texts: those of the key that hold texts.
    """

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    texts: Sequence[str]


class Side(Protocol):
    """A connection that reads and writes whole tables. All of it blocks, and raises DatabaseUnusableError."""

    place: str
    """What the database is called, without secrets."""
    parameter: ClassVar[str]
    """What stands for a value in a statement that ``change_many`` runs."""
    is_uneven: ClassVar[str]
    """A condition: whether the text ``{}`` may have another place in the order of the other engine."""

    def reserve(self) -> None:
        """Keep other processes from moving rows into the database until ``close``.

        Raises AlreadyRunningError, DatabaseUnusableError.
        """

    def prepare(self) -> None:
        """Bring the database to the schema that the code wants. Raises DatabaseNewerError."""

    def rows(self, sql: str, values: Values = NO_VALUES, /) -> Sequence[Row]:
        """Run a query; return its rows."""

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns, none if there is no such table."""

    def tables(self) -> Sequence[str]:
        """Return the names of all tables."""

    def change_many(self, sql: str, many: Sequence[Row], /) -> None:
        """Run a statement for each of several rows."""

    def mark_traces(self) -> None:
        """Note in a transaction that deleted data has left traces, which the bot removes."""

    def at_one_moment(self) -> AbstractContextManager[None]:
        """Let the queries in the block see the database as it is at one moment; others write meanwhile."""

    def alone(self) -> AbstractContextManager[None]:
        """Run the block in one transaction, while which no other process writes."""

    def close(self) -> None:
        """Close the connection."""
