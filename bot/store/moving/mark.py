"""Marks a database that was moved, and one into which another one is being moved; the bot uses neither."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from bot.setup_errors import DatabaseMovedError, DatabaseUnfinishedError, SetupError
from bot.store.moving.side import Side

TABLE: Final = "moved"
MOVE: Final = "SELECT direction, place FROM moved"


class _Connection(Protocol):
    def rows(self, sql: str, /) -> Iterable[Any]: ...

    def columns(self, table: str) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class DatabaseMove:
    """What became of a database.

    direction: "to" if everything was moved to ``place``, "from" while not all that is there is here.
    place: what the other database is called, without secrets.
    """

    direction: Literal["from", "to"]
    place: str


def move_of(connection: _Connection) -> DatabaseMove | None:
    """Return what became of a database of any schema, None for one that can be used. Blocks."""
    if not connection.columns(TABLE):
        return None
    return next((DatabaseMove(*row) for row in connection.rows(MOVE)), None)


def move_error(move: DatabaseMove, path: str) -> SetupError:
    """Return what to raise for a database that cannot be used. path: what it is called, without secrets."""
    if move.direction == "to":
        return DatabaseMovedError(path=path, target=move.place)
    return DatabaseUnfinishedError(path=path, source=move.place)


def mark(side: Side, move: DatabaseMove, now: int) -> None:
    """Mark a database in a transaction. now: seconds since 1970."""
    insert = f"INSERT INTO moved VALUES (1, {', '.join([side.parameter] * 3)})"  # noqa: S608 - no value
    side.change_many(insert, [(move.direction, move.place, now)])


def unmark(side: Side) -> None:
    """Take the mark away in a transaction."""
    side.change_many(f"DELETE FROM moved WHERE id = {side.parameter}", [(1,)])  # noqa: S608 - no value
