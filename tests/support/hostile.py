"""Text that has an effect in Discord if it is shown unchanged, and a count of its effects."""

import re
import unicodedata
from collections import Counter
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


def _split(attack: str) -> str:
    """Put an invisible character between all characters."""
    return ZERO_WIDTH.join(attack)


PAYLOADS: Final = tuple(
    dict.fromkeys(
        [disguise.replace("{}", attack) for attack, disguise in product(ATTACKS, DISGUISES.values())]
        + [
            disguise.replace("{}", _split(attack))
            for attack, disguise in product(ATTACKS, DISGUISES.values())
        ]
    )
)

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


def plain_marks(text: str) -> Counter[str]:
    """Count what has an effect where Discord renders no markdown."""
    return Counter(name for name, pattern in _PINGS.items() for _ in pattern.finditer(text))


def marks(text: str) -> Counter[str]:
    """Count what has an effect where Discord renders markdown, without escaped characters and code."""
    literal = re.sub(r"\\[^0-9A-Za-z\s]", "_x", _CODE.sub(r"\1", text))
    found = Counter(name for name, pattern in _MARKUP.items() for _ in pattern.finditer(literal))
    # No backslash and no code keeps these two from being read, the second by our own way to make links.
    found["ping"] = len(_PINGS["ping"].findall(text))
    found["command in code"] = len(re.findall(r"`/[a-z]+(?: [a-z]+)?`", text))
    return +found


def unseen(text: str) -> set[str]:
    """Return the invisible characters in a text, except the program's own gap and line ends."""
    return {
        unicodedata.name(character, hex(ord(character)))
        for character in text
        if character not in f"{ZERO_WIDTH}\n"
        and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
