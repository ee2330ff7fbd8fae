"""Masks secrets in text: those that are known by value, and everything that has the shape of a secret."""

import contextlib
import json
import re
import sys
import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Final
from urllib.parse import quote

from bot.providers.base.current_guild import CURRENT_GUILD

MASK: Final = "[redacted]"

# A shorter "secret" is an ordinary word; masking it would make the log unreadable.
MIN_SECRET_LENGTH: Final = 8
# How many values are masked for a guild, and for how many guilds: those used last. Older ones are recognised
# by their shape.
_MAX_VALUES: Final = 128
_MAX_GUILDS: Final = 10_000
_KEPT_SECONDS: Final = 3600.0
"""For so long after it was last used a value is masked: that of a removed connection may be under way."""
# Each spelling below begins with one of these.
_ESCAPE: Final = re.compile(r"[\\%&]")
_ESCAPES: Final = re.compile(rb"[\\%&]")
# Each of these begins with one byte, for which ``re`` searches three times as fast as for any of several.
_SPELL_PLAIN: Final = tuple(
    map(re.compile, (rb'\\(?:u00[0-7]|[^ubfnrt"])', rb"%[0-9A-Fa-fUu]", rb"&[#A-Za-z]"))
)
"""What a body may write a plain character with, or a part of a further spelling of one."""
_PLAIN: Final = re.compile(r"[ !#$'-\[\]-~]*")
"""A text of visible ASCII characters: JSON need not escape any of them, and none begins an escape."""
# A character as JSON, URLs and HTML write it, and how often one is written in another.
_SPELLED: Final = re.compile(
    r"(?i)(?:\\{1,8}u|%u)(?P<u>[0-9a-f]{4})|\\{1,8}u\{0{0,8}(?P<braced>[0-9a-f]{1,6})\}"
    r"|\\{1,8}x(?P<x>[0-9a-f]{2})|%(?P<percent>[0-9a-f]{2})|&\#x0{0,8}(?P<hex>[0-9a-f]{1,6});?"
    r"|&\#0{0,8}(?P<decimal>[0-9]{1,7});?|&(?:[a-z][a-z0-9]{1,30};|amp|lt|gt|quot)|(?P<run>(?:\\\\)+)|\\(?P<escaped>[/\"'])"
)
_HEX: Final = ("u", "braced", "x", "percent", "hex")
_MAX_LEVELS: Final = 4
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


ANY_GUILD: Final = -1
"""In the place of a guild's id: what has failed without anybody knowing for whom."""

_TYPED: Final[ContextVar[frozenset[str]]] = ContextVar("typed_secrets", default=frozenset())
"""What is being typed, in the context of the interaction that it is typed in."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A value that is masked: as it may be written, and when it was last used."""

    spellings: set[str]
    used_at: float


class Redactor:
    """Masks secrets in text. One instance serves the whole process, in all its threads.

    A server's secrets are masked in what is said for that server alone: one server must not be able to have
    words of its choice masked for the others. See ``CURRENT_GUILD``. Only for ``ANY_GUILD`` those of all
    servers are. A value that was not used for an hour is forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds that never go back."""
        self._clock = clock
        self._lock = threading.Lock()
        # Both in the order of their last use.
        self._guilds: OrderedDict[int | None, OrderedDict[str, _Known]] = OrderedDict()
        self._own: set[str] = set()

    def __repr__(self) -> str:
        return f"<Redactor of {sum(map(len, self._guilds.values()))} values>"

    def keep(self, values: Iterable[str]) -> None:
        """Mask these values for everybody until the process ends: the bot's own secrets."""
        self._own |= {spelling for value in values if value for spelling in _spellings(value)}

    def remember(self, values: Iterable[str], guild_id: int | None = None) -> None:
        """Mask these values from now on in what is said for a guild.

        guild_id: None for what is said for no guild. The least recently used values of the guild are dropped
        first, and so are the guilds.
        """
        secrets, now = [value for value in values if len(value) >= MIN_SECRET_LENGTH], self._clock()
        with self._lock:
            known = self._guilds.pop(guild_id, OrderedDict())
            for value in secrets:
                before = known.pop(value, None)
                known[value] = _Known(_spellings(value) if before is None else before.spellings, now)
            while len(known) > _MAX_VALUES:
                known.popitem(last=False)
            if known:
                self._guilds[guild_id] = known
            if len(self._guilds) > _MAX_GUILDS:
                self._guilds.popitem(last=False)

    def _known(self, guild_id: int | None) -> list[_Known]:
        """Return what is masked for a guild, after forgetting what nobody has used for too long."""
        before = self._clock() - _KEPT_SECONDS
        with self._lock:
            while self._guilds and _newest(self._guilds[first := next(iter(self._guilds))]) < before:
                del self._guilds[first]
            if guild_id == ANY_GUILD:
                return [each for known in self._guilds.values() for each in known.values()]
            known = self._guilds.get(guild_id, OrderedDict())
            while known and known[oldest := next(iter(known))].used_at < before:
                del known[oldest]
            return list(known.values())

    @contextlib.contextmanager
    def typed(self, values: Iterable[str]) -> Iterator[None]:
        """Mask these values in the body and in the tasks that it starts, and nowhere else."""
        spellings = {
            spelling for value in values if len(value) >= MIN_SECRET_LENGTH for spelling in _spellings(value)
        }
        token = _TYPED.set(_TYPED.get() | spellings)
        try:
            yield
        finally:
            _TYPED.reset(token)

    def clean(self, text: str) -> str:
        """Return the text with every known or likely secret masked, for the guild that the work is for."""
        known = (each.spellings for each in self._known(CURRENT_GUILD.get()))
        text = mask_spelled(text, self._own.union(_TYPED.get(), *known))
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
        text = mask_spelled(
            text,
            {
                spelling
                for secret in secrets
                for spelling in (secret, escape(secret), quote(secret, safe=""), secret.replace("/", "\\/"))
            },
        )
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

    def clean_fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return what ``clean_all`` returns, with the names as they are: they are the program's own."""
        return {name: self._clean_named(name, value) for name, value in fields.items()}

    def _clean_named(self, name: object, value: object) -> object:
        secret = isinstance(name, (str, bytes)) and _NAME.search(repr(name)) and not isinstance(value, _BARE)
        return MASK if secret else self.clean_all(value)


def _newest(known: OrderedDict[str, _Known]) -> float:
    return next(reversed(known.values())).used_at


def _spellings(value: str) -> set[str]:
    """Return a value as it is written in text, in JSON, in a repr, and in a repr inside JSON."""
    written = repr(value)[1:-1]
    return {value, json.dumps(value)[1:-1], written, json.dumps(written)[1:-1]}


def mask_spelled(text: str, secrets: Iterable[str]) -> str:
    """Mask these secrets in a text, also where JSON, URLs or HTML spell any of their characters otherwise."""
    longest_first = sorted((each for each in secrets if each), key=len, reverse=True)
    for secret in longest_first[bisect_left(longest_first, -len(text), key=lambda each: -len(each)) :]:
        text = text.replace(secret, MASK)
    if not longest_first or not _ESCAPE.search(text) or not _SPELLED.search(text):
        return text
    plain, starts = text, list(range(len(text) + 1))
    spans: list[tuple[int, int]] = []
    for _ in range(_MAX_LEVELS):
        plain, inner = _decoded(plain)
        starts = [starts[start] for start in inner]
        longest_first = sorted({*longest_first, *(_decoded(each)[0] for each in longest_first)}, key=len)
        for secret in longest_first:
            at = plain.find(secret)
            while at >= 0:
                spans.append((starts[at], starts[at + len(secret)]))
                at = plain.find(secret, at + len(secret))
        if not _SPELLED.search(plain):
            break
    for start, end in _apart(spans):
        text = text[:start] + MASK + text[end:]
    return text


def mask_content(content: Any, secrets: Iterable[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return parsed JSON with these secrets masked in every text and name. See ``mask_spelled``."""
    known = [secret for secret in secrets if secret]
    # No text is shorter than what it spells, unless the secret itself spells another text.
    spells = any(map(_ESCAPE.search, known))
    shortest = 1 if spells else min(map(len, known), default=sys.maxsize)

    def masked(content: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(content, str):
            return content if len(content) < shortest else mask_spelled(content, known)
        if isinstance(content, list):
            return [masked(each) for each in content]
        if isinstance(content, dict):
            return {masked(name): masked(each) for name, each in content.items()}
        return content

    return masked(content)


def mask_parsed(content: Any, body: bytes, secrets: Iterable[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a parsed body without these secrets, which escapes may have hidden in the body.

    Most escapes are accents, quotes and line breaks, which cannot hide a plain secret.
    """
    known = list(secrets)
    hiding = _SPELL_PLAIN if all(map(_PLAIN.fullmatch, known)) else (_ESCAPES,)
    return mask_content(content, known) if any(each.search(body) for each in hiding) else content


def _decoded(text: str) -> tuple[str, list[int]]:
    """Undo one level of escapes; return also where each character, and the end, begins in the text."""
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for found in _SPELLED.finditer(text):
        parts.append(text[at : found.start()])
        starts.extend(range(at, found.start()))
        code = next(filter(None, map(found.group, _HEX)), None)
        if code or found["decimal"]:
            number = int(code, 16) if code else int(found["decimal"])
            meant = chr(number) if number <= sys.maxunicode else found[0]
        else:
            meant = found["escaped"] or (found["run"] or "")[::2] or unescape(found[0])
        parts.append(meant)
        starts.extend([found.start()] * len(meant))
        at = found.end()
    parts.append(text[at:])
    starts.extend(range(at, len(text) + 1))
    return "".join(parts), starts


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans with those that overlap made one, the last first."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart[::-1]
