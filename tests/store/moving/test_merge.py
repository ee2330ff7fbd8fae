"""Whatever is in two databases, a merge makes the second one equal to the first, and nothing else."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from shutil import copy
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.setup_errors import DatabaseUnusableError
from bot.store.moving.merge import Merge, differences
from bot.store.moving.side import Row, Side
from bot.store.postgres.side import PostgresSide
from bot.store.sqlite.side import SqliteSide

TEXTS: Final = (
    "",
    "a",
    "a\0",
    "a\0b",
    "a!",
    "B",
    "ü",
    "\U0001f600",
    "\uffff",
    "\ufdd0",
    "\ufdd00",
    "\ufdd01",
)
"""Some that PostgreSQL takes only with other characters in the place of theirs, which sort elsewhere."""
TABLES: Final = ("connection", "audit_member", "integration", "synced_commands")

Rows = Mapping[str, Sequence[Row]]

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from((-(2**63), -1, 0, 1, 2, 2**63 - 1))
places = st.tuples(numbers, texts, texts)


@st.composite
def databases(draw: Callable[[Any], Any]) -> Rows:
    """Draw rows of some tables, which refer to each other, and of which some values may be there once."""
    rows: dict[str, Sequence[Row]] = {
        "connection": [
            (*place, draw(st.binary(max_size=2)), 1, 2, draw(numbers), draw(st.none() | numbers), 5)
            for place in draw(st.lists(places, max_size=4, unique=True))
        ],
        "audit_member": draw(
            st.lists(
                st.tuples(st.just(1), texts, numbers),
                max_size=5,
                unique_by=(lambda row: row[1], lambda row: row[2]),
            )
        ),
        "synced_commands": draw(
            st.lists(st.tuples(numbers, texts, texts), max_size=4, unique_by=lambda row: row[0])
        ),
    }
    rows["integration"] = [
        (guild_id, provider, f"{name}{number}", name, draw(texts), draw(st.none() | numbers), 1, 2, None)
        for number, (guild_id, provider, name, *_) in enumerate(rows["connection"])
        if draw(st.booleans())
    ]
    return rows


@pytest.fixture(scope="module")
def sides(
    postgres_server: Any,  # noqa: ANN401 - of the tests' own
    postgres_template: str,
    empty_database: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SqliteSide, PostgresSide]]:
    """A file and a server's database."""
    path = Path(copy(empty_database, tmp_path_factory.mktemp("file") / "patchbay.db"))
    with (
        postgres_server.database(postgres_template) as name,
        closing(SqliteSide(path)) as file,
        closing(PostgresSide(postgres_server.url(name))) as server,
    ):
        yield file, server


def put(side: Side, rows: Rows) -> None:
    """Make these the only rows of a database."""
    with side.alone():
        for table in TABLES:
            side.change_many(f"DELETE FROM {table} WHERE 1 = {side.parameter}", [(1,)])  # noqa: S608
        for table in TABLES:
            marks = f"({', '.join([side.parameter] * len(rows[table][0]))})" if rows[table] else ""
            if marks:
                side.change_many(f"INSERT INTO {table} VALUES {marks}", rows[table])  # noqa: S608


def stored(side: Side) -> dict[str, list[Row]]:
    """Return all rows."""
    return {table: sorted(side.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}  # noqa: S608


@pytest.mark.parametrize("to_server", [True, False])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(wanted=databases(), found=databases())
def test_the_target_becomes_equal(
    sides: tuple[SqliteSide, PostgresSide], to_server: bool, wanted: Rows, found: Rows
) -> None:
    """In both directions, whatever it held before; the source stays as it was."""
    file, server = sides
    source, target = (file, server) if to_server else (server, file)
    put(source, wanted)
    put(target, found)
    before = stored(source)
    merge = Merge(source, target, file.moved_tables(), lambda *_: None)
    assert merge.run() == sum(map(len, wanted.values()))
    merge.compare()
    assert stored(target) == stored(source) == before


@given(
    wanted=st.dictionaries(st.integers(0, 9), st.integers(0, 1)),
    found=st.dictionaries(st.integers(0, 9), st.integers(0, 1)),
)
def test_differences_are_all_that_differs(wanted: dict[int, int], found: dict[int, int]) -> None:
    """Each key once, in order, with the row of either side."""
    pairs = [
        ((key, wanted[key]) if key in wanted else None, (key, found[key]) if key in found else None)
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]
    assert list(differences(sorted(wanted.items()), sorted(found.items()), 1)) == pairs


def test_many_rows_come_in_portions(sides: tuple[SqliteSide, PostgresSide]) -> None:
    """More than are read at once, of one server and of several; and the progress tells how many."""
    file, server = sides
    told: list[tuple[str, int, int]] = []
    put(file, {table: [] for table in TABLES})
    many = [(1 + number // 2500, "p", f"n{number}", b"x", 1, 2, 3, None, 5) for number in range(5001)]
    put(server, {**{table: [] for table in TABLES}, "connection": many})
    merge = Merge(server, file, file.moved_tables(), lambda *what: told.append(what))
    merge.run()
    merge.compare()
    assert stored(file) == stored(server)
    assert told[0] == ("Copying", 1000, 5001)
    assert told[-1] == ("Comparing", 5001, 5001)
    assert {step for step, *_ in told} == {"Copying", "Comparing"}


def test_a_row_that_differs_is_found(sides: tuple[SqliteSide, PostgresSide]) -> None:
    """The error names the table, and not what is in it."""
    file, server = sides
    rows: Rows = {**{table: [] for table in TABLES}, "synced_commands": [(1, "CANARY", "x")]}
    put(file, rows)
    put(server, {**rows, "synced_commands": [(1, "CANARY", "y")]})
    with pytest.raises(DatabaseUnusableError) as raised:
        Merge(file, server, file.moved_tables(), lambda *_: None).compare()
    assert "synced_commands" in str(raised.value.values["reason"])
    assert "CANARY" not in str(raised.value.values)


def test_a_text_that_is_no_utf8_does_not_come_over_as_another_one(
    sides: tuple[SqliteSide, PostgresSide],
) -> None:
    """The move ends with an error that does not quote it."""
    file, server = sides
    put(server, {table: [] for table in TABLES})
    put(file, {**{table: [] for table in TABLES}, "synced_commands": [(1, "a", "x")]})
    with closing(sqlite3.connect(file.place)) as other, other:
        other.execute("UPDATE synced_commands SET ids = CAST(X'43414EFF' AS TEXT)")
    with pytest.raises(DatabaseUnusableError) as raised:
        Merge(file, server, file.moved_tables(), lambda *_: None).run()
    assert raised.value.values["reason"] == "it holds a text that is not UTF-8"
