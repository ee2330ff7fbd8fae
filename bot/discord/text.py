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
# Letters without a look or a width of their own, which would be a base for ever more marks: Hangul's fillers.
_FILLERS: Final = "\u115f\u1160\u3164\uffa0"
# Letters that are drawn onto the one before them, as marks are: vowels of Thai and Lao, ends of a Hangul
# syllable, and halfwidth signs of Japanese. https://www.unicode.org/reports/tr29: Extend, SpacingMark, V, T.
_ATTACHED: Final = re.compile("[\u0e33\u0eb3\u1161-\u11ff\ud7b0-\ud7fb\uff9e\uff9f]")
# Persian and the scripts of India need both between letters; emoji need the second.
_JOINERS: Final = ("\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}")
# No language needs more marks on one character; a Tibetan syllable has up to eight.
_MAX_MARKS: Final = 8
# https://www.unicode.org/reports/tr51: the emoji, and the code points set aside for those to come.
_PICTURE: Final = (
    "[©®‼⁉™\u2139↔-↙↩↪⌚⌛⌨⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-☄☎☑☔☕☘☝☠☢☣☦☪☮☯☸-☺♀♂♈-♓♟♠♣♥♦♨♻♾♿⚒-⚗⚙⚛⚜⚠⚡⚧⚪⚫⚰⚱⚽⚾⛄⛅⛈⛎⛏"
    "⛑⛓⛔⛩⛪⛰-⛵⛷-⛺⛽✂✅✈-✍✏✒✔✖✝✡✨✳✴❄❇❌❎❓-❕❗❣❤\u2795-➗➡➰➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙🀄🃏🅰🅱🅾🅿🆎🆑-🆚🈁🈂🈚🈯🈲-🈺🉐🉑"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0"
    "\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff]"
)
# The flag of a part of a country: a black flag and, as tags, the country's two letters and the part's code.
_FLAG: Final = (
    "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,4}\U000e007f"
)
# A picture, which may be followed by the sign for its coloured form or by a colour of skin.
_EMOJI: Final = rf"(?!{_FLAG}){_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]?"
_IS_PICTURE: Final = re.compile(_PICTURE)
# ASCII signs as far as they go, a flag, emoji with the joiners between them, or one character.
_PIECE: Final = re.compile(rf"[!-~]+|{_FLAG}|(?:{_EMOJI}\u200d)+(?={_EMOJI})|.", re.DOTALL)
# What is cut off as a whole: a flag, up to four joined emoji, a joiner with its letter, or one character.
_UNIT: Final = re.compile(
    rf"{_FLAG}|[\U0001f1e6-\U0001f1ff]{{2}}|\u200d?{_EMOJI}(?:\u200d{_EMOJI}){{0,3}}"
    rf"|[\u200c\u200d]\W{{0,{_MAX_MARKS}}}?[^\W\d_]|.",
    re.DOTALL,
)
# Joiners and marks that stay but have no look of their own: Discord may read a text as if they were absent.
_OVERLOOKED: Final = "[\u034f\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]*"
# Latin letters, digits and signs, in which there is nothing to clean: no mark, no joiner, nothing invisible.
_LATIN: Final = re.compile("[ -~¡-¬®-ʯ]*")
_MARKDOWN: Final = re.compile(r"([\\*_~|`>\[\]<])")
# A heading, a bullet or a number at the start of a line; a backslash can escape signs, but not digits.
_LINE_START: Final = re.compile(rf"^((?:\d{_OVERLOOKED})+(?=[.)])|(?=[#+-]))")


def _spread(word: str) -> str:
    """Return a pattern for a word between whose letters something may be overlooked."""
    return _OVERLOOKED.join(word)


_SCHEME: Final = re.compile(f":(?={_OVERLOOKED}/{_OVERLOOKED}/)")
_INVITE: Final = re.compile(
    rf"(?i)({_spread('discord')}{_OVERLOOKED}(?:{_spread('app')}{_OVERLOOKED})?)(\.)"
    rf"(?={_OVERLOOKED}(?:{'|'.join(map(_spread, ('gg', 'io', 'me', 'li', 'com', 'gift')))})\b)"
)
# No foreign text is shown at such a length; cleaning more would only take time.
_MAX_LENGTH: Final = 2048
# Characters that are cleaned for each one that is shown, because cleaning removes some.
_CLEANED_PER_SHOWN: Final = 4


def length(text: str) -> int:
    """Return the length as Discord counts it, in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clamp(text: str, limit: int) -> str:
    """Cut text to ``limit`` UTF-16 code units; a text that was cut ends in an ellipsis."""
    if length(text) <= limit:
        return text
    room = limit - length(_ELLIPSIS)
    if text.isascii():  # each character is a unit
        return text[: max(room, 0)].rstrip("\\") + _ELLIPSIS
    kept: list[str] = []
    for unit in _UNIT.finditer(text):
        room -= length(unit[0])
        if room < 0:
            break
        kept.append(unit[0])
    # A backslash at the end would escape the ellipsis, and a joiner would join it.
    return "".join(kept).rstrip("\\" + "".join(_JOINERS)) + _ELLIPSIS


def plain(text: str, limit: int = 100) -> str:
    """Make foreign text safe where Discord renders no markdown: names of choices, labels, footers.

    The result is one line without mentions and links, in which only joiners and a flag's tags are invisible.
    """
    start = text[: min(_MAX_LENGTH, limit * _CLEANED_PER_SHOWN)]
    # Cleaning may remove so much that what is left of the start fits, and hides that something follows.
    return clamp(_cleaned(start) + _ELLIPSIS * (start != text), limit)


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
    if _LATIN.fullmatch(text) is None:
        # Before, because NFC sorts marks in quadratic time; after, because it may make two marks of one.
        text = _readable(unicodedata.normalize("NFC", _readable(text)))
    shown = " ".join(text.split()).replace("@", f"@{_GAP}")
    # Most names have neither sign, and to search them all the same is most of what cleaning costs.
    if ":" in shown:
        shown = _SCHEME.sub(f":{_GAP}", shown)
    return _INVITE.sub(rf"\1{_GAP}\2", shown) if "." in shown else shown


def _readable(text: str) -> str:
    """Return the text without what is invisible, and with at most eight marks on a character.

    What joins two letters or two emoji and what makes a flag stays. Marks at the start go, because they
    would change the character before the text.
    """
    kept: list[str] = []
    base, marks, joiner = "", 0, None
    for piece in (*_PIECE.findall(text), " "):  # the blank ends the last word, and is cut off later
        kind = unicodedata.category(piece[0])
        if piece in _FILLERS:
            continue
        if kind[0] == "M" or (base and _ATTACHED.match(piece)):
            marks += 1
            if base and marks <= _MAX_MARKS:
                kept.append(piece)
        elif piece in _JOINERS:
            if joiner is None:
                joiner = len(kept)
                kept.append(piece)
        elif piece.isspace() or kind not in _INVISIBLE or _IS_PICTURE.match(piece):
            if joiner is not None and not (base[-1:].isalpha() and piece[0].isalpha()):
                kept[joiner] = ""
            shown = " " if piece.isspace() else piece
            if base or shown != " ":
                kept.append(shown)
                base = shown
            marks, joiner = 0, None
    return "".join(kept)


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
