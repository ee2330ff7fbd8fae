"""Reads gettext's .po files, at each start: so quickly that no compiled copy can ever be out of date."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_ESCAPED: Final = re.compile(r'\\([\\trn"])')
_ESCAPES: Final = {"t": "\t", "r": "\r", "n": "\n"}
_BEGINS: Final = ("msgctxt", "msgid")
_KEYWORD: Final = re.compile(r"msgctxt|msgid|msgid_plural|msgstr(\[\d\])?")


class CatalogEntry(NamedTuple):
    """What a file says under one key. texts: one, or each plural form of an entry that has some."""

    key: str
    context: str | None
    has_plural: bool
    texts: tuple[str, ...]


def read_po(source: str) -> Iterator[CatalogEntry]:
    """Yield the entries of a .po file, the header under an empty key.

    What a translator has marked as fuzzy, or has not translated, is left out. Raises ValueError with the
    number of a line that is none of such a file.
    """
    parts: dict[str, str] = {}
    keyword = ""
    is_fuzzy = is_next_fuzzy = False
    for number, line in enumerate(source.split("\n"), 1):
        written = line.strip()
        if not written:
            continue
        if written[0] == "#":
            is_next_fuzzy |= written.startswith("#,") and "fuzzy" in written
            is_next_fuzzy &= not written.startswith("#~")  # that mark was of what no longer exists
            continue
        if written[0] != '"' or not parts:
            keyword, _, written = written.partition(" ")
            if keyword in _BEGINS and "msgid" in parts:
                if not is_fuzzy:
                    yield from _entry(parts)
                parts = {}
            if not parts:
                is_fuzzy, is_next_fuzzy = is_next_fuzzy, False
            if keyword in parts or not _KEYWORD.fullmatch(keyword):
                raise ValueError(f"line {number}: {keyword} cannot stand here")
            parts[keyword] = ""
        parts[keyword] += _unquoted(written.strip(), number)
    if not is_fuzzy:
        yield from _entry(parts)


def _entry(parts: dict[str, str]) -> Iterator[CatalogEntry]:
    texts = tuple(text for keyword, text in parts.items() if keyword.startswith("msgstr"))
    if "msgid" in parts and any(texts):
        yield CatalogEntry(parts["msgid"], parts.get("msgctxt"), "msgid_plural" in parts, texts)


def _unquoted(written: str, number: int) -> str:
    inner = written[1:-1]
    if len(written) < 2 or written[0] != '"' or written[-1] != '"':  # noqa: PLR2004 - two quotation marks
        raise ValueError(f"line {number}: no text in quotation marks")
    if "\\" not in inner:
        return inner
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), inner)
