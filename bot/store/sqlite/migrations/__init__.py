"""Brings a database to the schema that the code wants; imports Alembic only when that takes work."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from bot.setup_errors import DatabaseUnusableError
from bot.store.revision import HEAD
from bot.store.sqlite.copies import copy_database
from bot.store.sqlite.private_files import alone_in
from bot.store.sqlite.revision import current_revision
from bot.store.sqlite.scrub import INCREMENTAL, drop_leftovers

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_VERSIONS: Final = Path(__file__).parent / "versions"
_BEFORE: Final = ".before-"
"""Between the name of a database and the revision that it was brought to, in the name of a copy."""
_TEMPORARY: Final = "PRAGMA temp_store = MEMORY"
"""A container may have no folder that takes temporary files."""


def migrate(path: Path) -> None:
    """Bring the database to HEAD. Blocks; call it in a thread.

    Raises DatabaseNewerError for a revision that this code does not know, leaving the file as it
    is, and DatabaseUnusableError.
    """
    if current_revision(path) == HEAD:
        return
    # Processes with some of the shards each may start together: the second one would put a copy of the new
    # schema in the place of that of the old one.
    with alone_in(path.absolute().parent):
        current = current_revision(path)
        if current == HEAD:
            return
        if current is not None:
            _copy(path)
        _upgrade(path)


def _upgrade(path: Path) -> None:
    _prepare(path)
    from sqlalchemy import URL, create_engine  # noqa: PLC0415 - half a second that is seldom needed
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from bot.store.migrations.running import upgrade  # noqa: PLC0415

    # Without a level Python's driver begins no transaction by itself; the one that it would begin leaves out
    # CREATE TABLE, and a start that is interrupted would leave half a schema behind.
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"isolation_level": None})
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_TEMPORARY)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, _VERSIONS)
    except SQLAlchemyError as error:
        # SQLite's own words: SQLAlchemy's have the statement and its values.
        reason = str(getattr(error, "orig", None) or type(error).__name__)
        raise DatabaseUnusableError(path=str(path), reason=reason) from None
    finally:
        engine.dispose()


def before_migration(path: Path) -> Sequence[Path]:
    """Return the copies of a database that were made before migrations."""
    return [each for each in path.parent.glob(f"{path.name}{_BEFORE}*") if each.name[-4:].isdecimal()]


def _copy(path: Path) -> None:
    """Keep the database as it is, so that the former release can go on with it.

    Raises DatabaseUnusableError if there is no room for that.
    """
    copy = path.with_name(f"{path.name}{_BEFORE}{HEAD}")
    made = copy.with_name(f"{copy.name}-new")
    made.unlink(missing_ok=True)
    copy_database(path, made)
    made.replace(copy)  # one of a migration that failed stays until there is another
    _log.info("database_copied", path=str(copy), schema=current_revision(path), next_schema=HEAD)


def _prepare(path: Path) -> None:
    """Drop what an interrupted scrub left, and let free pages be cut off the file in steps (auto_vacuum).

    That takes one rewrite of a file of an earlier release.

    If another process uses the file or the disk has no room for that, the file only stays as large as it is.
    """
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection,
    ):
        drop_leftovers(connection)
        connection.execute(_TEMPORARY)
        if connection.execute("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
