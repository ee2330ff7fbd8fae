"""Masks secrets in text: those that are known by value, and everything that has the shape of a secret."""

import json
import re
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from html import escape
from typing import Final
from urllib.parse import quote

MASK: Final = "[redacted]"

# A shorter "secret" is an ordinary word; masking it would make the log unreadable.
_MIN_LENGTH: Final = 8
# How many values are masked: the last used ones. Older ones are recognised by their shape.
_MAX_VALUES: Final = 256
# Types that JSON writes without quotes, and that no secret has.
_BARE: Final = (int, float, type(None))

_NAMES: Final = "(?: secret | authorization | token | password | api[_-]?key )"
_NAME: Final = re.compile(rf"(?ix) {_NAMES} ['\"]? $")
# The text may come from outside, so each pattern takes time in proportion to the text's length. The quotes
# around a value stay, with the backslashes before them in JSON inside JSON, so that JSON in a text stays
# JSON.
_NAMED: Final = re.compile(
    rf"(?isx) ( {_NAMES}"
    r"""
      (?: (?: \\{0,8} ["'] )? \s* [:=] \s*            # name: value, name=value, "name": "value"
        | \\{0,8} ["'] \s* , \s* (?= b? \\{0,8} ["'] [^"']* ["'] \s* [)\]] ) ) )  # ('name', 'value')
    (?! b? \\{0,8} ["']? (?: (?: bearer | bot | basic ) \s+ )? \[redacted] )
    (?! \\{0,8} ["'] \s* [,:}\]] )                # that quote ends a JSON string, which ends in "token="
    (?: (?P<opening> b? (?P<escape> \\{0,8} ) (?P<quote> ["'] ) )
        (?: (?: (?P=escape) \\ ){2}                  # a backslash of the value's own
          | (?P=escape) \\ (?P=escape) (?P=quote)     # a quote of the value's own
          | (?! (?P=escape) (?P=quote) ) . )++         # possessive: what it took it does not give back
        (?= (?P=escape) (?P=quote) )
      | b? \\{0,8} ["']? (?: (?: bearer | bot | basic ) \s+ )? [^\s"'\\,;)}\]]+ )
    """
)
# In JSON a line break is a backslash and an n, and a control character is \u and four digits. Neither the n
# nor the digits belong to the word that follows, and a part of an escape sequence is no JSON.
_AFTER_ESCAPE: Final = r"(?<=\\[nrt])|(?<=\\u[0-9a-f]{4})"
_OUTSIDE_ESCAPE: Final = r"(?<!\\)(?<!\\u)(?<!\\u[0-9a-f])(?<!\\u[0-9a-f]{2})(?<!\\u[0-9a-f]{3})"
_SCHEME: Final = re.compile(rf"(?i)(?:\b|{_AFTER_ESCAPE})" + r"(bearer|bot|basic)\s+[\w.~+/=-]{16,}")
_DISCORD_TOKEN: Final = re.compile(_OUTSIDE_ESCAPE + r"[\w-]{23,28}\.[\w-]{5,}\.[\w-]{20,}")
# The path of an interaction's or a webhook's URL holds a token with which anybody can answer as the bot.
_CALLBACK_URL: Final = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}")
# 32 bytes in base64, like the encryption keys.
_KEY: Final = re.compile(rf"(?:(?<![A-Za-z0-9+/\\])|{_AFTER_ESCAPE})" + r"[A-Za-z0-9+/]{43}=")
# None of the shapes consists of these characters alone, and most of what is logged does.
_WORD: Final = re.compile(r"[\w-]*")


class Redactor:
    """Masks secrets in text. One instance serves the whole process."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, set[str]] = OrderedDict()
        self._own: set[str] = set()
        self._longest_first: list[str] = []

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._values)} values>"

    def keep(self, values: Iterable[str]) -> None:
        """Mask these values until the process ends: the bot's own secrets."""
        self._own |= {spelling for value in values if value for spelling in _spellings(value)}
        self._sort()

    def remember(self, values: Iterable[str]) -> None:
        """Mask these values from now on; the least recently used ones are dropped first."""
        for value in values:
            if len(value) >= _MIN_LENGTH:
                self._values[value] = _spellings(value)
                self._values.move_to_end(value)
        while len(self._values) > _MAX_VALUES:
            self._values.popitem(last=False)
        self._sort()

    def _sort(self) -> None:
        self._longest_first = sorted(self._own.union(*self._values.values()), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return the text with every known or likely secret masked."""
        fits = bisect_left(self._longest_first, -len(text), key=lambda spelling: -len(spelling))
        for spelling in self._longest_first[fits:]:
            text = text.replace(spelling, MASK)
        if _WORD.fullmatch(text):
            return text
        text = _DISCORD_TOKEN.sub(MASK, text)
        text = _CALLBACK_URL.sub(rf"\1{MASK}", text)
        text = _KEY.sub(MASK, text)
        text = _SCHEME.sub(rf"\1 {MASK}", text)
        return _NAMED.sub(rf"\1\g<opening>{MASK}", text)

    def excerpt(self, text: str, secrets: Iterable[str], limit: int) -> str:
        """Return the beginning of a page as one line, without these secrets and what ``clean`` masks.

        A page may spell a secret as HTML, URLs and JSON do.
        """
        # An invisible character within a secret would hide it.
        text = "".join(each for each in text if each.isprintable() or each.isspace())
        spellings = {
            spelling
            for secret in secrets
            for spelling in (secret, escape(secret), quote(secret, safe=""), secret.replace("/", "\\/"))
        }
        for spelling in sorted(spellings, key=len, reverse=True):
            text = text.replace(spelling, MASK)
        return self.clean(" ".join(text.split()))[:limit]

    def clean_all(self, value: object) -> object:
        """Return a value that JSON can hold, with all text in it cleaned; other types become their repr.

        A value under the name of a secret is masked as a whole, in a mapping and in a pair.
        """
        if isinstance(value, _BARE):
            return value
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(str(name)): self._clean_named(name, inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            if len(value) == 2:  # noqa: PLR2004 - a header, as libraries keep them
                return [self.clean_all(value[0]), self._clean_named(*value)]
            return [self.clean_all(inner) for inner in value]
        return self.clean(repr(value))

    def _clean_named(self, name: object, value: object) -> object:
        secret = isinstance(name, (str, bytes)) and _NAME.search(repr(name)) and not isinstance(value, _BARE)
        return MASK if secret else self.clean_all(value)


def _spellings(value: str) -> set[str]:
    """Return a value as it is written in text, in JSON, in a repr, and in a repr inside JSON."""
    written = repr(value)[1:-1]
    return {value, json.dumps(value)[1:-1], written, json.dumps(written)[1:-1]}
