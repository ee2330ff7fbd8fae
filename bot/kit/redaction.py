"""Takes secrets out of text: those we know by value, and whatever has the shape of one."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK: Final = "[redacted]"

# Below this length a "secret" is an ordinary word, and masking it would only garble the log.
_SHORTEST: Final = 6
# Values kept for masking: those lately used. Shapes catch what has fallen out.
_KEPT: Final = 256

_NAMED: Final = re.compile(
    r"""(?ix)
    (["']? [\w-]* (?: x-organization-secret | authorization | secret | token | password | api[_-]?key ) ["']?
       \s* [:=] \s*)
    (?: b? "[^"]*" | b? '[^']*' | (?: (?: bearer | bot | basic ) \s+ )? [^\s,;)}\]]+ )
    """
)
_SCHEME: Final = re.compile(r"(?i)\b(bearer|bot|basic)\s+[\w.~+/=-]{16,}")
_DISCORD_TOKEN: Final = re.compile(r"[\w-]{23,28}\.[\w-]{5,}\.[\w-]{20,}")
# The path of an interaction's or a webhook's URL holds a token that lets anyone answer in our name.
_CALLBACK_URL: Final = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}")


class Redactor:
    """Masks secrets in text. One instance serves the whole process."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._values)} values>"

    def remember(self, values: Iterable[str]) -> None:
        """Mask these values from now on; the least recently used fall out first."""
        for value in values:
            if len(value) >= _SHORTEST:
                self._values[value] = None
                self._values.move_to_end(value)
        while len(self._values) > _KEPT:
            self._values.popitem(last=False)

    def clean(self, text: str) -> str:
        """Return the text with every known or likely secret masked."""
        for value in sorted(self._values, key=len, reverse=True):
            if value in text:
                text = text.replace(value, MASK)
        text = _DISCORD_TOKEN.sub(MASK, text)
        text = _CALLBACK_URL.sub(rf"\1{MASK}", text)
        text = _SCHEME.sub(rf"\1 {MASK}", text)
        return _NAMED.sub(rf"\1{MASK}", text)
