"""A query says the same to PostgreSQL's driver as to SQLite."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.postgres.parameters import with_driver_parameters

PIECES = st.one_of(
    st.sampled_from(["SELECT ", " % ", "a::bigint", " , ", "-- :no 100 %\n", "/* :no */", '":no"', "x'00'"]),
    st.from_regex(r":[a-z_][a-z0-9_]{0,5} ", fullmatch=True),
    st.text("abc:%'\" ?$", max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'"),
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a, :a_1 WHERE b=:b", "SELECT %(a)s, %(a_1)s WHERE b=%(b)s"),
        ("SELECT ':a' || :a || '''' || ':b'", "SELECT ':a' || %(a)s || '''' || ':b'"),
        ("SELECT a::text, :a::bigint", "SELECT a::text, %(a)s::bigint"),
        ("x LIKE 'member · %' AND 5 % :n = 0", "x LIKE 'member · %%' AND 5 %% %(n)s = 0"),
        ("SELECT 1 -- of :a, 100 %\n, :b", "SELECT 1 -- of :a, 100 %%\n, %(b)s"),
        ('SELECT ":a" /* :b */', 'SELECT ":a" /* :b */'),
    ],
)
def test_a_parameter_is_rewritten_where_it_is_one(sql: str, expected: str) -> None:
    """In text, names, remarks and before types, a colon stays; each percent sign is the driver's for one."""
    assert with_driver_parameters(sql) == expected


@given(st.lists(PIECES))
def test_nothing_but_parameters_changes(pieces: list[str]) -> None:
    """Whatever stands beside it, each parameter is found, and the driver sees the rest as it was."""
    rewritten = with_driver_parameters("".join(pieces))
    names = [piece[1:-1] for piece in pieces if piece.startswith(":")]
    assert re.findall(r"(?<!%)(?:%%)*%\((\w+)\)s", rewritten) == names
    seen = iter(names)
    back = re.sub(r"%%|%\(\w+\)s", lambda found: "%" if found[0] == "%%" else f":{next(seen)}", rewritten)
    assert back == "".join(pieces)
