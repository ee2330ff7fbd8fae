"""Discord bot tokens: tells one from what people paste by mistake."""

import re
from typing import Final

from bot.errors import InvalidInputError

MIN_LENGTH: Final = 50
MAX_LENGTH: Final = 80
_TOKEN: Final = re.compile(r"[!-~]+")
_PARTS: Final = 3
MISTAKES: Final = (
    ("application_id", re.compile(r"[0-9]{15,20}")),
    ("public_key", re.compile(r"[0-9a-fA-F]{64}")),
    ("client_secret", re.compile(r"[A-Za-z0-9_-]{32}")),
    ("user_token", re.compile(r"mfa\..*", re.DOTALL)),
)
"""What else the Developer Portal and Discord show; each is named to the member who pasted it."""


def read_token(text: str) -> str:
    """Return the token without blanks and without a leading ``Bot``.

    Raises InvalidInputError for what cannot be one: "application_id", "public_key", "client_secret" and
    "user_token" where it is plain what was pasted instead, else "discord_token". The error does not hold the
    text.
    """
    token = text.strip()
    if token[:4].lower() == "bot ":
        token = token[4:].strip()
    for mistake, pattern in MISTAKES:
        if pattern.fullmatch(token):
            raise InvalidInputError(mistake)
    parts = token.split(".")
    if (
        not MIN_LENGTH <= len(token) <= MAX_LENGTH
        or not _TOKEN.fullmatch(token)
        or len(parts) != _PARTS
        or not all(parts)
    ):
        raise InvalidInputError("discord_token", min=MIN_LENGTH, max=MAX_LENGTH)
    return token
