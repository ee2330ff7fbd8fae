"""What members paste into forms: takes the wrapping off a value, and recognises what belongs elsewhere."""

import re
from typing import Final

from bot.providers.base.snowflake import account_id

_SPACES: Final = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
# Copying from a page or a chat can put these around a value, and nobody sees them.
_INVISIBLE: Final = "".join(
    map(
        chr,
        (0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
    )
)
_IGNORED: Final = f"{_SPACES}{_INVISIBLE}\ufeff"
_BLANK: Final = f"[{re.escape(_IGNORED)}]"
_TYPOGRAPHIC: Final = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a\u00b4"
"""Quotation marks outside ASCII, which no secret holds: one alone is taken off as well."""
_QUOTED_NAME: Final = r"(?P<quote>[\"'`]?)(?:%s)(?P=quote)"
_NO_NAME: Final = rf"\"'`<>:=\uff1a{_TYPOGRAPHIC}"
_ANY_NAME: Final = rf"[^\s{_NO_NAME}][^\r\n{_NO_NAME}]{{0,63}}"
_SECRETS_NAME: Final = (
    r"(?i:authorization|bearer|x(?:-[a-z0-9]+){1,8}|(?:[a-z0-9]+[_-]){0,8}(?:secret|token|key))"
    r"|[a-z]+(?:Secret|Token|Key)"
)
_PREFIXES: Final = (
    # A part of a curl command, an entry of a list, a prompt.
    re.compile(rf"(?:-H|--header|[-*\u2022>$]){_BLANK}+|(?:-H|--header=?)(?=([\"']).*\1$)"),
    # export NAME=, const name =, $env:NAME =
    re.compile(rf"(?:(?:export|set|const|let|var){_BLANK}+|\$env:)[\w.-]{{1,64}}{_BLANK}*={_BLANK}*"),
    # Any name with a blank after its colon, such as a label: no secret holds a blank, nor a wide colon.
    re.compile(_QUOTED_NAME % _ANY_NAME + rf"{_BLANK}*(?:[:=]{_BLANK}+|\uff1a{_BLANK}*)"),
    # Without that blank only the name of a header or of a secret, because a secret may hold ":" and "=".
    re.compile(_QUOTED_NAME % _SECRETS_NAME + rf"[:=]{_BLANK}*"),
    re.compile(rf"(?i:bearer|bot|basic|token){_BLANK}+"),
)
_PAIRS: Final = frozenset({'""', "''", "``", "<>"})
_MARKS: Final = _TYPOGRAPHIC + "\"'`"
# A comma, the end of a shell's line or, after a value in marks, of a statement.
_TAIL: Final = re.compile(rf".*,|.*\s\\|[{_MARKS}].*[{_MARKS}];", re.DOTALL)
_MAX_LAYERS: Final = 50
"""More than anybody pastes; a form may be filled with thousands of quotation marks."""

APPLICATION_ID: Final = re.compile(r"[0-9]{15,20}")
PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")
USER_TOKEN: Final = re.compile(r"mfa\..*", re.DOTALL)
"""How the token of a person with two-factor authentication began."""
WEB_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
"""A JSON Web Token: three parts, the first of which is an object in base64."""


def unwrapped(text: str) -> str:
    """Return a pasted secret without what was copied along with it.

    That is, in any order and number: blanks and invisible characters, pairs of quotation marks or angle
    brackets, a header's or a variable's name, an authentication scheme such as ``Bearer``, and a comma at the
    end. Anything else stays, so that a secret without a wrapping is returned as it is.
    """
    text = text.strip(_IGNORED)
    for _ in range(_MAX_LAYERS):
        inner = _without_layer(text).strip(_IGNORED)
        if inner == text:
            break
        text = inner
    return text


def _without_layer(text: str) -> str:
    """Return the text without its outermost wrapping."""
    if _TAIL.fullmatch(text):
        return text[:-1]
    for prefix in _PREFIXES:
        # A name alone is the value.
        if (found := prefix.match(text)) and found.end() < len(text):
            return text[found.end() :]
    if len(text) <= 1:
        return text
    first, last = text[0], text[-1]
    opened, closed = first in _TYPOGRAPHIC, last in _TYPOGRAPHIC
    if first + last in _PAIRS or (opened and last in _MARKS) or (closed and first in _MARKS):
        return text[1:-1]
    return text[opened : len(text) - closed]


def is_token(text: str) -> bool:
    """Tell whether a text is certainly a Discord token or a web token."""
    return is_discord_token(text) or WEB_TOKEN.fullmatch(text) is not None


def is_discord_token(text: str) -> bool:
    """Tell whether a text is certainly a token of a bot's or a person's Discord account, or begins as one."""
    return account_id(text) is not None or USER_TOKEN.fullmatch(text) is not None
