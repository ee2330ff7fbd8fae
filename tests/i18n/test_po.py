"""What is read of a .po file is what the library of translators' tools reads of it."""

import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po as read_with_babel
from babel.messages.pofile import write_po
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import LOCALES, string_folders
from bot.i18n.po import CatalogEntry, read_po

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r", exclude_characters="\x85"),
    min_size=1,
)
ENTRIES = st.lists(
    st.tuples(WORDS, st.none() | WORDS, st.booleans(), WORDS, WORDS), unique_by=lambda each: each[:2]
)


def as_entry(message: Message) -> CatalogEntry:
    """Return what babel has read, as ours."""
    key = message.id if isinstance(message.id, str) else message.id[0]
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return CatalogEntry(key, message.context, not isinstance(message.id, str), tuple(map(str, texts)))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("folder", string_folders(), ids=lambda folder: folder.parent.name)
def test_our_catalogues_are_read_as_translators_tools_read_them(folder: Path, locale: str) -> None:
    """Each entry, in the same order, with its context, its plural forms and whatever is escaped in it."""
    path = folder / f"{locale}.po"
    with path.open("rb") as source:
        expected = [as_entry(each) for each in read_with_babel(source, abort_invalid=True) if each.id]
    header, *entries = read_po(path.read_text("utf-8"))
    assert not header.key
    assert "Plural-Forms:" in header.texts[0]
    assert entries == expected


@given(ENTRIES, st.integers(20, 100))
def test_any_text_survives_the_file(
    written: list[tuple[str, str | None, bool, str, str]], width: int
) -> None:
    """Quotation marks, backslashes and line ends, wherever a tool breaks the lines."""
    catalog, file = Catalog(locale="pt_BR"), io.BytesIO()
    for key, context, has_plural, one, many in written:
        catalog.add((key, key) if has_plural else key, (one, many) if has_plural else one, context=context)
    write_po(file, catalog, width=width)
    entries = [each for each in read_po(file.getvalue().decode()) if each.key]
    assert {(each.key, each.context): each for each in entries} == {
        (key, context): CatalogEntry(key, context, has_plural, (one, many) if has_plural else (one,))
        for key, context, has_plural, one, many in written
    }


def test_what_is_not_translated_is_left_out() -> None:
    """What a tool has guessed, what nobody has translated and what no longer exists is no text of ours."""
    source = """
    # A remark about the next one.
    #, fuzzy, python-brace-format
    msgid "guessed"
    msgstr "x"

    #: somewhere.py:3
    msgid "kept"
    msgstr ""
    "a "
    "b"

    msgid "empty"
    msgstr ""

    #, fuzzy
    msgid "guessed too"
    msgid_plural "guessed too"
    msgstr[0] "x"
    msgstr[1] "x"

    #, fuzzy
    #~ msgid "gone"
    #~ msgstr "x"

    msgid "added"
    msgstr "c"
    """
    assert list(read_po(source)) == [
        CatalogEntry("kept", None, has_plural=False, texts=("a b",)),
        CatalogEntry("added", None, has_plural=False, texts=("c",)),
    ]


def test_a_file_begins_with_a_keyword() -> None:
    """A text that belongs to nothing is refused as any other line that cannot stand there."""
    with pytest.raises(ValueError, match=r"^line 1: "):
        list(read_po('"text"'))


@pytest.mark.parametrize(
    "line",
    ['msgstr "twice"', "msgid without", 'msgid "open', 'msgidd "a"', "text", 'msgstr[x] "a"', '"', 'msgid "'],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    """A file that a hand has damaged is refused, with the place."""
    with pytest.raises(ValueError, match=r"^line 3: "):
        list(read_po(f'msgid "a"\nmsgstr "b"\n{line}'))
