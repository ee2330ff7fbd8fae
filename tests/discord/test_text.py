"""Foreign text is shown as the characters that it is and within the limits, and a cut can be seen."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.discord.text import clamp, code, length, listed, plain, quoted, quoted_lines
from bot.i18n.catalog import LOCALES, load_catalog
from tests.support.embeds import utf16_length
from tests.support.hostile import INSERTED, PAYLOADS, marks, payloads_with, plain_marks, unseen

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WHOLE = str.maketrans({"D": "discord.gg", "E": ENGLAND, "M": "\u0301" * 9, "W": "👩‍💻"})
# Half of the characters have a meaning for Discord or join others, and some are beyond the basic plane.
WILD = st.text(
    st.one_of(
        st.sampled_from("\\*_~|`>[]<#@:/().-+1 \n\t\u200b\u202e\u2028\U0001f600éDEMW"),
        st.sampled_from(
            "aक\u094d\u093fमی\u0301\u0323\u0344\u20e3\ufe0f\u200c\u200d👩🏽💻❤🇧🏴\U000e0067\U000e007f"
        ),
        st.characters(),
    ),
    max_size=80,
).map(lambda text: text.translate(WHOLE))
FILLERS = "\u115f\u1160\u3164\uffa0"
LIMIT = st.integers(min_value=4, max_value=60)
many = settings(max_examples=2_500)


def bases(text: str) -> str:
    """Return the visible characters without their marks, and without letters that attach as marks do."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(each for each in composed if each not in FILLERS and not is_attached(each))
    decomposed = unicodedata.normalize("NFD", seen)
    return "".join(each for each in decomposed if unicodedata.category(each)[0] not in "CMZ")


def is_attached(character: str) -> bool:
    """Return whether a letter is drawn onto the one before it."""
    return (
        character in "\u0e33\u0eb3\uff9e\uff9f"
        or "\u1161" <= character <= "\u11ff"
        or ("\ud7b0" <= character <= "\ud7fb")
    )


def most_marks(text: str) -> int:
    """Return how many combining marks the character with most of them has."""
    kinds = "".join(
        "M" if is_attached(character) else unicodedata.category(character)[0]
        for character in text
        if character not in "\u200c\u200d"
    )
    return max(map(len, re.findall("(?<=[^M])M+", kinds)), default=0)


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
@example("\u0301" * 9 + "0000  \ud7a40", 4)
def test_plain_text_fits_and_is_one_visible_line(text: str, limit: int) -> None:
    """No invisible character, line end or double blank is left, and no visible base character is changed."""
    shown = plain(text, limit)
    assert utf16_length(shown) <= limit
    assert unseen(shown) == set()
    assert not re.search(r"\s\s|\n", shown)
    assert most_marks(shown) <= 8
    if not shown.endswith("…"):
        assert bases(shown) == bases(text)


@many
@given(WILD, LIMIT)
@example("a\u200d" + "\u0301" * 9, 60)
@example("\u0344" * 9 + "a" + "\u0344" * 9, 60)
@example("<\u200b\u0338a", 60)
@example("র\u200d\u09cd\u09af", 4)
@example(f"{ENGLAND}{ENGLAND}", 20)
def test_what_is_clean_stays_as_it_is(text: str, limit: int) -> None:
    """Cleaning a second time changes nothing; if the text was cut, a gap beside the cut may come or go."""
    whole = plain(text, 10_000)
    assert plain(whole, 10_000) == whole
    cut = plain(text, limit)
    assert plain(cut, 10_000).replace("\u200b", "") == cut.replace("\u200b", "")


@many
@given(st.text(st.characters(max_codepoint=0x2FF), max_size=12))
@example("".join(map(chr, range(0x300))))
def test_latin_text_is_cleaned_as_any_other(text: str) -> None:
    """Latin text is cleaned on a shorter way; with a letter of another script it takes the way of all."""
    assert plain(f"{text}x", 10_000) == plain(f"{text}x文", 10_000).removesuffix("文")


@many
@given(WILD)
def test_cleaning_adds_nothing_but_gaps(text: str) -> None:
    """Without the gaps that disarm it, a cleaned text is no longer than it came in its composed form."""
    assert len(plain(text).replace("\u200b", "")) <= len(unicodedata.normalize("NFC", text))


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


@pytest.mark.parametrize("sign", INSERTED.values(), ids=INSERTED)
def test_no_joiner_helps_hostile_text(sign: str) -> None:
    """With an invisible sign anywhere in it no payload does anything, nor would it without the sign."""
    for payload in payloads_with(sign):
        lines, _ = quoted_lines(f"{payload}\n{payload}", 1000)
        for shown in (quoted(payload), code(payload), lines):
            assert marks(shown) == {}, (payload, shown)
            assert unseen(shown) == set(), payload
        assert plain_marks(plain(payload)) == {}, payload
        assert unseen(plain(payload)) == set(), payload


@pytest.mark.parametrize("sign", sorted({*INSERTED.values()} - {"\u200b"}))
def test_the_check_would_notice_what_is_overlooked(sign: str) -> None:
    """A sign hides no attack from the check."""
    assert plain_marks(f"discord{sign}.gg/abc") == {"invite": 1}
    assert marks(f"#{sign} [a](https:{sign}//b)")["masked link"] == 1


@pytest.mark.parametrize(
    "name",
    [
        "हिन्दी सहायक",
        "क्षत्रिय क्‍ष क्‌ष",
        "র‍্যাব",
        "ශ්‍රී ලංකා",
        "தமிழ் உதவியாளர்",
        "ผู้ช่วยน้ำใจ",
        "Trợ lý tiếng Việt",
        "می‌خواهم",
        "مُسَاعِدٌ عَرَبِيٌّ",
        "עוֹזֵר בְּעִבְרִית",
        "ཧྐྵྨླྺྼྻྂ",
        "ကြောင်လေး",
        "Auf‌lage",
        "👩‍💻 Ada",
        "👩🏽‍🚀👨‍👩‍👧‍👦",
        "❤️‍🔥 ⛹🏿‍♀️ 🏳️‍🌈 🏴‍☠️",
        "🐈‍⬛ 🐻‍❄️ 🏃‍♀️‍➡️ 🙂‍↔️",
        "1️⃣ ⚙️ ✌🏾",
        "🇧🇷🇺🇸",
        f"{ENGLAND} \U0001f3f4\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f",
        "\U0001fa77\U0001fae8",
    ],
)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    """Marks, joiners between letters, emoji, also those newer than this Python, and flags stay."""
    assert plain(name) == quoted(name) == quoted_lines(name, 1000)[0] == name
    assert code(name) == f"`{name}`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u200da\u200c", "a"),
        ("a\u200d b\u200d1\u200d.", "a b1."),
        ("a\u200c\u200d\u200cb", "a\u200cb"),
        ("a\u200b\u200d\u00adb", "a\u200db"),
        ("👩\u200d\u200d💻", "👩💻"),
        ("👩\u200c💻", "👩💻"),
        ("\u200d👩\u200d", "👩"),
        ("a\u200d💻\u200db", "a💻b"),
        ("🇧\u200d🇷", "🇧🇷"),
        ("✓\u200d✓ 1\u200d2", "✓✓ 12"),
        (f"a{ENGLAND[1:]}b", "ab"),
        (ENGLAND[:-1], ENGLAND[0]),
        (ENGLAND[0] + ENGLAND[-1], ENGLAND[0]),
        (ENGLAND[:-1] + ENGLAND[2:], ENGLAND[0]),
        (ENGLAND + ENGLAND[1:], ENGLAND),
        (f"👩\u200d{ENGLAND}\u200d👩", f"👩{ENGLAND}👩"),
        ("\ufeffa\u2060\u200e\u202e\u2066\u061cb\u180ec", "abc"),
        ("a\x00\x7f\x9b\ue000\ud800\u0378b", "ab"),
    ],
)
def test_what_joins_nothing_goes(text: str, shown: str) -> None:
    """A joiner at an end, beside a sign or doubled, a tag without its flag, and any other control go."""
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Z" + "\u030d" * 50 + "a", "Z" + "\u030d" * 8 + "a"),
        ("Z\u200d" + "\u030d" * 5 + "\u200b" + "\u030d" * 5 + "a", "Z\u200d" + "\u030d" * 8 + "a"),
        ("👩" + "\u20dd" * 20, "👩" + "\u20dd" * 8),
        ("\u0344" * 9 + "a", "a"),
        (" \u200b\u030d\u20e3\u093f a \u030d", "a \u030d"),
        ("a" + "\u0344" * 8, "ä" + "\u0301\u0308" * 4),
        ("x" + "\u1161" * 40 + "b", "x" + "\u1161" * 8 + "b"),
        ("ก" + "\u0e33\u030d" * 20, "ก" + "\u0e33\u030d" * 4),
        *(("x" + ("\u030d" * 8 + filler) * 9, "x" + "\u030d" * 8) for filler in FILLERS),
    ],
)
def test_marks_are_limited(text: str, shown: str) -> None:
    """A character keeps at most eight marks, and a text begins with none, as it would join ours."""
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("می‌خواهم", 4, "می…"),
        ("র‍্যাব", 4, "র…"),
        ("a 👩‍💻 b", 7, "a …"),
        ("a 👩‍💻 b", 8, "a 👩‍💻…"),
        ("👩🏽👩🏽", 7, "👩🏽…"),
        ("👩" + "\u200d👩" * 9, 13, "👩\u200d👩\u200d👩\u200d👩…"),
        ("🇧🇷🇧🇷", 7, "🇧🇷…"),
        (f"a{ENGLAND}b", 14, "a…"),
        (f"a{ENGLAND}bc", 16, f"a{ENGLAND}…"),
        ("ab\u200d cdef", 4, "ab…"),
        ("ab\u200d1234", 4, "ab…"),
    ],
)
def test_a_cut_parts_nothing_that_is_joined(text: str, limit: int, shown: str) -> None:
    """No joiner is left before the ellipsis, and emoji and flags are shown whole or not at all."""
    assert clamp(text, limit) == shown


@pytest.mark.slow
@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    [
        "é",
        "\u0301\u0323",
        "\u200d",
        "a\u200d",
        "a\u200d\u0301",
        "👩\u200d",
        "❤\ufe0f\u200d",
        ENGLAND[:3],
        "\ufe0f",
        "d\ufe0f",
        "discord\ufe0f",
        "discordapp",
        ":\ufe0f/",
        "1\ufe0f",
        "@",
        "\\",
        " ",
    ],
)
def test_hostile_text_is_cleaned_in_linear_time(piece: str) -> None:
    """A quarter of a megabyte that is made for the patterns is cleaned and cut at once."""
    quoted_lines("a" + piece * (2**18 // len(piece)), 2**17)


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
