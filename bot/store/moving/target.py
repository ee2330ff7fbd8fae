"""Opens the two databases of a move, and makes the target ready for rows unless it holds any."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseUnusableError, SetupError
from bot.store.driver import require_driver
from bot.store.moving.mark import DatabaseMove, mark, move_error, move_of
from bot.store.moving.side import Side, Table
from bot.store.sqlite.private_files import make_database_private
from bot.store.sqlite.side import SqliteSide

_OURS: Final = "alembic_version"
"""The table that each database of Patchbay has."""


def open_side(where: Path | str) -> Side:
    """Open one of the two databases; a file that does not exist is made. Blocks.

    Raises DatabaseUnusableError, and InvalidSettingError if a server's driver is not installed.
    """
    if isinstance(where, Path):
        try:
            make_database_private(where)
        except OSError as error:
            raise DatabaseUnusableError(path=str(where), reason=error.strerror or "cannot be made") from None
        return SqliteSide(where)
    require_driver()
    from bot.store.postgres.side import PostgresSide  # noqa: PLC0415 - its driver may be missing

    return PostgresSide(where)


def moved_tables(source: Side, target: Side) -> Sequence[Table]:
    """Return the tables that are moved; those that others refer to come before these.

    They are those of the file: a server's database has tables of its own beside them.
    """
    file = target if isinstance(target, SqliteSide) else source
    assert isinstance(file, SqliteSide)  # noqa: S101 - one of them is
    return file.moved_tables()


def prepare_target(source: Side, target: Side, now: int) -> None:
    """Make the target's tables, and mark it as one that gets the source's rows.

    One that has this mark already keeps its rows: the move goes on. now: seconds since 1970. Raises
    DatabaseUnusableError for any other target that is not empty, which stays as it is.
    """
    target.reserve()
    names = target.tables()
    if names and _OURS not in names:
        raise _refused(target, "it holds tables that are not Patchbay's")
    move = move_of(target)
    if move == DatabaseMove("from", source.place):
        target.prepare()
        return
    if move is not None:
        raise _refused(target, f"it is not empty: it belongs to another move, {move.direction} {move.place}")
    for table in moved_tables(source, target):
        if table.name in names and target.rows(f"SELECT 1 FROM {table.name} LIMIT 1"):  # noqa: S608 - as is
            raise _refused(target, f"it is not empty: its table {table.name} has rows")
    target.prepare()
    with target.alone():
        mark(target, DatabaseMove("from", source.place), now)


def is_finishing(source: Side, target: Side) -> bool:
    """Tell whether an earlier move was interrupted once the source was marked, and only the end is missing.

    Raises DatabaseMovedError and DatabaseUnfinishedError for a source that cannot be moved.
    """
    move = move_of(source)
    if move is None:
        return False
    if move != DatabaseMove("to", target.place) or move_of(target) != DatabaseMove("from", source.place):
        raise move_error(move, source.place)
    return True


def _refused(target: Side, reason: str) -> SetupError:
    return DatabaseUnusableError(path=target.place, reason=f"{reason}; it takes an empty database")
