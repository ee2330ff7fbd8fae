"""Discord bot tokens: telling one from what people paste by mistake, and the links that belong to its bot."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

import discord

from bot.errors import InvalidInputError

SHORTEST: Final = 50
LONGEST: Final = 80
PORTAL: Final = "https://discord.com/developers/applications"
# What a chatting agent needs and no more.
LEAST_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)
_TOKEN: Final = re.compile(r"[!-~]+")
_PARTS: Final = 3
_SNOWFLAKE: Final = re.compile(r"[0-9]{15,19}")
_TOO_LARGE: Final = 1 << 63
"""Discord's ids have 64 bits, of which the first is not used yet, and a database has room for 63."""
# What else the Developer Portal has to copy, and what is found elsewhere; each named to whoever pasted it.
_MISTAKES: Final = (
    ("application_id", re.compile(r"[0-9]{15,20}")),
    ("public_key", re.compile(r"[0-9a-fA-F]{64}")),
    ("client_secret", re.compile(r"[A-Za-z0-9_-]{32}")),
    ("user_token", re.compile(r"mfa\..*", re.DOTALL)),
)


def read_token(text: str) -> str:
    """Return the token without blanks and without a leading ``Bot``.

    Raises InvalidInputError for what cannot be one: "application_id", "public_key", "client_secret" and
    "user_token" where it is plain what was pasted instead, else "discord_token". The text itself goes
    nowhere.
    """
    token = text.strip()
    if token[:4].lower() == "bot ":
        token = token[4:].strip()
    for mistake, pattern in _MISTAKES:
        if pattern.fullmatch(token):
            raise InvalidInputError(mistake)
    parts = token.split(".")
    if (
        not SHORTEST <= len(token) <= LONGEST
        or not _TOKEN.fullmatch(token)
        or len(parts) != _PARTS
        or not all(parts)
    ):
        raise InvalidInputError("discord_token", min=SHORTEST, max=LONGEST)
    return token


def account_id(token: str) -> int | None:
    """Return the id of the account that a token belongs to, None where it names none.

    The first part of a token is that id in base64. A bot's is its application's id as well, but for the few
    applications that are older than that rule.
    """
    part = token.partition(".")[0]
    try:
        digits = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(digits) if _SNOWFLAKE.fullmatch(digits) and int(digits) < _TOO_LARGE else None


def invite_link(application: int, guild_id: int, permissions: discord.Permissions = LEAST_PERMISSIONS) -> str:
    """Return the link with which an admin adds that bot to this guild."""
    return discord.utils.oauth_url(
        application,
        permissions=permissions,
        guild=discord.Object(guild_id),
        scopes=("bot",),
        disable_guild_select=True,
    )


def bot_page(application: int | None) -> str:
    """Return the page with Reset Token and the intents; without an id, the list of one's applications."""
    return PORTAL if application is None else f"{PORTAL}/{application}/bot"
