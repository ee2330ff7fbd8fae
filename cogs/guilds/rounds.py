"""Greets the servers that the bot joins, and finds out which ones it is no longer in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import aiohttp
import discord
import structlog
from discord.ext import commands

from bot.backoff import Backoff
from bot.discord.client import PatchbayBot
from bot.discord.connection.held_shards import holds
from bot.discord.due_work import sweep
from bot.network_faults import word_of
from cogs.guilds.greeting import greet

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ROUND_SECONDS: Final = 3600.0
"""The time between two rounds."""
_REQUEST_PAUSE_SECONDS: Final = 1.0
"""The time between two requests: Discord blocks an address for too many refusals."""
_LISTED_AT_ONCE: Final = 200
"""The most servers that Discord lists in one answer."""
# Unknown guild, missing access. Any other refusal, such as one by a proxy, says nothing about the bot.
_NOT_A_MEMBER: Final = frozenset({10004, 50001})


class Guilds(commands.Cog):
    """Reacts to servers that come and go; an outage of a server is another event, which is ignored."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet the server."""
        await welcome(self._bot, guild)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """Greet the servers that were joined while nobody served a shard that this process has taken over."""
        if self._bot.workers.have_begun:
            await _welcome(self._bot, [guild for guild in self._bot.guilds if guild.shard_id == shard_id])

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Erase the server's credentials at once."""
        await self._bot.services.privacy.removed(guild.id)


async def welcome(bot: PatchbayBot, guild: discord.Guild) -> None:
    """Keep what is stored of a server that the bot has just joined, and greet the server once."""
    await bot.services.privacy.returned(guild.id)
    if guild.id in bot.services.served and await bot.services.guilds.arrived(guild.id):
        await greet(bot, guild)


async def reconcile_hourly(bot: PatchbayBot) -> None:
    """Greet the servers that were joined while the bot did not run, then reconcile and sweep once an hour."""
    paces = {step: Backoff(_ROUND_SECONDS, _ROUND_SECONDS) for step in (_welcome_missed, _reconcile, _sweep)}
    await _try(_welcome_missed, bot, paces[_welcome_missed])
    while True:
        # A server that has come back unnoticed must not be swept away.
        if await _try(_reconcile, bot, paces[_reconcile]):
            await _try(_sweep, bot, paces[_sweep])
        await asyncio.sleep(_ROUND_SECONDS)


async def _try(step: Callable[[PatchbayBot], Awaitable[None]], bot: PatchbayBot, backoff: Backoff) -> bool:
    """Run a step; return False if it failed."""
    try:
        await step(bot)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        _log.warning("guilds_not_seen", error=word_of(failed))
    except Exception as error:  # noqa: BLE001 - one failed round must not end the rounds, or nobody erases data any more
        backoff.fail_with(_log, "guilds_failed", error, step=step.__name__)
    else:
        backoff.succeed()
        return True
    return False


async def _welcome_missed(bot: PatchbayBot) -> None:
    """Greet the servers that the bot joined lately and that nothing is stored of yet."""
    await _welcome(bot, bot.guilds)


async def _welcome(bot: PatchbayBot, guilds: Sequence[discord.Guild]) -> None:
    known = await bot.services.privacy.guilds()
    for guild in guilds:
        # Nothing is known of a server that is unavailable, not even our own member.
        joined_at: datetime | None = getattr(guild.me, "joined_at", None)
        if guild.id not in known and joined_at is not None and bot.services.guilds.is_recent(joined_at):
            await welcome(bot, guild)


async def _reconcile(bot: PatchbayBot) -> None:
    """Find the removals and the returns that no event reported.

    Discord is asked, because our cache keeps a server that the bot lost while a shard had no session.
    """
    known = await bot.services.privacy.guilds()
    if not known:
        return
    here = await _servers_of(bot)
    if not here & known.keys() and await bot.has_foreign_database():
        # The bot runs with the token of another application, which is in none of these servers.
        _log.error("database_of_another_application", guilds=len(known))
        return
    for guild_id, removed_at in known.items():
        if not holds(bot.held, guild_id):
            continue  # another process sees to it
        if removed_at is not None and guild_id in here:
            await bot.services.privacy.returned(guild_id)
        elif removed_at is None and guild_id not in here:
            if await _is_removed_from(bot, guild_id):
                await bot.services.privacy.removed(guild_id)
            await asyncio.sleep(_REQUEST_PAUSE_SECONDS)


async def _servers_of(bot: PatchbayBot) -> set[int]:
    """Return the ids of all servers that Discord says the bot is in.

    ``fetch_guilds`` makes a whole server of each, which holds up the event loop for 17 ms in each request.
    """
    found = set[int]()
    while True:
        page = await bot.http.get_guilds(_LISTED_AT_ONCE, after=max(found, default=None), with_counts=False)
        found.update(int(each["id"]) for each in page)
        if len(page) < _LISTED_AT_ONCE:
            return found


async def _is_removed_from(bot: PatchbayBot, guild_id: int) -> bool:
    """Tell whether Discord says that the bot is not in this server; False where Discord does not say."""
    cached = bot.get_guild(guild_id)
    if cached is not None and cached.unavailable:
        return False
    try:
        await bot.fetch_guild(guild_id, with_counts=False)
    except (discord.NotFound, discord.Forbidden) as refused:
        return refused.code in _NOT_A_MEMBER
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return False
    except Exception:  # noqa: BLE001 - an answer of another shape must not end the round for the servers after it
        _log.exception("guild_not_seen", guild=guild_id)
        return False
    return False


async def _sweep(bot: PatchbayBot) -> None:
    await sweep(bot)
