"""Reads what a server's admins set for one of our commands in Server Settings > Integrations.

Discord applies these overrides to a command that is run, but to no button and no form.
"""

import asyncio
import math
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import aiohttp
import discord
import structlog
from cachetools import LRUCache

from bot.errors import DiscordSilentError, OutsideServerError
from bot.network_faults import word_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AnyInteraction = discord.Interaction[Any]
"""An interaction of whichever client."""
DEADLINE: Final = 0.9
"""Seconds: Discord wants a first answer within three seconds, and nothing is answered before this is known.
"""
_FRESH_SECONDS: Final = 300
_RETRY_SECONDS: Final = 30
_READ_SECONDS: Final = 10.0
_KEPT_GUILDS: Final = 2500
_ROLE: Final = 1
_USER: Final = 2
_CHANNEL: Final = 3
# Discord's code where no admin has changed anything: it answers with this error instead of an empty list.
_UNCHANGED: Final = 10066
# The last three are what an answer of another shape ends with, such as a proxy's page.
_UNREADABLE: Final = (discord.HTTPException, aiohttp.ClientError, OSError, KeyError, TypeError, ValueError)


def guild_of(interaction: AnyInteraction) -> int:
    """Return the guild that the interaction came from, the only source of a guild id.

    Raises OutsideServerError.
    """
    if interaction.guild_id is None:
        raise OutsideServerError
    return interaction.guild_id


def roles_of(interaction: AnyInteraction) -> Collection[int]:
    """Return the ids of the member's roles, without @everyone.

    discord.py's own list leaves out the roles of a guild that it does not know: where only our commands were
    added to a server, and not the bot.
    """
    member = interaction.user
    return tuple(member._roles) if isinstance(member, discord.Member) else ()  # noqa: SLF001 - see above


class Override(NamedTuple):
    """One entry of the list that Discord keeps.

    type: 1 for a role, 2 for a user, 3 for a channel. id: of the role, user or channel. A role with the
    guild's id stands for @everyone, a channel with the guild's id less one for all channels. permission:
    False denies.
    https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object
    """

    id: int
    type: int
    permission: bool


_Entries = tuple[Override, ...]


@dataclass(slots=True)
class _Kept:
    """What is known of one guild. entries: by command or application, None where nothing was ever read.

    fresh_until, retry_at: seconds of the clock. retry_at: when Discord may be asked again after a failure.
    """

    entries: Mapping[int, _Entries] | None = None
    fresh_until: float = -math.inf
    retry_at: float = -math.inf
    reading: asyncio.Task[None] | None = None


class Overrides:
    """Reads a guild's overrides in one request, and keeps them for when Discord does not answer."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self.deadline = deadline
        """Seconds that an interaction waits for Discord."""
        self._kept: LRUCache[int, _Kept] = LRUCache(_KEPT_GUILDS)

    async def decide(self, interaction: AnyInteraction, command_id: int) -> bool | None:
        """Tell whether the command was allowed (True) or denied (False) to this member in this channel.

        command_id: Discord's id of a top-level command. Return None if nothing was set that concerns the
        member. Where Discord does not answer in time, its last answer counts, however old. Raises
        OutsideServerError, and DiscordSilentError where there is no last answer.
        """
        guild_id = guild_of(interaction)
        entries = await self._of(interaction, guild_id)
        if not entries:
            return None
        return judge(
            entries.get(command_id, ()),
            # Overrides for all of our commands at once are listed under the application's own id.
            entries.get(interaction.application_id, ()),
            guild_id=guild_id,
            channel_id=_channel_of(interaction),
            user_id=interaction.user.id,
            role_ids=roles_of(interaction),
        )

    def change(self, guild_id: int, told: Mapping[int, Iterable[Override]]) -> None:
        """Read the guild's overrides again next time, because an admin has changed something.

        told: what Discord said of the change, by command or application. Until it answers, that counts, and
        of all others what was known before: a denial must not end because another command was opened.
        """
        kept = self._kept.pop(guild_id, None)
        if kept is not None and kept.entries is not None:
            entries = {target: tuple(overrides) for target, overrides in told.items()}
            # Another object: what is being read now may be from before the change.
            self._kept[guild_id] = _Kept({**kept.entries, **entries})

    def forget(self, guild_id: int) -> None:
        """Drop all that is known of a guild, whose changes are no longer told to this process."""
        self._kept.pop(guild_id, None)

    async def _of(self, interaction: AnyInteraction, guild_id: int) -> Mapping[int, _Entries]:
        kept = self._kept.setdefault(guild_id, _Kept())
        now = time.monotonic()
        if now >= kept.fresh_until and now >= kept.retry_at:
            if kept.reading is None:
                kept.reading = asyncio.create_task(self._read(interaction, guild_id, kept))
            # Others may wait for the same reading, which goes on for whoever comes next. What one interaction
            # asks several times has one deadline together.
            deadline: float = interaction.extras.setdefault(Overrides, now + self.deadline)
            if now < deadline:
                await asyncio.wait((kept.reading,), timeout=deadline - now)
        if kept.entries is None:
            raise DiscordSilentError
        return kept.entries

    async def _read(self, interaction: AnyInteraction, guild_id: int, kept: _Kept) -> None:
        try:
            # discord.py waits for as long as a 429 says.
            async with asyncio.timeout(_READ_SECONDS):
                kept.entries = await _entries(interaction, guild_id)
            kept.fresh_until = time.monotonic() + _FRESH_SECONDS
        except _UNREADABLE as failure:
            kept.retry_at = time.monotonic() + _RETRY_SECONDS
            code = getattr(failure, "code", None)
            _log.warning("overrides_not_read", guild=guild_id, error=word_of(failure), code=code)
        finally:
            kept.reading = None


async def _entries(interaction: AnyInteraction, guild_id: int) -> Mapping[int, _Entries]:
    try:
        found = await interaction.client.http.get_guild_application_command_permissions(
            interaction.application_id, guild_id
        )
    except discord.NotFound as error:
        if error.code != _UNCHANGED:
            raise
        return {}
    return {
        int(each["id"]): tuple(
            Override(int(entry["id"]), entry["type"], entry["permission"]) for entry in each["permissions"]
        )
        for each in found
    }


def judge(
    of_command: Collection[Override],
    of_application: Collection[Override],
    *,
    guild_id: int,
    channel_id: int | None,
    user_id: int,
    role_ids: Iterable[int],
) -> bool | None:
    """Decide as Discord does: True for allowed, False for denied, None where nothing that was set applies.

    of_command is stronger than of_application. channel_id: of a thread's parent channel; None where it is
    unknown. https://support.discord.com/hc/en-us/articles/10952896421783-Updates-to-Command-Permissions
    """
    roles = {role_id for role_id in role_ids if role_id != guild_id}

    def of_member(entries: Collection[Override]) -> bool | None:
        return _first(
            _permission_of(entries, _USER, {user_id}),
            _permission_of(entries, _ROLE, roles),
            _permission_of(entries, _ROLE, {guild_id}),
        )

    here, anywhere = {channel_id}, {guild_id - 1}
    channel = _first(
        _permission_of(of_command, _CHANNEL, here),
        _permission_of(of_command, _CHANNEL, anywhere),
        _permission_of(of_application, _CHANNEL, here),
        _permission_of(of_application, _CHANNEL, anywhere),
    )
    if channel is False:
        return False
    member = of_member(of_command)
    if member is not None:
        return member
    # Allowing a member all commands of the application opens no command that the member may not use anyway.
    return False if of_member(of_application) is False else None


def _permission_of(entries: Collection[Override], kind: int, ids: Collection[int | None]) -> bool | None:
    permissions = [entry.permission for entry in entries if entry.type == kind and entry.id in ids]
    return any(permissions) if permissions else None


def _first(*permissions: bool | None) -> bool | None:
    return next((permission for permission in permissions if permission is not None), None)


def _channel_of(interaction: AnyInteraction) -> int | None:
    channel = interaction.channel
    return channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id
