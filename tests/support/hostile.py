"""Text that has an effect in Discord if it is shown unchanged, and a count of its effects."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

ATTACKS: Final = (
    "@everyone",
    "@here",
    "<@1102345678901234567>",
    "<@!1102345678901234567>",
    "<@&1102345678901234567>",
    "<#1102345678901234567>",
    "</connections remove:1102345678901234567>",
    "<t:1700000000:R>",
    "<:x:1102345678901234567>",
    "<a:x:1102345678901234567>",
    "<id:customize>",
    "[click](https://example.invalid)",
    "[a](<https://example.invalid>)",
    "https://example.invalid/?a=1",
    "HTTP://EXAMPLE.INVALID",
    "<https://example.invalid>",
    "steam://open/x",
    "discord.gg/abc",
    "DISCORD.GG/ABC",
    "https://discord.com/invite/abc",
    "discordapp.com/invite/abc",
    "discord.gift/abcdef",
    "`/connections remove`",
    "```py\ncode```",
    "||spoiler||",
    "**bold** __under__ ~~gone~~ *it*",
)
DISGUISES: Final = {
    "bare": "{}",
    "in a sentence": "a {} b",
    "on a line of its own": "a\n{}\nb",
    "a heading": "# {}",
    "small print": "-# {}",
    "a quote": "> {}",
    "a block quote": ">>> {}",
    "a bullet": "- {}",
    "a number": "1. {}",
    "after a backslash": "\\{}",
    "after two": "\\\\{}",
    "closing code": "` {} `",
    "closing a fence": "``` {}",
    "right to left": "\u202e{}\u202c\u2067",
    "line separators": "\u2028{}\u2029",
    "other controls": "\x00\x1b[31m{}\r\v\x85",
    "surrogates": "\ud83d{}\udc00",
    "astral": "\U0001f600{}\U000e0041",
    "doubled": "{}{}",
    "very long": "{}" * 40,
    "at the end of a limit": "x" * 90 + "{}",
}
ZERO_WIDTH: Final = "\u200b"
_FLAG_OF_ENGLAND: Final = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
INSERTED: Final = {
    "zero width space": ZERO_WIDTH,
    "non-joiner": "\u200c",
    "joiner": "\u200d",
    "both joiners": "\u200c\u200d",
    "word joiner": "\u2060",
    "tag": "\U000e0061",
    "flag's tags": _FLAG_OF_ENGLAND[1:],
    "variation selector": "\ufe0f",
    "rare variation selector": "\U000e0100",
    "grapheme joiner": "\u034f",
}
"""What is invisible, or may be, and is put between the characters of an attack."""


def _with(sign: str, text: str) -> Iterator[str]:
    """Yield a text with a sign at each single place, and with the sign at all of them."""
    for place in range(len(text) + 1):
        yield text[:place] + sign + text[place:]
    yield f"{sign}{sign.join(text)}{sign}"


_DISGUISED: Final = [
    disguise.replace("{}", attack) for attack, disguise in product(ATTACKS, DISGUISES.values())
]
PAYLOADS: Final = tuple(
    dict.fromkeys(
        [
            *_DISGUISED,
            *(
                disguise.replace("{}", ZERO_WIDTH.join(attack))
                for attack, disguise in product(ATTACKS, DISGUISES.values())
            ),
            *(sign.join(attack) for attack, sign in product(ATTACKS, INSERTED.values())),
        ]
    )
)


def payloads_with(sign: str) -> Iterator[str]:
    """Yield every attack with a sign at each place, every disguise likewise, and both together."""
    for attack in ATTACKS:
        yield from _with(sign, attack)
    for disguise in DISGUISES.values():
        yield from _with(sign, disguise.replace("{}", "x"))
    for payload in _DISGUISED:
        yield sign.join(payload)


_CODE = re.compile(r"(?<!\\)((?:\\\\)*)(`+)(?!`).*?(?<!`)\2(?!`)", re.DOTALL)
_PINGS = {
    "ping": re.compile(r"@(?:everyone|here)\b"),
    "mention": re.compile(r"<@[!&]?\d"),
    "link": re.compile(r"\w://\w"),
    "invite": re.compile(r"(?i)discord(?:app)?\.(?:gg|gift|com)/"),
}
_MARKUP = _PINGS | {
    "channel": re.compile(r"<#\d"),
    "command": re.compile(r"</[a-z]"),
    "time": re.compile(r"<t:-?\d"),
    "emoji": re.compile(r"<a?:\w+:\d"),
    "place": re.compile(r"<id:"),
    "masked link": re.compile(r"\]\("),
    "code": re.compile(r"`"),
    "spoiler": re.compile(r"\|\|"),
    "bold": re.compile(r"\*\*|__|~~"),
    "block": re.compile(r"(?m)^\s*(?:#{1,3}|-#|>{1,3}|[-*+]|\d+[.)])\s"),
}


# What Discord may overlook: all that is invisible and no blank, except the program's own gap.
_OVERLOOKED = re.compile(
    "[\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_JOINERS = "\u200c\u200d"


def plain_marks(text: str) -> Counter[str]:
    """Count what has an effect where Discord renders no markdown, or would have without what is invisible."""
    return _plain_marks(text) | _plain_marks(_OVERLOOKED.sub("", text))


def _plain_marks(text: str) -> Counter[str]:
    return Counter(name for name, pattern in _PINGS.items() for _ in pattern.finditer(text))


def marks(text: str) -> Counter[str]:
    """Count what has an effect where Discord renders markdown, without escaped characters and code.

    What would have an effect without the invisible characters counts too.
    """
    return _marks(text) | _marks(_OVERLOOKED.sub("", text))


def _marks(text: str) -> Counter[str]:
    literal = re.sub(r"\\[^0-9A-Za-z\s]", "_x", _CODE.sub(r"\1", text))
    found = Counter(name for name, pattern in _MARKUP.items() for _ in pattern.finditer(literal))
    # No backslash and no code keeps these two from being read, the second by our own way to make links.
    found["ping"] = len(_PINGS["ping"].findall(text))
    found["command in code"] = len(re.findall(r"`/[a-z]+(?: [a-z]+)?`", text))
    return +found


def unseen(text: str) -> set[str]:
    """Return the invisible characters in a text that have no business there.

    The program's own gap, line ends, joiners that join something, and the tags of flags may stand in it.
    """
    text = _FLAG.sub("", text)
    return {
        unicodedata.name(character, hex(ord(character)))
        for place, character in enumerate(text)
        if character not in f"{ZERO_WIDTH}\n"
        and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        and not (character in _JOINERS and _joins(text, place))
    }


def _joins(text: str, place: int) -> bool:
    """Tell whether a joiner stands between two letters, which may have marks, or between two emoji."""
    before, after = text[:place], text[place + 1 :]
    left, right = _bare(reversed(before)), _bare(after)
    if left.isalpha() and right.isalpha():
        return True
    emoji = re.sub("[\ufe0f\U0001f3fb-\U0001f3ff]$", "", before)[-1:] + after[:1]
    kinds = [unicodedata.category(character) for character in emoji]
    return text[place] == "\u200d" and len(kinds) == 2 and {"So", "Sm", "Cn"}.issuperset(kinds)


def _bare(characters: Iterable[str]) -> str:
    """Return the first character that is no combining mark."""
    return next((each for each in characters if unicodedata.category(each)[0] != "M"), "")
