"""Makes text from outside safe, and cuts text to Discord's limits, which count UTF-16 code units."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from bot.i18n.catalog import Texts

_GAP: Final = "\N{ZERO WIDTH SPACE}"
_ELLIPSIS: Final = "…"
# Control, format (right-to-left, zero-width), surrogate, private, unassigned; line and paragraph ends.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKDOWN: Final = re.compile(r"([\\*_~|`>\[\]<])")
# A heading, a bullet or a number at the start of a line; a backslash can escape signs, but not digits.
_LINE_START: Final = re.compile(r"^(\d+(?=[.)])|(?=[#+-]))")
_INVITE: Final = re.compile(r"(?i)(discord(?:app)?)(\.)(?=(?:gg|io|me|li|com|gift)\b)")
# No foreign text is shown at such a length; cleaning more would only take time.
_MAX_LENGTH: Final = 2048
# Characters that are cleaned for each one that is shown, because cleaning removes some.
_CLEANED_PER_SHOWN: Final = 2


def length(text: str) -> int:
    """Return the length as Discord counts it, in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def clamp(text: str, limit: int) -> str:
    """Cut text to ``limit`` UTF-16 code units; a text that was cut ends in an ellipsis."""
    if length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - length(_ELLIPSIS)
    for character in text:
        room -= length(character)
        if room < 0:
            break
        kept.append(character)
    # A backslash at the end would escape the ellipsis.
    return "".join(kept).rstrip("\\") + _ELLIPSIS


def plain(text: str, limit: int = 100) -> str:
    """Make foreign text safe where Discord renders no markdown: names of choices, labels, footers.

    The result is one line without invisible characters, mentions and links.
    """
    return clamp(_cleaned(text[:_MAX_LENGTH]), limit)


def quoted(text: str, limit: int = 256) -> str:
    """Make foreign text safe where Discord renders markdown, which then shows its very characters."""
    return clamp(_escaped(plain(text, limit)), limit)


def quoted_lines(text: str, limit: int) -> tuple[str, bool]:
    """Make foreign text safe as ``quoted`` does, line by line; several blank lines become one.

    Returns the text, and whether it is complete.
    """
    start = text[: limit * _CLEANED_PER_SHOWN]
    lines = [_escaped(_cleaned(line)) for line in start.splitlines()]
    kept = (line for before, line in pairwise(["", *lines]) if line or before)
    whole = "\n".join(kept).rstrip("\n") + _ELLIPSIS * (start != text)
    shown = clamp(whole, limit)
    return shown, shown == whole and start == text


def _cleaned(text: str) -> str:
    shown = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    shown = " ".join(shown.split()).replace("@", f"@{_GAP}").replace("://", f":{_GAP}//")
    return _INVITE.sub(rf"\1{_GAP}\2", shown)


def _escaped(line: str) -> str:
    return _LINE_START.sub(r"\1\\", _MARKDOWN.sub(r"\\\1", line))


def code(text: str, limit: int = 256) -> str:
    """Return a foreign value as inline code, for people to copy.

    An invisible character goes before a leading slash, because commands in code become links.
    """
    shown = plain(text, limit - 3).replace("`", "ˋ")  # noqa: RUF001 - a look-alike that ends no code
    return f"`{_GAP if shown.startswith('/') else ''}{shown}`"


def listed(items: Iterable[str], texts: Texts, limit: int = 1024, *, separator: str = "\n") -> str:
    """Join as many items as fit into ``limit``, and say how many more there are."""
    rest = list(items)
    full = separator.join(rest)
    if length(full) <= limit:
        return full
    shown = ""
    while rest:
        longer = shown + separator * bool(shown) + rest[0]
        more = separator + texts.plural("list.more", len(rest) - 1)
        if length(longer + more) > limit:
            break
        shown = longer
        rest.pop(0)
    return clamp(shown + separator * bool(shown) + texts.plural("list.more", len(rest)), limit)
