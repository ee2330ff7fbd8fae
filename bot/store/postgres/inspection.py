"""Looks at a server's database without changing it."""

import contextlib
from dataclasses import dataclass

from bot.store.moving.mark import DatabaseMove, move_of
from bot.store.postgres.address import shown
from bot.store.postgres.failures import StatementError, require_readable, unusable
from bot.store.postgres.migrations import known_revision
from bot.store.postgres.reader import PostgresReader
from bot.store.stored_keys import StoredKeys, stored_keys


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a database holds. revision: None if it is empty. move: None if it can be used."""

    revision: str | None
    move: DatabaseMove | None
    bytes: int
    keys: StoredKeys


def inspect(url: str) -> Inspection:
    """Look at a database. Blocks. Raises DatabaseUnusableError and DatabaseNewerError."""
    try:
        require_readable(url)
        with contextlib.closing(PostgresReader(url)) as reader:
            ((number,),) = reader.rows("SELECT pg_database_size(current_database())")
            revision = _revision(reader, shown(url))
            return Inspection(revision, move_of(reader), int(number), stored_keys(reader))
    except StatementError as error:
        failure = unusable(error, shown(url))
    raise failure


def _revision(reader: PostgresReader, place: str) -> str | None:
    if not reader.columns("alembic_version"):
        return None
    rows = reader.rows("SELECT version_num FROM alembic_version")
    return next((known_revision(str(row["version_num"]), place) for row in rows), None)
