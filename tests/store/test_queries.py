"""What stands in the .sql files, and what a call of a query returns."""

import functools
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.store.queries import read_queries
from bot.store.sqlite.connection import SqliteWriter
from tests.support.source import ROOT

FILES = sorted(ROOT.glob("bot/**/queries.sql"))
SOURCE = """
-- Remarks above the first query belong to none.

-- name: add(id, name)!
-- What it is for.
INSERT INTO thing (id, name)
-- why; not a part of the query
VALUES (:id, :name);

-- name: add_many(id, name)*!
INSERT INTO thing (id, name) VALUES (:id, :name);

-- name: get(id)^
SELECT id, name FROM thing WHERE id = :id;

-- name: get_name(id)$
SELECT name FROM thing WHERE id = :id;

-- name: list_all()
SELECT id, name FROM thing ORDER BY id;
"""


@pytest_asyncio.fixture
async def connection() -> AsyncIterator[SqliteWriter]:
    """A database with an empty table."""
    connection = SqliteWriter(functools.partial(sqlite3.connect, ":memory:", isolation_level=None), 64)
    async with connection:
        await connection.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
        yield connection


async def test_a_call_returns_what_the_file_promises(connection: SqliteWriter) -> None:
    """A row, a value, the number of changed rows or all rows; None where there is no row."""
    queries = read_queries(SOURCE)
    assert await queries.add(connection, id=1, name="a -- b") == 1
    assert await queries.add_many(connection, [{"id": 2, "name": "c"}, {"id": 3, "name": "d"}]) is None
    assert await queries.get(connection, id=1) == (1, "a -- b")
    assert await queries.get(connection, id=9) is None
    assert await queries.get_name(connection, id=2, more="is left out") == "c"
    assert await queries.get_name(connection, id=9) is None
    assert await queries.list_all(connection) == [(1, "a -- b"), (2, "c"), (3, "d")]


@pytest.mark.parametrize(
    "line",
    [
        "-- name: add(id)^",
        "-- name: add",
        "-- name: (id)",
        "-- name: b(id)?",
        "-- name: b(id)! ",
        "-- name: b(x",
    ],
)
def test_a_name_that_cannot_be_read_or_is_taken_is_refused(line: str) -> None:
    """A query would otherwise be a part of the one above it, or take its place."""
    with pytest.raises(ValueError, match="name of its own"):
        read_queries(f"{SOURCE}\n{line}\nSELECT 1;")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_each_query_names_its_parameters(path: Path) -> None:
    """The line above a query says which values a caller has to give."""
    text = path.read_text("utf-8")
    declared = dict(re.findall(r"^-- name: (\w+)\(([\w, ]*)\)", text, re.MULTILINE))
    assert len(declared) == len(vars(read_queries(text)))
    for name, query in vars(read_queries(text)).items():
        assert query.sql, name
        assert set(re.findall(r"(?<![:\w]):(\w+)", query.sql)) == set(re.findall(r"\w+", declared[name])), (
            name
        )
