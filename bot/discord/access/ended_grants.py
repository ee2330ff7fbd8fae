"""Finds the grants of members who have left their server, and deletes them."""

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum, auto
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
"""The members that Discord is asked about for one list; of the others, the list says that it was not."""
_HOUR: Final = 3600
_SHARES: Final = 24
"""Each round asks about one share of the members, so that Discord is asked about everybody once a day."""
_REQUEST_PAUSE_SECONDS: Final = 1.0


class Standing(Enum):
    """What Discord says of the member whom a grant is for.

    COUNTS: a member since before it was given. LEFT: no member. VOID: a member, but not since it was given.
    UNKNOWN: Discord was not asked, or did not say.
    """

    COUNTS = auto()
    LEFT = auto()
    VOID = auto()
    UNKNOWN = auto()


async def read_standings(guild: discord.Guild, grants: Sequence[Grant]) -> Mapping[int, Standing]:
    """Return how it stands with members' grants, by the member's id; a member who is missing is UNKNOWN.

    Discord is asked about ``MAX_LOOKUPS`` members at most, and for ``DISCORD_SECONDS``.
    """
    asked = [grant for grant in grants if grant.kind == "member"][:MAX_LOOKUPS]
    found = await asyncio.gather(*(_read_standing(guild, grant) for grant in asked))
    return {grant.subject: standing for grant, standing in zip(asked, found, strict=True)}


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
        is_over = await _read_standing(guild, grant) in {Standing.LEFT, Standing.VOID}
        if is_over and await services.access.forget_ended(guild_id, grant):
            target = f"member · {grant.subject} · {grant.tier.name.lower()}"
            await services.audit.note(guild_id, "access.revoke", target)
        await asyncio.sleep(_REQUEST_PAUSE_SECONDS)


async def _read_standing(guild: discord.Guild, grant: Grant) -> Standing:
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            found = await read_membership(guild, grant.subject)
    except FAILURES:
        return Standing.UNKNOWN
    except Exception:  # noqa: BLE001 - an answer of another shape must not hide the other grants
        _log.exception("member_not_read", guild=guild.id)
        return Standing.UNKNOWN
    if found.member is None:
        # Also where Discord knows no such user any more: the id was Discord's own when it was granted.
        return Standing.LEFT
    return Standing.VOID if has_ended(grant, found.member.joined_at) else Standing.COUNTS


def _hour(bot: ServicesBot) -> int:
    """Return the hours since 1970."""
    return int(bot.services.clock()) // _HOUR
