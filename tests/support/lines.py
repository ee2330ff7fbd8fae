"""Counts the lines that an embed takes in a message on a phone, 390 px wide.

The text of an embed has 270 px there: 390 less the avatar's column, the card's padding and the page's margin.
The widths were measured in Chromium on the demo's page, whose font is Noto Sans: title 16 px and semibold,
names of fields 14 px and bold, description and values 14 px, footer 12 px, code 12.25 px.

Compared with that page at 390 px, 42 replies in both languages: all 24 without blank lines or commands in a
row have the very number of lines, among them cards of 7 to 14 lines and details of 43 to 60. A blank line
counts as one here and is a little lower there, so that lists of up to 61 lines come out 1 to 6 lines longer.
Where commands stand in one row, `/help` of 98 and 110 lines comes out 2 and 3 lines shorter.

Fields that are inline stand one below the other at that width. Buttons, pictures and files are not counted.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import discord

MAX_LINES: Final = 12
"""How many lines a reply takes at most that is not a list."""
_WIDTH: Final = 270.0
_TITLE, _TEXT, _FOOTER, _CODE = 16.0, 14.0, 12.0, 12.25
_BOLD: Final = 1.06
"""How much wider than regular letters bold ones are on average."""
_SEMIBOLD: Final = 1.04
_MONOSPACED: Final = 0.6
_CODE_PADDING: Final = 10.0
_MENTION_PADDING: Final = 4.0
_COMMAND_PADDING: Final = 20.0
_OTHERS: Final = 1.0
"""The width of a character that is in no group below, such as a CJK one, in parts of the font's size."""
_EMOJI: Final = 1.245
# Widths of characters in parts of the font's size.
_GROUPS: Final = {
    0.0: "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}",
    0.26: " '`ijlíìïîÍÌ!,.:;J·‘’",
    0.32: "()[]-",
    0.36: 'Iftr/\\{}"“”•',
    0.46: "?_zcsçvyýk",
    0.53: "xFL*S|–",
    0.57: "0123456789$+<=>YZ^~ETaeXáàâãäéèêëÉÈÊ",
    0.61: "PVobdgpqhnuRKCAóòôõöúùûüñÁÀÂÃÇ",
    0.65: "B#",
    0.74: "&DGUHÚÑ",
    0.79: "NOQwÓÔÕ%…↳",
    0.93: "@MWm—←→",
}
_CHARACTERS: Final = {character: width for width, group in _GROUPS.items() for character in group}
# What Discord shows in place of each kind of markdown; the names are of a usual length.
_TOKENS: Final = re.compile(
    r"(?P<command></(?P<name>[^:>]+):\d+>)"
    r"|(?P<time><t:-?\d+(?::(?P<style>\w))?>)"
    r"|(?P<channel><#\d+>)"
    r"|(?P<mention><@[!&]?\d+>)"
    r"|(?P<link>\[(?P<label>(?:\\.|[^\]\\])*)\]\((?:[^()\s]|\([^()\s]*\))*\))"
    r"|(?P<code>`(?P<inside>[^`\n]+)`)"
    r"|(?P<bold>\*\*)"
    r"|(?P<italic>(?<![\w\\])\*(?=[^\s*])|(?<=[^\s*\\])\*(?!\w))"
    r"|\\(?P<escaped>[^\w\s])"
)
_RELATIVE: Final = "há 12 minutos"
_EXACT: Final = "30 de novembro de 2026 11:00"
_CHANNEL: Final = "#ask-the-agents"
_MEMBER: Final = "@Northwind Helper"
_BREAK: Final = re.compile(r"[^\s-]*-+|[^\s-]+|\s")


class _Run(NamedTuple):
    """Text of one look. width: of a character, in px, as a function's factors; padding: around the whole."""

    text: str
    size: float
    is_code: bool = False
    padding: float = 0.0


def lines_of(embed: discord.Embed) -> int:
    """Return how many lines of text an embed has at 390 px."""
    count = 0
    if embed.title:
        count += _wrapped(embed.title, _TITLE * _SEMIBOLD)
    if embed.description:
        count += _paragraphs(embed.description)
    for field in embed.fields:
        count += _wrapped(field.name or "", _TEXT * _BOLD) + _paragraphs(field.value or "")
    if embed.footer.text:
        count += _paragraphs(embed.footer.text, _FOOTER)
    return count


def _paragraphs(text: str, size: float = _TEXT) -> int:
    return sum(_wrapped(line, size) for line in text.split("\n"))


def _wrapped(line: str, size: float) -> int:
    """Return on how many lines a paragraph stands, a blank one on one."""
    count, used = 1, 0.0
    for word in _words(line, size):
        width = sum(_width(run) for run in word)
        if word[0].text.isspace():
            used += width
            continue
        if used and used + width > _WIDTH:
            count, used = count + 1, 0.0
        # What is wider than a line is broken anywhere.
        more, used = divmod(used + width, _WIDTH) if used + width > _WIDTH else (0.0, used + width)
        count += int(more)
    return count


def _words(line: str, size: float) -> Iterator[list[_Run]]:
    """Yield what is not broken, each as its runs, and the blanks between."""
    word: list[_Run] = []
    for run in _runs(line, size):
        padding = run.padding
        for piece in _BREAK.findall(run.text):
            part = run._replace(text=piece, padding=padding)
            padding = 0.0
            if piece.isspace():
                if word:
                    yield word
                yield [part]
                word = []
            else:
                word.append(part)
                if piece.endswith("-"):
                    yield word
                    word = []
    if word:
        yield word


def _runs(line: str, size: float) -> Iterator[_Run]:
    """Yield the texts that Discord shows for a line of markdown."""
    is_bold, end = False, 0
    for found in _TOKENS.finditer(line):
        factor = size * (_BOLD if is_bold else 1.0)
        yield _Run(line[end : found.start()], factor)
        end = found.end()
        match found.lastgroup:
            case "bold":
                is_bold = not is_bold
            case "escaped":
                yield _Run(found["escaped"], factor)
            case "italic":
                pass
            case _:
                yield from _token(found, factor)
    yield _Run(line[end:], size * (_BOLD if is_bold else 1.0))


def _token(found: re.Match[str], size: float) -> Iterator[_Run]:
    if found["command"]:
        yield _Run(f"/{found['name']}", size, padding=_COMMAND_PADDING)
    elif found["time"]:
        yield _Run(_RELATIVE if found["style"] == "R" else _EXACT, size)
    elif found["channel"] or found["mention"]:
        yield _Run(_CHANNEL if found["channel"] else _MEMBER, size, padding=_MENTION_PADDING)
    elif found["link"]:
        yield from _runs(found["label"], size)
    else:
        yield _Run(found["inside"], _CODE, is_code=True, padding=_CODE_PADDING)


def _width(run: _Run) -> float:
    if run.is_code:
        return run.padding + run.size * _MONOSPACED * len(run.text)
    return run.padding + run.size * sum(map(_of_character, run.text))


def _of_character(character: str) -> float:
    known = _CHARACTERS.get(character)
    if known is not None:
        return known
    return _EMOJI if ord(character) > 0x2300 and not character.isalnum() else _OTHERS
