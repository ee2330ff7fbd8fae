"""Rows of a guild in every table that can have any; the tables are found in the schema."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

REQUIRED = {
    "provider": "toolzz",
    "name": "default",
    "connection": "default",
    "kind": "role",
    "tier": 2,
}
"""Values that other tables, or the schema, require of a column."""


def tables(path: Path) -> set[str]:
    """Return the tables whose rows belong to guilds."""
    with closing(sqlite3.connect(path)) as database:
        return set(_tables(database))


def fill(path: Path, guild_id: int) -> list[bytes]:
    """Insert a row into each of them; return bytes that are in the file only because of these rows."""
    with closing(sqlite3.connect(path)) as database, database:
        for table in _tables(database):
            row: dict[str, object] = {}
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})"):
                invented = {"INTEGER": guild_id + 1, "BLOB": f"SEALED {guild_id}".encode()}
                row[column] = REQUIRED.get(column, invented.get(kind, f"TEXT {guild_id}"))
                if column.endswith("at"):
                    row[column] = None if column == "removed_at" else 1_700_000_000
            row["guild_id"] = guild_id
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))  # noqa: S608 - a table's name
    return [
        f"SEALED {guild_id}".encode(),
        f"TEXT {guild_id}".encode(),
        *((guild_id + more).to_bytes(8) for more in (0, 1)),
    ]


def counts(path: Path, guild_id: int) -> dict[str, int]:
    """Return the number of a guild's rows, by table."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: database.execute(
                f"SELECT count(*) FROM {table} WHERE guild_id = ?",  # noqa: S608 - a table's name
                (guild_id,),
            ).fetchone()[0]
            for table in _tables(database)
        }


def traces(path: Path, marks: list[bytes]) -> list[bytes]:
    """Return the marks that are in the database's file or in its write-ahead log."""
    raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return [mark for mark in marks if mark in raw]


def _tables(database: sqlite3.Connection) -> Iterator[str]:
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = {column for _, column, *_ in database.execute(f"PRAGMA table_info({table})")}
        if "guild_id" in columns:
            yield table
