"""Finds the grants of members who have left their server, and deletes them."""

import asyncio
from collections.abc import Sequence
from typing import Final

import discord
import structlog

from bot.backoff import Backoff
from bot.discord.access.agent_bots import DISCORD_SECONDS, FAILURES, read_membership
from bot.discord.context import ServicesBot
from bot.features.access.service import has_ended
from bot.features.access.store import Grant

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_LOOKUPS: Final = 10
"""The members that Discord is asked about for one list; of the others, it is not known whether they left."""
_HOUR: Final = 3600
_SHARES: Final = 24
"""Each round asks about one share of the members, so that Discord is asked about everybody once a day."""
_REQUEST_PAUSE_SECONDS: Final = 1.0


async def read_ended(guild: discord.Guild, grants: Sequence[Grant]) -> set[int]:
    """Return the members whose grant has ended, as far as Discord says so.

    It is asked about ``MAX_LOOKUPS`` members at most, and for ``DISCORD_SECONDS``.
    """
    asked = [grant for grant in grants if grant.kind == "member"][:MAX_LOOKUPS]
    ended = await asyncio.gather(*(_is_over(guild, grant) for grant in asked))
    return {grant.subject for grant, is_over in zip(asked, ended, strict=True) if is_over}


async def forget_ended_hourly(bot: ServicesBot) -> None:
    """Delete the grants that have ended, a share of them each hour; see ``forget_ended``."""
    done, backoff = _hour(bot) - 1, Backoff(_HOUR, _HOUR)
    while True:
        now = _hour(bot)
        try:
            await forget_ended(bot, {hour % _SHARES for hour in range(max(done, now - _SHARES) + 1, now + 1)})
            backoff.succeed()
        except Exception as error:  # noqa: BLE001 - one failed round must not end the rounds
            backoff.fail_with(_log, "ended_grants_failed", error)
        done = now
        await asyncio.sleep(_HOUR)


async def forget_ended(bot: ServicesBot, shares: set[int]) -> None:
    """Delete the grants of members who have left their server, or left it and came back.

    They are void for good: whoever returns joins later than they were given. Only Discord's own word counts,
    and where it does not answer, the grant stays until it is asked again. shares: 0 to 23, which grants are
    looked at.
    """
    services = bot.services
    for guild_id, grant in await services.access.of_members():
        guild = bot.get_guild(guild_id)
        if guild is None or guild.unavailable or hash((guild_id, grant.subject)) % _SHARES not in shares:
            continue
        if await _is_over(guild, grant) and await services.access.forget_ended(guild_id, grant):
            target = f"member · {grant.subject} · {grant.tier.name.lower()}"
            await services.audit.note(guild_id, "access.revoke", target)
        await asyncio.sleep(_REQUEST_PAUSE_SECONDS)


async def _is_over(guild: discord.Guild, grant: Grant) -> bool:
    """Tell whether Discord says that a grant has ended; False where it does not say."""
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            found = await read_membership(guild, grant.subject)
    except FAILURES:
        return False
    if found.is_member is False:
        return True
    return found.member is not None and has_ended(grant, found.member.joined_at)


def _hour(bot: ServicesBot) -> int:
    """Return the hours since 1970."""
    return int(bot.services.clock()) // _HOUR
