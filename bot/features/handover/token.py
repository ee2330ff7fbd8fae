"""Discord bot tokens: tells one from what people paste by mistake."""

import re
from typing import Final

from bot.errors import InvalidInputError
from bot.providers.base.pasted import APPLICATION_ID, PUBLIC_KEY, USER_TOKEN, WEB_TOKEN, unwrapped

MIN_LENGTH: Final = 50
MAX_LENGTH: Final = 80
_TOKEN: Final = re.compile(r"[!-~]+")
_PARTS: Final = 3
MISTAKES: Final = (
    ("application_id", APPLICATION_ID),
    ("public_key", PUBLIC_KEY),
    ("client_secret", re.compile(r"[A-Za-z0-9_-]{32}")),
    ("user_token", USER_TOKEN),
    ("access_token", WEB_TOKEN),
)
"""What else the Developer Portal, Discord and providers show; each is named to the member who pasted it."""


def read_token(text: str) -> str:
    """Return the token without what was pasted around it.

    Raises InvalidInputError for what cannot be one: "application_id", "public_key", "client_secret",
    "user_token" and "access_token" where it is plain what was pasted instead, else "discord_token". The error
    does not hold the text.
    """
    token = unwrapped(text)
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
