"""Asks Discord whether a bot is a member of a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal

import aiohttp
import discord

if TYPE_CHECKING:
    from bot.runtime.client import PatchbayBot

_PATIENCE: Final = 5.0
"""Seconds; discord.py waits for as long as it takes."""


async def is_member(bot: PatchbayBot, guild_id: int, user_id: int) -> bool | None:
    """Tell whether a user is a member of the guild; None where Discord does not say."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        return None  # commands work without the bot user being in the server
    found = await find_member(guild, user_id)
    return isinstance(found, discord.Member) if found is not None else None


async def find_member(guild: discord.Guild, user_id: int) -> discord.Member | Literal[False] | None:
    """Return a member with its roles, False for a user who is none, None where Discord does not say."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await guild.fetch_member(user_id)
    except discord.NotFound:
        return False
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return None


async def is_human(bot: PatchbayBot, user_id: int) -> bool:
    """Tell whether Discord knows this id as a person's account; False where it does not say."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return not (await bot.fetch_user(user_id)).bot
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return False
