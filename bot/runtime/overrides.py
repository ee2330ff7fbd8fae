"""Tells what a server's admins set for one of our commands in Server Settings > Integrations.

Discord holds that against a command that is run, but against no button and no form.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp
import discord
import structlog
from cachetools import TTLCache

from bot.ui.components import guild_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.ui.components import Interaction

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Discord wants a first answer within three seconds, and whoever asks here has not begun to answer.
_PATIENCE: Final = 0.9
_KEPT_SECONDS: Final = 300
_KEPT_GUILDS: Final = 2500
_ROLE: Final = 1
_USER: Final = 2
_CHANNEL: Final = 3
# Discord's code where an admin has changed nothing: there is no list then, not even an empty one.
_UNCHANGED: Final = 10066


class Override(NamedTuple):
    """One entry of what was set.

    type: 1 for a role, 2 for a user, 3 for a channel. id: of that; a role with the guild's id is @everyone,
    a channel with the guild's id less one is all channels. permission: False denies.
    https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object
    """

    id: int
    type: int
    permission: bool


_Entries = tuple[Override, ...]
_Kept = dict[int, asyncio.Task[_Entries | None]]


class Overrides:
    """Reads from Discord what was set, and keeps it for five minutes unless told to forget it."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        # By guild, and by command or application. What is forgotten while it is read goes with its guild's.
        self._kept: TTLCache[int, _Kept] = TTLCache(_KEPT_GUILDS, _KEPT_SECONDS)

    async def say(self, interaction: Interaction, command_id: int) -> bool | None:
        """Tell whether the command was allowed (True) or denied (False) to this member in this channel.

        command_id: of a top-level command, as Discord knows it. None: nothing was set that concerns the
        member, or Discord does not answer in time. Raises OutsideServerError.
        """
        guild_id = guild_of(interaction)
        # What was set for all of our commands at once stands under the application's own id.
        of_command, of_application = await asyncio.gather(
            self._of(guild_id, command_id, interaction.application_id),
            self._of(guild_id, interaction.application_id, interaction.application_id),
        )
        if of_command is None or of_application is None:
            return None
        return judge(
            of_command,
            of_application,
            guild_id=guild_id,
            channel_id=_channel_of(interaction),
            user_id=interaction.user.id,
            role_ids=roles_of(interaction),
        )

    def forget(self, guild_id: int) -> None:
        """Read anew next time: an admin of the guild has changed something."""
        self._kept.pop(guild_id, None)

    async def _of(self, guild_id: int, target_id: int, application_id: int) -> _Entries | None:
        kept = self._kept.setdefault(guild_id, {})
        if target_id not in kept:
            kept[target_id] = asyncio.create_task(self._read(kept, guild_id, target_id, application_id))
        # Others may be waiting for the same reading.
        return await asyncio.shield(kept[target_id])

    async def _read(self, kept: _Kept, guild_id: int, target_id: int, application_id: int) -> _Entries | None:
        found = None
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._entries(application_id, guild_id, target_id)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
            code = getattr(failure, "code", None)
            _log.warning("overrides_not_read", guild=guild_id, error=type(failure).__name__, code=code)
        finally:
            if found is None:
                del kept[target_id]
        return found

    async def _entries(self, application_id: int, guild_id: int, target_id: int) -> _Entries:
        try:
            found = await self._client.http.get_application_command_permissions(
                application_id, guild_id, target_id
            )
        except discord.NotFound as error:
            if error.code != _UNCHANGED:
                raise
            return ()
        return tuple(
            Override(int(entry["id"]), entry["type"], entry["permission"]) for entry in found["permissions"]
        )


def judge(
    of_command: Collection[Override],
    of_application: Collection[Override],
    *,
    guild_id: int,
    channel_id: int | None,
    user_id: int,
    role_ids: Iterable[int],
) -> bool | None:
    """Come to Discord's own verdict: True for allowed, False for denied, None for as the command has it.

    of_command goes before of_application. channel_id: a thread's parent's; None where nobody knows it.
    https://support.discord.com/hc/en-us/articles/10952896421783-Updates-to-Command-Permissions
    """
    roles = {role_id for role_id in role_ids if role_id != guild_id}

    def of_member(entries: Collection[Override]) -> bool | None:
        return _first(
            _said(entries, _USER, {user_id}),
            _said(entries, _ROLE, roles),
            _said(entries, _ROLE, {guild_id}),
        )

    here, anywhere = {channel_id}, {guild_id - 1}
    channel = _first(
        _said(of_command, _CHANNEL, here),
        _said(of_command, _CHANNEL, anywhere),
        _said(of_application, _CHANNEL, here),
        _said(of_application, _CHANNEL, anywhere),
    )
    if channel is False:
        return False
    member = of_member(of_command)
    if member is not None:
        return member
    # To allow somebody all of our commands opens none that asks for more than the member has.
    return False if of_member(of_application) is False else None


def roles_of(interaction: Interaction) -> Collection[int]:
    """Return the ids of the member's roles, without @everyone.

    discord.py's own list leaves out the roles of a guild that it does not know: where only our commands were
    added to a server, and not the bot.
    """
    member = interaction.user
    return tuple(member._roles) if isinstance(member, discord.Member) else ()  # noqa: SLF001 - see above


def _said(entries: Collection[Override], kind: int, ids: Collection[int | None]) -> bool | None:
    said = [entry.permission for entry in entries if entry.type == kind and entry.id in ids]
    return any(said) if said else None


def _first(*said: bool | None) -> bool | None:
    return next((permission for permission in said if permission is not None), None)


def _channel_of(interaction: Interaction) -> int | None:
    channel = interaction.channel
    return channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id
