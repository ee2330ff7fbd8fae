"""A database on PostgreSQL has the schema that one in SQLite has."""

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pytest

from bot.setup_errors import DatabaseNewerError
from bot.store import migrations as sqlite_migrations
from bot.store.postgres import migrations
from bot.store.postgres.migrations import migrate
from bot.store.revision import HEAD, POSTGRES_HEAD

ALIKE: Final = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
OWN: Final = {
    "trace_mark",
    "bot_process", "shard_lease", "identify_turn", "shared_state",
}  # fmt: skip
"""Tables that stand for numbers in the header of SQLite's file, and what only several processes need."""
ALONE: Final = {"0014", "0015"}
"""Revisions that only this engine has."""
CATALOGUE: Final = (
    "SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
COLUMNS: Final = """
    SELECT attname, format_type(atttypid, atttypmod), attnotnull, coalesce(pg_get_expr(adbin, adrelid), ''),
        coalesce(collname, '')
    FROM pg_attribute
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE attrelid = %s AND attnum > 0
    ORDER BY attnum
"""
INDEXES: Final = """
    SELECT relname, indisprimary, indisunique, coalesce(pg_get_expr(indpred, indrelid), ''), ARRAY(
        SELECT attname::text FROM unnest(indkey) WITH ORDINALITY AS part (number, place)
        INNER JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number
        ORDER BY place
    )
    FROM pg_index INNER JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = %s
"""
CONSTRAINTS: Final = "SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s"


@dataclass(frozen=True)
class Table:
    """What a table consists of, in words that both engines can be described with."""

    columns: list[tuple[str, str, bool, str]]
    """Names, types, whether they need a value, defaults."""
    key: list[str]
    indexes: dict[str, tuple[list[str], bool, str]]
    """Columns, whether they are unique, and of which rows, by name; without those of UNIQUE constraints."""
    unique: list[list[str]]
    references: list[str]
    checks: int


def sqlite_tables(path: Path) -> dict[str, Table]:
    """Describe the tables of a file."""
    with closing(sqlite3.connect(path)) as database:
        definitions = dict(
            database.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name <> 'alembic_version'"
            )
        )
        return {name: sqlite_table(database, name, sql) for name, sql in definitions.items()}


def sqlite_table(database: sqlite3.Connection, name: str, sql: str) -> Table:
    """Describe one table of a file."""
    info = list(database.execute(f"PRAGMA table_info({name})"))
    # The column of an integer key needs a value, although SQLite does not say so.
    columns = [
        (column, ALIKE[kind], bool(needed or place), default or "")
        for _, column, kind, needed, default, place in info
    ]
    indexes, unique = {}, []
    for _, index, is_unique, origin, _ in database.execute(f"PRAGMA index_list({name})").fetchall():
        parts = [row[2] for row in database.execute(f"PRAGMA index_info({index})")]
        if origin == "u":
            unique.append(parts)
        elif origin == "c":
            (definition,) = database.execute(
                "SELECT sql FROM sqlite_schema WHERE name = ?", (index,)
            ).fetchone()
            indexes[index] = parts, bool(is_unique), definition.partition(" WHERE ")[2]
    references: dict[int, list[tuple[str, str, str, str]]] = {}
    for number, _, table, own, other, _, deleted, _ in database.execute(f"PRAGMA foreign_key_list({name})"):
        references.setdefault(number, []).append((table, own, other, deleted))
    key = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]]
    return Table(
        columns, key, indexes, unique, [reference(each) for each in references.values()], sql.count("CHECK")
    )


def reference(parts: list[tuple[str, str, str, str]]) -> str:
    """Return a foreign key as PostgreSQL words it."""
    own, others = (", ".join(part[place] for part in parts) for place in (1, 2))
    return f"FOREIGN KEY ({own}) REFERENCES {parts[0][0]}({others}) ON DELETE {parts[0][3]}"


def postgres_tables(database: psycopg.Connection) -> dict[str, Table]:
    """Describe the tables of a PostgreSQL database."""
    tables = {str(name): int(oid) for oid, name in database.execute(CATALOGUE) if name != "alembic_version"}
    return {name: postgres_table(database, oid) for name, oid in tables.items()}


def postgres_table(database: psycopg.Connection, oid: int) -> Table:
    """Describe one table of a PostgreSQL database."""
    columns = [
        (name, kind, needed, default.partition("::")[0])
        for name, kind, needed, default, _ in database.execute(COLUMNS, [oid])
    ]
    constraints = list(database.execute(CONSTRAINTS, [oid]))
    unique = [re.findall(r"\w+", text)[1:] for kind, text in constraints if kind == "u"]
    key: list[str] = []
    indexes = {}
    for name, is_key, is_unique, rows, parts in database.execute(INDEXES, [oid]):
        if is_key:
            key = parts
        elif parts not in unique:
            indexes[name] = parts, is_unique, rows.strip("()").replace("::text", "")
    references = [text for kind, text in constraints if kind == "f"]
    return Table(columns, key, indexes, unique, references, sum(kind == "c" for kind, _ in constraints))


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database with all tables."""
    with psycopg.connect(postgres_url, autocommit=True) as database:
        yield database


def test_both_engines_have_the_same_tables(database: psycopg.Connection, empty_database: Path) -> None:
    """Columns in the same order, types, defaults, keys, indexes, foreign keys; and as many checks."""
    expected = sqlite_tables(empty_database)
    found = postgres_tables(database)
    assert found.keys() == expected.keys() | OWN
    for name, table in expected.items():
        assert found[name] == table, name


def test_texts_are_compared_byte_by_byte(database: psycopg.Connection) -> None:
    """Whatever the locale of the database is, rows come in the order in which SQLite gives them."""
    tables = [oid for oid, name in database.execute(CATALOGUE) if name != "alembic_version"]
    rows = [row for oid in tables for row in database.execute(COLUMNS, [oid])]
    assert {row[4] for row in rows if row[1] == "text"} == {"C"}


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("INSERT INTO access VALUES (1, 'member', 2, 3, 4, 5)", False),
        ("INSERT INTO access VALUES (1, 'nobody', 2, 3, 4, 5)", True),
        ("INSERT INTO key_mark VALUES (1, 'k1', %s)", False),
        ("INSERT INTO key_mark VALUES (2, 'k1', %s)", True),
        ("INSERT INTO moved VALUES (1, 'to', 'there', 5)", False),
        ("INSERT INTO moved VALUES (1, 'away', 'there', 5)", True),
        ("INSERT INTO moved VALUES (2, 'to', 'there', 5)", True),
    ],
)
def test_checks_are_the_same(
    database: psycopg.Connection, empty_database: Path, statement: str, refused: bool
) -> None:
    """What one engine refuses, the other one does."""
    values = [b""] if "%s" in statement else []
    outcomes = []
    with closing(sqlite3.connect(f"file:{empty_database}?mode=rw", uri=True)) as file:
        try:
            file.execute(statement.replace("%s", "?"), values)
            outcomes.append(False)
        except sqlite3.IntegrityError:
            outcomes.append(True)
        file.rollback()
    try:
        database.execute(statement.encode(), values)
        outcomes.append(False)
    except psycopg.IntegrityError:
        outcomes.append(True)
    assert outcomes == [refused, refused]


def test_each_revision_has_a_file_for_both_engines() -> None:
    """From the first one for PostgreSQL on, but for what only one of them needs."""
    own, sqlite = (
        {script.name for script in (Path(str(package.__file__)).parent / "versions").glob("0*.py")}
        for package in (migrations, sqlite_migrations)
    )
    numbers = sorted(name[:4] for name in sqlite)
    shared = {name[:4] for name in own} - ALONE
    assert sorted(shared) == numbers[numbers.index("0012") :]
    assert (max(sqlite)[:4], max(own)[:4]) == (HEAD, POSTGRES_HEAD)


def test_a_migration_happens_once(empty_postgres_url: str) -> None:
    """Of several processes that start together one migrates; no table is made twice, and rows stay."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [empty_postgres_url] * 4, ["here"] * 4))
    with psycopg.connect(empty_postgres_url) as database:
        database.execute("INSERT INTO guild (guild_id) VALUES (1)")
    migrate(empty_postgres_url, "here")
    with psycopg.connect(empty_postgres_url) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(POSTGRES_HEAD,)]
        assert database.execute("SELECT guild_id FROM guild").fetchall() == [(1,)]


def test_a_database_of_an_earlier_release_is_brought_up_to_date(empty_postgres_url: str) -> None:
    """It gets the tables that it lacks, and keeps its rows."""
    first = Path(str(migrations.__file__)).parent / "versions" / "0012_first.sql"
    with psycopg.connect(empty_postgres_url) as database:
        for statement in first.read_text("utf-8").split(";\n\n"):
            database.execute(statement.encode())
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        database.execute("INSERT INTO alembic_version VALUES ('0012')")
        database.execute("INSERT INTO guild (guild_id) VALUES (1)")
    migrate(empty_postgres_url, "here")
    with psycopg.connect(empty_postgres_url) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(POSTGRES_HEAD,)]
        assert database.execute("SELECT guild_id FROM guild").fetchall() == [(1,)]
        assert database.execute("SELECT place FROM moved").fetchall() == []


def test_a_later_database_is_left_as_it_is(postgres_url: str) -> None:
    """A revision that this code does not know is refused."""
    with psycopg.connect(postgres_url) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewerError) as raised:
        migrate(postgres_url, "here")
    assert raised.value.values == {"path": "here", "revision": "9999"}


def test_a_migration_that_fails_leaves_nothing(empty_postgres_url: str) -> None:
    """It is one transaction; and the error has PostgreSQL's own words."""
    with psycopg.connect(empty_postgres_url) as database:
        database.execute("CREATE TABLE watched (other bigint)")
    with pytest.raises(psycopg.Error, match='relation "watched" already exists'):
        migrate(empty_postgres_url, "here")
    with psycopg.connect(empty_postgres_url) as database:
        assert [name for _, name in database.execute(CATALOGUE)] == ["watched"]
