"""Which texts are Discord's ids, what a bot token says of itself, and whose id an id is."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.snowflake import account_id, is_one_id, read_snowflake

ID_LIMIT = 1 << 63


def token_of(first_part: str) -> str:
    """Return a token with this first part, in base64."""
    return urlsafe_b64encode(first_part.encode()).decode().rstrip("=") + ".b.c"


@given(st.integers(min_value=10**14, max_value=ID_LIMIT - 1))
def test_the_account_is_read_from_the_first_part(account: int) -> None:
    """Every id that an account can have is read, up to the largest."""
    assert account_id(token_of(str(account))) == account


@pytest.mark.parametrize("account", [ID_LIMIT, ID_LIMIT + 1, 10**19 - 1, 10**19, 10**40, 0, -(10**15)])
def test_an_id_that_no_account_has_is_none(account: int) -> None:
    """What Discord cannot give, and no database takes, is not an id."""
    assert account_id(token_of(str(account))) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.b.c",
        "FAKE-TOKEN.b.c",
        token_of("12345678901234567x"),
        token_of("１２３４５６７８９０１２３４５６７８"),
    ],
)
def test_a_token_may_name_nobody(token: str) -> None:
    """What is no base64, or none of digits, names no account."""
    assert account_id(token) is None


@given(st.binary(max_size=40) | st.text(max_size=40), st.text(max_size=20))
def test_nothing_but_an_id_is_read_from_a_token(first: bytes | str, rest: str) -> None:
    """Whatever the first part holds, the result is one of Discord's ids or None."""
    part = first if isinstance(first, str) else urlsafe_b64encode(first).decode()
    found = account_id(f"{part}.{rest}")
    assert found is None or read_snowflake(str(found)) == found


@given(st.integers(min_value=10**14, max_value=ID_LIMIT - 1))
def test_an_id_is_read(snowflake: int) -> None:
    """Every id that Discord can give is read from its decimal text."""
    assert read_snowflake(str(snowflake)) == snowflake


@pytest.mark.parametrize(
    "text",
    [None, "", "0", "42", " 1219876543210987654", "1219876543210987654\n", "+1219876543210987654", "a" * 18,
     "01219876543210987654", str(ID_LIMIT), "9" * 400, "١٢١٩٨٧٦٥٤٣٢١٠٩٨٧٦٥٤", "1e18"],
)  # fmt: skip
def test_other_texts_are_no_ids(text: str | None) -> None:
    """Text from outside that is no plain decimal number of that size is none of Discord's ids."""
    assert read_snowflake(text) is None


@pytest.mark.parametrize(
    ("moment", "one"),
    [
        (datetime(2015, 1, 1, tzinfo=UTC), False),
        (datetime(2016, 12, 31, tzinfo=UTC), False),
        (datetime(2017, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2018, 1, 1, tzinfo=UTC), True),
        (datetime(2026, 1, 1, tzinfo=UTC), True),
    ],
)
def test_only_a_newer_application_has_the_id_of_its_bot(moment: datetime, *, one: bool) -> None:
    """An application that may be older than 2018 may have another id than its bot."""
    since_2015 = int((moment - datetime(2015, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    assert is_one_id(since_2015 << 22) is one
