"""What a bot token says of itself."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.pasted import account_id

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
