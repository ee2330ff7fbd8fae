"""Brings a database on a PostgreSQL server to the schema that the code wants.

A revision has a file for SQLite in ``bot/store/sqlite/migrations/versions`` and one with the same number in
``versions`` here; one about what only this engine has is here alone. Each says what to do in its engine's own
words, and a test compares both schemas. A file here runs in one transaction: nothing that PostgreSQL refuses
in one, such as CREATE INDEX CONCURRENTLY.

It runs beside processes of the release before, so a revision only adds; what they use goes one release later.
"""

from pathlib import Path
from typing import Final

import psycopg

from bot.setup_errors import DatabaseNewerError
from bot.store.revision import POSTGRES_HEAD

_VERSIONS: Final = Path(__file__).parent / "versions"
_LOCK: Final = 0x7061746368
"""The number of the lock under which one process after the other looks whether a migration is due."""


def migrate(url: str, place: str) -> None:
    """Bring the database to the newest revision. Blocks; call it in a thread.

    place: what an error calls the database, without secrets. Raises psycopg.Error, and DatabaseNewerError for
    a revision that this code does not know, leaving the database as it is.
    """
    # Several processes may start together. The lock ends with the connection.
    with psycopg.connect(url, autocommit=True) as connection:
        if _current(connection, place) == POSTGRES_HEAD:
            return
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if _current(connection, place) != POSTGRES_HEAD:
            _upgrade(url)


def _current(connection: psycopg.Connection, place: str) -> str | None:
    """Return the database's revision, None for an empty one. Raises DatabaseNewerError, psycopg.Error."""
    found = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if found == (False,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        return None
    return known_revision(str(row[0]), place)


def known_revision(revision: str, place: str) -> str:
    """Return a revision. Raises DatabaseNewerError for one that this code does not know. place: as above."""
    if revision not in {script.name.partition("_")[0] for script in _VERSIONS.glob("*.py")}:
        raise DatabaseNewerError(path=place, revision=revision)
    return revision


def _upgrade(url: str) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 - half a second that is seldom needed
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from bot.store.migrations.running import upgrade  # noqa: PLC0415

    # SQLAlchemy, whose errors and logs show addresses, never gets the one with the password.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    try:
        with engine.begin() as connection:
            upgrade(connection, _VERSIONS)
    except DBAPIError as error:
        # PostgreSQL's own words: SQLAlchemy's have the statement and its values.
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
    finally:
        engine.dispose()
