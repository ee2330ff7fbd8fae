"""Greets the servers that the bot joins, and finds out which ones it is no longer in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog

from bot.ui.replies import link_commands

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from bot.runtime.client import PatchbayBot

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_EVERY: Final = 3600.0
"""Seconds between two rounds."""
_PAUSE: Final = 1.0
"""Seconds between two questions: Discord blocks an address for too many refusals."""
# Unknown guild, missing access. Any other refusal, such as a proxy's own, says nothing about the bot.
_NOT_A_MEMBER: Final = frozenset({10004, 50001})


async def welcome(bot: PatchbayBot, guild: discord.Guild) -> None:
    """Take up a server that the bot has just joined, and say hello there once."""
    await bot.privacy.returned(guild.id)
    if guild.id in bot.served and await bot.guild_records.arrived(guild.id):
        await _greet(bot, guild)


async def keep_up(bot: PatchbayBot) -> None:
    """Catch up with what happened while the bot did not run, then look after its servers once an hour."""
    await _try(_welcome_missed, bot)
    while True:
        # Whoever has come back unnoticed must not be swept away.
        if await _try(_reconcile, bot):
            await _try(_sweep, bot)
        await asyncio.sleep(_EVERY)


async def _try(step: Callable[[PatchbayBot], Awaitable[None]], bot: PatchbayBot) -> bool:
    """Take a step; return False if it failed."""
    try:
        await step(bot)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        _log.warning("guilds_not_seen", error=type(failed).__name__)
    except Exception:  # noqa: BLE001 - data that nobody erases would be worse than one round that fails
        _log.exception("guilds_failed", step=step.__name__)
    else:
        return True
    return False


async def _welcome_missed(bot: PatchbayBot) -> None:
    """Greet the servers that were joined lately and that nothing is known of yet."""
    known = await bot.privacy.guilds()
    for guild in bot.guilds:
        # Of a server that is unavailable nothing is known, not even ourselves.
        joined_at: datetime | None = getattr(guild.me, "joined_at", None)
        if guild.id not in known and joined_at is not None and bot.guild_records.is_recent(joined_at):
            await welcome(bot, guild)


async def _reconcile(bot: PatchbayBot) -> None:
    """Find the removals, and the returns, that no event told of.

    Discord is asked: our cache keeps a server that the bot lost while a shard had no session.
    """
    known = await bot.privacy.guilds()
    if not known:
        return
    here = {guild.id async for guild in bot.fetch_guilds(limit=None, with_counts=False)}
    if not here & known.keys() and await bot.is_stranger_here():
        # Started with the token of another application: to that one, all of them are unknown.
        _log.error("database_of_another_application", guilds=len(known))
        return
    for guild_id, removed_at in known.items():
        if removed_at is not None and guild_id in here:
            await bot.privacy.returned(guild_id)
        elif removed_at is None and guild_id not in here:
            if await _is_out(bot, guild_id):
                await bot.privacy.removed(guild_id)
            await asyncio.sleep(_PAUSE)


async def _is_out(bot: PatchbayBot, guild_id: int) -> bool:
    """Tell whether Discord itself says that the bot is not in this server; False where it does not say."""
    cached = bot.get_guild(guild_id)
    if cached is not None and cached.unavailable:
        return False
    try:
        await bot.fetch_guild(guild_id, with_counts=False)
    except (discord.NotFound, discord.Forbidden) as refused:
        return refused.code in _NOT_A_MEMBER
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return False
    return False


async def _sweep(bot: PatchbayBot) -> None:
    await bot.privacy.sweep()


async def _greet(bot: PatchbayBot, guild: discord.Guild) -> None:
    channel = next(_places(guild), None)
    if channel is None:
        return
    text = bot.catalog[guild.preferred_locale.value]("guild.hello")
    try:
        await channel.send(link_commands(text, bot.tree.command_ids))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        _log.info("greeting_failed", guild=guild.id, error=type(failed).__name__)


def _places(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """Yield where a greeting may go, the best place first: for new members, then for everybody."""
    if guild.system_channel is not None and _may_write(guild.system_channel):
        yield guild.system_channel
    for channel in guild.text_channels:
        if channel.permissions_for(guild.default_role).view_channel and _may_write(channel):
            yield channel


def _may_write(channel: discord.TextChannel) -> bool:
    # Nothing may be done in a channel that cannot be seen: discord.py takes that into account.
    return channel.permissions_for(channel.guild.me).send_messages
