"""Foreign text is shown as the characters that it is, within the limits, and no part is lost in silence."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import LOCALES, load_catalog
from bot.ui.text import clamp, code, length, listed, plain, quoted, quoted_lines
from tests.ui.hostile import PAYLOADS, marks, plain_marks, unseen

# Half of it from the characters that Discord gives a meaning, some beyond the basic plane.
WILD = st.text(
    st.one_of(st.sampled_from("\\*_~|`>[]<#@:/().-+1 \n\t\u200b\u202e\u2028\U0001f600é"), st.characters()),
    max_size=80,
)
LIMIT = st.integers(min_value=4, max_value=60)
many = settings(max_examples=2_500)


def utf16(text: str) -> int:
    """Count as Discord does, lone surrogates included."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def unescaped(text: str) -> str:
    """Undo what `quoted` does to a text."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


@many
@given(WILD, st.integers(min_value=1, max_value=60))
@example("\U0001f600" * 30, 59)
def test_a_cut_text_fits_and_says_so(text: str, limit: int) -> None:
    """A text is whole, or begins as it did, fits to the UTF-16 unit, and ends in an ellipsis."""
    cut = clamp(text, limit)
    assert length(text) == utf16(text)
    assert utf16(cut) <= limit
    if cut != text:
        assert utf16(text) > limit
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


@many
@given(WILD, LIMIT)
def test_plain_text_fits_and_is_one_visible_line(text: str, limit: int) -> None:
    """Nothing invisible, no line end, no doubled blank is left, and nothing visible is changed."""
    shown = plain(text, limit)
    assert utf16(shown) <= limit
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
    """With its escapes undone a quoted text is the plain text, or the beginning of it."""
    shown = quoted(text, limit)
    assert utf16(shown) <= limit
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
    """Each line is the quoted line, blank ones never two in a row, and what is missing is told."""
    shown, complete = quoted_lines(text, limit)
    assert utf16(shown) <= limit
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
    """Nothing is called missing where there is room for twice the characters, as each may be escaped."""
    assert quoted_lines(text, 1000)[1]


@many
@given(WILD, LIMIT)
def test_code_fits_and_cannot_be_left(text: str, limit: int) -> None:
    """A value in code holds no backtick, and never reads as a command of ours."""
    shown = code(text, limit)
    assert utf16(shown) <= limit
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
    """Whole items are shown from the beginning, and shown and counted ones add up."""
    shown = listed(items, load_catalog()[locale], limit, separator=separator)
    assert utf16(shown) <= limit
    whole = separator.join(items)
    if utf16(whole) <= limit:
        assert shown == whole
        return
    *entries, rest = shown.split(separator)
    number = re.fullmatch(r"(?:\+(\d+) more|e mais (\d+))", rest)
    assert number is not None
    assert entries == items[: len(entries)]
    assert len(entries) + int(number[number.lastindex or 0]) == len(items)


def test_as_much_of_a_list_is_shown_as_fits() -> None:
    """One more item would not have fitted."""
    texts = load_catalog()["en-US"]
    items = ["x" * 10] * 20
    entries = listed(items, texts, 100).split("\n")[:-1]
    longer = "\n".join([*entries, items[0], f"+{20 - len(entries) - 1} more"])
    assert utf16(longer) > 100


def test_there_are_enough_payloads() -> None:
    """More than two hundred, each another one."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200


@pytest.mark.parametrize("limit", [12, 40, 100, 256, 1024])
def test_hostile_text_does_nothing(limit: int) -> None:
    """At any limit no payload pings, links, formats or hides anything, wherever it is cut."""
    for payload in PAYLOADS:
        for shown in (quoted(payload, limit), f"• #{quoted(payload, limit)} x", code(payload, limit)):
            assert marks(shown) == {}, (payload, shown)
            assert unseen(shown) == set(), payload
        lines, _ = quoted_lines(f"{payload}\n{payload}", limit)
        assert marks(lines) == {}, (payload, lines)
        assert unseen(lines) == set(), payload
        assert utf16(lines) <= limit
        assert plain_marks(plain(payload, limit)) == {}, payload
        assert unseen(plain(payload, limit)) == set(), payload
        assert utf16(quoted(payload, limit)) <= limit


def test_the_check_would_notice() -> None:
    """Most payloads do something as they come; the others would once the invisible is taken out of them."""
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
    """Only what would be markup is escaped, in a way that Discord undoes."""
    assert quoted(text) == shown
