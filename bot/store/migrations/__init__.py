"""Brings a database to the schema that the code wants; imports Alembic only when that takes work."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from bot.setup_errors import DatabaseNewerError, DatabaseUnusableError
from bot.store.scrub import INCREMENTAL, drop_leftovers

HEAD: Final = "0012"
"""The newest revision in ``versions/``; a test holds it to that."""
_FOLDER: Final = Path(__file__).parent
_TEMPORARY: Final = "PRAGMA temp_store = MEMORY"
"""A container may have no folder that takes temporary files."""


def current_revision(path: Path) -> str | None:
    """Return the database's revision, None for an empty one.

    Blocks; call it in a thread. Raises DatabaseUnusableError, and DatabaseNewerError for a revision
    that this code does not know.
    """
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")
            if tables.fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnusableError(path=str(path), reason=str(error)) from None
    if row is None:
        return None
    revision = str(row[0])
    if revision not in {script.name.partition("_")[0] for script in (_FOLDER / "versions").glob("*.py")}:
        raise DatabaseNewerError(path=str(path), revision=revision)
    return revision


def migrate(path: Path) -> None:
    """Bring the database to HEAD. Blocks; call it in a thread.

    Raises DatabaseNewerError for a revision that this code does not know, leaving the file as it
    is, and DatabaseUnusableError.
    """
    current = current_revision(path)
    if current == HEAD:
        return
    _prepare(path)
    from alembic import command  # noqa: PLC0415 - half a second of start-up that is seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import URL, create_engine  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    # Without a level Python's driver begins no transaction by itself; the one that it would begin leaves out
    # CREATE TABLE, and a start that is interrupted would leave half a schema behind.
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"isolation_level": None})
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_TEMPORARY)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise DatabaseUnusableError(path=str(path), reason=type(error).__name__) from None
    finally:
        engine.dispose()


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
