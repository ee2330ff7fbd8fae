"""Each query does the same on SQLite and on PostgreSQL."""

import random
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.adapt import Dumper

from bot.store.queries import load_queries
from tests.support.source import ROOT

TRIES: Final = 16
"""How often each query runs, with other values each time."""
IDLE: Final = 15
"""How many queries may find and change nothing in all of these tries: those that few rows suit."""
ROWS: Final = 40
"""How many rows each table gets at most: those whose key is new, and that refer to others that exist."""
WORDS: Final = ("", "a", "B", "begun", "member · x", "Member · x", "über", "alert", "board", "integration")
"""What texts are made of. Byte by byte their order is another one than in any language."""
KINDS: Final[Mapping[str, Sequence[object]]] = {
    "kind": (
        "alert",
        "board",
        "candidate",
        "head",
        "integration",
        "point",
        "provider",
        "recovery",
        "summary",
    ),
    "access.kind": ("member", "role"),
    "outbox.kind": ("alert", "board", "recovery", "summary"),
    "key_mark.id": (1,),
    "after": (-1, 0, 2),
    "application_id": (1, 2, 3),
    "before": (0, 3, 2**41),
    "beginning": (b"", b"\x00", b"a"),
    "size": (0, 1, 3),
    "most": (1, 3),
    "searched": (1, 3),
    "is_board": (0, 1),
}
"""The values of some columns and parameters: the others have those of their type."""
PARAMETERS: Final = {"author": "TEXT", "id": "TEXT"}
"""The types of parameters that have another one than a column with the same name has."""
HASHES: Final = ("commands.put_synced_commands",)
"""The queries in which a hash is a text."""


def queries() -> Iterator[tuple[str, str]]:
    """Yield the name of each query with its feature, and the SQL."""
    for file in sorted((ROOT / "bot").rglob("queries.sql")):
        loaded = load_queries(".".join(file.relative_to(ROOT).parent.parts))
        for name, query in vars(loaded).items():
            yield f"{file.parent.name}.{name}", query.sql


QUERIES: Final = dict(queries())


class Whole(Dumper):
    """Sends whole numbers and booleans as what the columns hold, as the engine does."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: int) -> bytes:
        """Return the number."""
        return b"%d" % obj


class Values:
    """Makes values of columns and parameters, few enough that rows meet."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed))  # noqa: S311 - the same values each time

    def one(self, rows: Sequence[dict[str, object]]) -> dict[str, object]:
        """Return one of these rows."""
        return self._random.choice(rows)

    def of(self, name: str, kind: str, *, empty: bool) -> object:
        """Return a value of a column or parameter. empty: whether it may be None."""
        known = KINDS.get(name) or KINDS.get(name.rpartition(".")[2])
        if known is not None:
            return self._random.choice(known)
        if empty and self._random.random() < 0.3:
            return None
        match kind:
            case "TEXT":
                return self._random.choice(WORDS)
            case "BLOB":
                return self._random.choice((b"", b"\x00", b"ab"))
        return self._random.choice((0, 1, 1, 2, 3, 5, 2**40))


class Both:
    """A file and a PostgreSQL database with the same rows."""

    def __init__(self, file: sqlite3.Connection, server: psycopg.Connection) -> None:
        self.file = file
        self.server = server
        self._rows: dict[str, list[dict[str, object]]] = {}
        self.columns = {
            table: {
                row[1]: (row[2], not row[3] and not row[5])
                for row in file.execute(f"PRAGMA table_info({table})")
            }
            for (table,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            if table != "alembic_version"
        }
        self.empty = {
            name
            for columns in self.columns.values()
            for name, (_, may_be_empty) in columns.items()
            if may_be_empty
        }
        self.types = {
            name: kind for columns in self.columns.values() for name, (kind, _) in columns.items()
        } | PARAMETERS

    def fill(self) -> None:
        """Put rows into every table, the same ones on both sides."""
        for table in ("connection", *self.columns):
            columns = self.columns[table]
            insert = f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in columns)})"  # noqa: S608
            for number in range(ROWS):
                values = Values((table, number))
                row = {
                    name: values.of(f"{table}.{name}", kind, empty=empty)
                    for name, (kind, empty) in columns.items()
                }
                try:
                    self.file.execute(insert, row)
                except sqlite3.IntegrityError:
                    continue
                self.server.execute(named(insert), row)
                self._rows.setdefault(table, []).append(row)
        self.file.execute("SAVEPOINT filled")

    def values(self, name: str, sql: str, number: int) -> dict[str, object]:
        """Return values for a query; every other time some that a row has which the query is about."""
        made = Values((name, number))
        values = {
            each: made.of(each, self.types.get(each, "INTEGER"), empty=each in self.empty)
            for each in re.findall(r"(?<![:\w]):(\w+)", sql)
        }
        if name in HASHES:
            values["hash"] = "a hash"
        if "secret = :before" in sql:
            values["before"] = made.of("", "BLOB", empty=False)
        tables = [each for each in re.findall(r"\w+", sql) if each in self.columns]
        if number % 2:
            kind = re.search(r"\bkind = '(\w+)'", sql)
            rows = [row for row in self._rows[tables[0]] if not kind or row.get("kind") in (kind[1], None)]
            row = made.one(rows)
            values |= {each: row[each] for each in values if each in row}
        return values

    def on_file(self, sql: str, values: Mapping[str, object]) -> tuple[object, list[str]] | None:
        """Run a query on the file; return what it found and changed."""
        try:
            cursor = self.file.execute(sql, values)
            return outcome(sql, cursor.fetchall(), cursor.rowcount), self._changed(self.file, sql)
        except sqlite3.IntegrityError:
            return None
        finally:
            self.file.execute("ROLLBACK TO filled")

    def on_server(self, sql: str, values: Mapping[str, object]) -> tuple[object, list[str]] | None:
        """Run a query on the PostgreSQL database; return what it found and changed."""
        with self.server.transaction(force_rollback=True):
            try:
                with self.server.transaction():
                    cursor = self.server.execute(named(sql), values)
                    rows = cursor.fetchall() if cursor.description else []
                return outcome(sql, rows, cursor.rowcount), self._changed(self.server, sql)
            except psycopg.IntegrityError:
                return None

    def _changed(self, database: sqlite3.Connection | psycopg.Connection, sql: str) -> list[str]:
        """Return all rows of the table that a query changes."""
        changed = re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", sql)
        if changed is None:
            return []
        rows = f"SELECT * FROM {changed[1]}"  # noqa: S608
        return sorted(map(repr, database.execute(rows).fetchall()))


def named(sql: str) -> bytes:
    """Return a query with its parameters as psycopg wants them."""
    return re.sub(r"(?<![:\w]):(\w+)", r"%(\1)s", sql.replace("%", "%%")).encode()


def outcome(sql: str, rows: list[Any], changed: int) -> object:
    """Return what a query returns: its rows, in any order if it asks for none, or how many it has changed."""
    if not rows and not sql.startswith(("SELECT", "WITH")):
        return changed
    return rows if "ORDER BY" in sql else sorted(rows, key=repr)


@pytest.fixture
def both(postgres_url: str, empty_database: Path) -> Iterator[Both]:
    """Both databases, with rows."""
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as file,
        psycopg.connect(postgres_url) as server,
    ):
        with closing(sqlite3.connect(empty_database)) as empty:
            empty.backup(file)
        file.execute("PRAGMA foreign_keys = ON")
        for kind in (int, bool):
            server.adapters.register_dumper(kind, Whole)
        both = Both(file, server)
        both.fill()
        yield both


def test_each_query_does_the_same_on_both(both: Both) -> None:
    """It takes the same values, finds the same rows in the same order, and changes the same ones."""
    idle = set(QUERIES)
    for name, sql in QUERIES.items():
        for number in range(TRIES):
            values = both.values(name, sql, number)
            found = both.on_file(sql, values)
            assert both.on_server(sql, values) == found, (name, values)
            if found is not None and found[0] not in (0, []):
                idle.discard(name)
    assert len(idle) <= IDLE, f"these found and changed nothing: {sorted(idle)}"
