"""What is pasted along with a secret is taken off, the secret stays, and Discord's tokens are recognised."""

import string
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base.pasted import is_discord_token, unwrapped
from bot.providers.base.snowflake import account_id

NAMES = (
    "Authorization",
    "authorization",
    "X-ORGANIZATION-SECRET",
    "x-user-id",
    "organization_secret",
    "ACCESS_TOKEN",
    "accessToken",
    "SENSAY_API_KEY",
    "token",
    "KEY",
)
BLANKS = st.text(" \t\n\r\u00a0\u200b\u200d\u2060\ufeff\u00ad", max_size=4)
PAIRS = (
    '""',
    "''",
    "``",
    "<>",
    "\u201c\u201d",
    "\u201e\u201c",
    "\u2018\u2019",
    "\u00ab\u00bb",
    '"\u201d',
    "\u201c\u201c",
)


def is_bare(secret: str) -> bool:
    """Tell whether a secret itself does not look wrapped: it has no mark at an end, and no such name."""
    marks = "\"'`<>,"
    names = ("secret", "token", "key", "authorization", "bearer", "x-")
    is_marked = secret[0] in marks or secret[-1] in marks
    return not is_marked and not any(name in secret.lower() for name in names)


SECRETS = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=2).filter(is_bare)
"""Any printable ASCII without a blank, ``:`` and ``=`` included."""

Wrap = Callable[[str], str]


def around(before: str, after: str = "") -> Wrap:
    """Return what puts a text between two others."""
    return lambda text: f"{before}{text}{after}"


WRAPPINGS: st.SearchStrategy[Wrap] = st.one_of(
    st.builds(around, BLANKS, BLANKS),
    st.sampled_from(PAIRS).map(lambda pair: around(*pair)),
    st.sampled_from(("Bearer ", "bearer  ", "BEARER\t", "Bot ", "bot\u00a0", "Token ", "Bearer\u200b ")).map(
        around
    ),
    st.builds(
        lambda name, sign, blank: around(f"{name}{sign}{blank}"),
        st.sampled_from(NAMES),
        st.sampled_from((":", "=", " : ", " = ")),
        st.sampled_from(("", " ", "\u200b ")),
    ),
    st.sampled_from(NAMES).map(lambda name: around(f'"{name}": "', '",')),
    st.sampled_from(("export KEY=", "export FOO =", "$env:FOO = ", "Organization secret: ", "- ", "> ")).map(
        around
    ),
    st.sampled_from(NAMES).map(lambda name: around(f"-H '{name}: ", "' \\")),
    st.just(around("", ",")),
    st.just(around('const apiKey = "', '";')),
)


@given(SECRETS, st.lists(WRAPPINGS, max_size=6))
def test_a_wrapped_secret_comes_out_whole(secret: str, wrappings: list[Wrap]) -> None:
    """However many names, schemes, marks, blanks and commas are around it, in any order."""
    text = secret
    for wrap in wrappings:
        text = wrap(text)
    assert unwrapped(text) == secret


@given(SECRETS)
def test_a_bare_secret_does_not_change(secret: str) -> None:
    """A secret that is pasted alone is the value, whatever it is made of."""
    assert unwrapped(secret) == secret


@pytest.mark.parametrize(
    "secret",
    [
        "abc:def=ghi",
        "a=",
        "QUJD==",
        "-Habc",
        "--header",
        "Bearer",
        "bearerabc",
        "Bot",
        "botany",
        "tokenised:a",
        "turkey=abc",
        "a'b\"c`d",
        '"open',
        "close>",
        "a;",
        "user:pass@host",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.FAKE-TOKEN_x",
    ],
)
def test_what_only_resembles_a_wrapping_stays(secret: str) -> None:
    """Marks at one end, signs inside, and words without a blank after them are parts of a secret."""
    assert unwrapped(secret) == secret


@given(st.text())
def test_whatever_is_pasted_has_an_answer(text: str) -> None:
    """Any text comes out, with no blank around it, and never longer than it was."""
    bare = unwrapped(text)
    assert len(bare) <= len(text)
    assert bare == bare.strip()


@pytest.mark.parametrize(
    "text", ["two words", "line\r\nX-Evil: 1", "zero\u200bwidth", "contrase\u00f1a", "a\x00b: c\x00"]
)
def test_what_is_no_secret_is_not_made_one(text: str) -> None:
    """Blanks and invisible characters inside a value stay, so that the form's rules refuse it."""
    assert not unwrapped(text).isascii() or not unwrapped(text).isprintable() or " " in unwrapped(text)


@pytest.mark.parametrize(
    "piece", ['"', "'", ",", " ", "\u200b", "\u201c", "a-", "x-a", "a_", "token:", "Bearer ", "$env:", "a b "]
)
def test_a_hostile_value_takes_no_time(piece: str) -> None:
    """A form that is filled to Discord's limit does not hold up the bot."""
    text = (piece * 4000)[:4000]
    begun = time.thread_time()  # what other programs do meanwhile does not count
    unwrapped(text)
    assert time.thread_time() - begun < 0.5


@given(st.integers(10**14, (1 << 63) - 1), st.text(string.ascii_letters, min_size=5, max_size=40))
def test_a_discord_token_is_recognised_by_its_account(account: int, rest: str) -> None:
    """The first part names an account, and nothing else that is pasted does."""
    first = urlsafe_b64encode(str(account).encode()).decode().rstrip("=")
    assert is_discord_token(f"{first}.{rest}.{rest}")
    assert is_discord_token(first)


@pytest.mark.parametrize(
    "text",
    [
        "FAKE-TOKEN-sensay-organization-0001",
        "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.FAKE-TOKEN_signature-of-43-characters-0000000000",
        "ab" * 32,
        "1209876543210987654",
        "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401",
        "",
    ],
)
def test_a_providers_secret_is_no_discord_token(text: str) -> None:
    """Words, web tokens, hexadecimal digits, numbers and UUIDs name no account."""
    assert account_id(text) is None
    assert not is_discord_token(text)
