"""Reads a Discord bot token that a member pasted, and builds invite links."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import discord

from bot.errors import InvalidInputError

SHORTEST: Final = 50
LONGEST: Final = 80
_DOTS: Final = 2
PORTAL: Final = "https://discord.com/developers/applications"
# What a chatting agent needs and no more.
LEAST_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)


def read_token(text: str) -> str:
    """Return the token without blanks and without a leading ``Bot``.

    Raises InvalidInputError("discord_token") where length or parts cannot be right: an application's id,
    public key or client secret was pasted. The text itself goes nowhere.
    """
    token = text.strip()
    if token[:4].lower() == "bot ":
        token = token[4:].strip()
    if (
        not SHORTEST <= len(token) <= LONGEST
        or not token.isascii()
        or not token.isprintable()
        or " " in token
        or token.count(".") < _DOTS
    ):
        raise InvalidInputError("discord_token", min=SHORTEST, max=LONGEST)
    return token


def application_id(token: str) -> int | None:
    """Return the application id that a bot token begins with, None where it has none.

    The first part of a token is the bot's user id in base64, which is the application's id as well
    but for the few applications that are older than that rule.
    """
    part = token.partition(".")[0]
    try:
        digits = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(digits) if digits.isdecimal() and 15 <= len(digits) <= 20 else None  # noqa: PLR2004 - a snowflake


def invite_link(application: int, guild_id: int) -> str:
    """Return the link with which an admin adds that bot to this guild."""
    return discord.utils.oauth_url(
        application,
        permissions=LEAST_PERMISSIONS,
        guild=discord.Object(guild_id),
        scopes=("bot",),
        disable_guild_select=True,
    )
