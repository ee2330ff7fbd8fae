"""Foreign text is shown as the characters that it is and within the limits, and a cut can be seen."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.discord.text import clamp, code, length, listed, plain, quoted, quoted_lines
from bot.i18n.catalog import LOCALES, load_catalog
from tests.support.embeds import utf16_length
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen

# Half of the characters have a meaning for Discord, and some are beyond the basic plane.
WILD = st.text(
    st.one_of(st.sampled_from("\\*_~|`>[]<#@:/().-+1 \n\t\u200b\u202e\u2028\U0001f600é"), st.characters()),
    max_size=80,
)
LIMIT = st.integers(min_value=4, max_value=60)
many = settings(max_examples=2_500)


def unescaped(text: str) -> str:
    """Return a text without the escapes that `quoted` has put in."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


@many
@given(WILD, st.integers(min_value=1, max_value=60))
@example("\U0001f600" * 30, 59)
def test_a_cut_text_fits_and_says_so(text: str, limit: int) -> None:
    """A text stays whole if it fits; else it is cut to the limit in UTF-16 units and ends in an ellipsis."""
    cut = clamp(text, limit)
    assert length(text) == utf16_length(text)
    assert utf16_length(cut) <= limit
    if cut != text:
        assert utf16_length(text) > limit
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


def test_no_backslash_is_left_before_the_ellipsis() -> None:
    """A backslash before the ellipsis would escape it, so the cut takes all of them away."""
    assert clamp("ab\\cd", 4) == "ab…"
    assert clamp("a\\\\b", 4) == "a\\\\b"
    assert clamp("a\\\\bc", 4) == "a…"


@many
@given(WILD, LIMIT)
def test_plain_text_fits_and_is_one_visible_line(text: str, limit: int) -> None:
    """No invisible character, line end or double blank is left, and nothing visible is changed."""
    shown = plain(text, limit)
    assert utf16_length(shown) <= limit
    assert unseen(shown) == set()
    assert not re.search(r"\s\s|\n", shown)
    if not shown.endswith("…"):
        seen = "".join(shown.replace("\u200b", "").split())
        assert seen == "".join(
            character
            for character in unicodedata.normalize("NFC", text)
            if not character.isspace() and unicodedata.category(character)[0] not in "CZ"
        )


@many
@given(WILD, LIMIT)
@example("1. a", 10)
@example("\\" * 30, 11)
def test_quoted_text_fits_and_reads_the_same(text: str, limit: int) -> None:
    """Without its escapes a quoted text is the plain text, or the beginning of it."""
    shown = quoted(text, limit)
    assert utf16_length(shown) <= limit
    assert marks(shown) == {}
    read = unescaped(shown)
    if read.endswith("…"):
        assert plain(text, 1000).startswith(read.removesuffix("…").rstrip("\\"))
    else:
        assert read == plain(text, limit)


@many
@given(WILD, LIMIT)
@example("a\n\n\n\n# b\n1. c\n", 60)
@example("\n" * 200 + "a", 60)
def test_quoted_lines_fit_and_read_the_same(text: str, limit: int) -> None:
    """Each line is quoted, at most one blank line follows another line, and a cut is reported."""
    shown, complete = quoted_lines(text, limit)
    assert utf16_length(shown) <= limit
    assert marks(shown) == {}
    assert unseen(shown) == set()
    assert "\n\n\n" not in shown
    assert shown.strip("\n") == shown
    if complete:
        assert [line for line in shown.split("\n") if line] == [
            quoted(line, 1000) for line in text.splitlines() if plain(line)
        ]
    else:
        assert shown.endswith("…")


@many
@given(WILD)
def test_short_lines_are_all_shown(text: str) -> None:
    """Nothing is reported as cut if there is room for twice the characters, as each may be escaped."""
    assert quoted_lines(text, 1000)[1]


@many
@given(WILD, LIMIT)
def test_code_fits_and_cannot_be_left(text: str, limit: int) -> None:
    """A value in code holds no backtick, and never reads like a command of ours."""
    shown = code(text, limit)
    assert utf16_length(shown) <= limit
    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]
    assert not shown.startswith("`/")


@many
@given(
    st.lists(st.text("abc \U0001f600", min_size=1, max_size=30), max_size=40),
    st.integers(min_value=20, max_value=300),
    st.sampled_from(["\n", ", ", "\n\n"]),
    st.sampled_from(LOCALES),
)
def test_a_cut_list_counts_what_is_missing(items: list[str], limit: int, separator: str, locale: str) -> None:
    """The first items are shown whole, and the number of the others is right."""
    shown = listed(items, load_catalog()[locale], limit, separator=separator)
    assert utf16_length(shown) <= limit
    whole = separator.join(items)
    if utf16_length(whole) <= limit:
        assert shown == whole
        return
    *entries, rest = shown.split(separator)
    number = re.fullmatch(r"(?:\+(\d+) more|e mais (\d+))", rest)
    assert number is not None
    assert entries == items[: len(entries)]
    assert len(entries) + int(number[number.lastindex or 0]) == len(items)


def test_as_much_of_a_list_is_shown_as_fits() -> None:
    """One more item would not fit."""
    texts = load_catalog()["en-US"]
    items = ["x" * 10] * 20
    entries = listed(items, texts, 100).split("\n")[:-1]
    longer = "\n".join([*entries, items[0], f"+{20 - len(entries) - 1} more"])
    assert utf16_length(longer) > 100


def test_there_are_enough_payloads() -> None:
    """There are at least two hundred payloads, and no two are equal."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200


@pytest.mark.parametrize("limit", [12, 40, 100, 256, 1024])
def test_hostile_text_does_nothing(limit: int) -> None:
    """At any limit no payload pings, links, formats or hides anything."""
    for payload in PAYLOADS:
        for shown in (quoted(payload, limit), f"• #{quoted(payload, limit)} x", code(payload, limit)):
            assert marks(shown) == {}, (payload, shown)
            assert unseen(shown) == set(), payload
        lines, _ = quoted_lines(f"{payload}\n{payload}", limit)
        assert marks(lines) == {}, (payload, lines)
        assert unseen(lines) == set(), payload
        assert utf16_length(lines) <= limit
        assert plain_marks(plain(payload, limit)) == {}, payload
        assert unseen(plain(payload, limit)) == set(), payload
        assert utf16_length(quoted(payload, limit)) <= limit


def test_the_check_would_notice() -> None:
    """Most payloads do something if they are shown as they come."""
    assert len([payload for payload in PAYLOADS if marks(payload) or unseen(payload)]) > len(PAYLOADS) / 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("snake_case *x*", r"snake\_case \*x\*"),
        ("1. one", r"1\. one"),
        ("12) twelve", r"12\) twelve"),
        ("# one", r"\# one"),
        ("-# small", r"\-# small"),
        ("1.5 GB", r"1\.5 GB"),
        ("5-3", "5-3"),
        ("a\r\n\tb", "a b"),
        ("e\u0301", "é"),
        ("", ""),
    ],
)
def test_ordinary_text_stays_readable(text: str, shown: str) -> None:
    """Only markup is escaped, in a way that Discord undoes."""
    assert quoted(text) == shown
