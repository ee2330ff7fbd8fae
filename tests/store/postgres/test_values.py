"""PostgreSQL keeps what SQLite keeps, and gives it back the same."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from bot.store.connection import StoredRow, WritingConnection
from bot.store.database import Database
from bot.store.one_row import OneRow, rows_in
from bot.store.postgres.values import escaped, unescaped

PUT = "INSERT INTO thing VALUES (:number, :text, :data) RETURNING *"
GET = SimpleNamespace(sql="SELECT number, text, data FROM thing WHERE number = :number")


class Kind(StrEnum):
    ONE = "one"


class Number(IntEnum):
    TWO = 2


@dataclass
class Thing:
    number: int
    text: str | None
    data: bytes | None


@dataclass
class Part:
    number: int
    text: str | None


@given(st.text("\0a1\ufdd0"))
def test_text_with_nul_comes_back(text: str) -> None:
    """What stands for a NUL is told from the same characters in text."""
    assert "\0" not in escaped(text)
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    ("number", "text", "data"),
    [
        (0, "", b""),
        (-(2**63), "a\0b\ufdd00 'é' \U0001f984 %s :x", bytes(range(256))),
        (2**63 - 1, None, None),
        (True, Kind.ONE, b"\0"),
        (Number.TWO, "2", b"x"),
    ],
)
async def test_a_value_comes_back_as_it_was(
    stored: Database, number: int, text: str | None, data: bytes | None
) -> None:
    """By the connection that writes and by those that read."""

    async def work(connection: WritingConnection) -> list[StoredRow]:
        await connection.change('CREATE TABLE thing (number BIGINT, text TEXT COLLATE "C", data BYTEA)')
        return list(await connection.rows(PUT, {"number": number, "text": text, "data": data}))

    (written,) = await stored.transact(work)
    assert tuple(written) == (number, text, data)
    row = await stored.read(GET, number=number)
    assert row is not None
    a, b, c = row
    assert (
        (a, b, c)
        == (row["number"], row["text"], row["data"])
        == (row[0], row[1], row[2])
        == (number, text, data)
    )
    assert (type(a), len(row), row.keys()) == (int, 3, ["number", "text", "data"])
    assert await stored.fetch(Thing, GET, number=number) == [Thing(number, text, data)]
    one_row = OneRow((SimpleNamespace(sql="SELECT number, text FROM thing"), Part))
    ((found,),) = await stored.examine(lambda connection: list(connection.rows(one_row.sql(connection))))
    assert rows_in(Part, from_json(found)) == [Part(number, text)]


async def test_a_comparison_is_a_number(stored: Database) -> None:
    """As with SQLite, which has no booleans."""
    row = await stored.read(SimpleNamespace(sql="SELECT 1 = 1, 1 = :two"), two=2)
    assert row is not None
    assert list(map(repr, row)) == ["1", "0"]


async def test_a_table_says_its_columns_and_its_key(stored: Database) -> None:
    """In the order of the key; a table that is not there has none."""
    assert await stored.examine(lambda connection: connection.key("connection")) == [
        "guild_id",
        "provider",
        "name",
    ]
    columns = await stored.examine(lambda connection: connection.columns("key_mark"))
    assert columns == ["id", "key_ids", "signature"]
    assert await stored.examine(lambda connection: connection.columns("nowhere")) == []
