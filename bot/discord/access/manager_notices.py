"""Tells a server's managers what nobody has asked about, and where nobody else reads it."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import discord
import structlog

from bot.discord.access.agent_bots import FAILURES, is_member
from bot.discord.access.posting import bot_lacks

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_MODERATION: Final = discord.Permissions(
    moderate_members=True, kick_members=True, ban_members=True, manage_messages=True
)
"""Any one of these makes a role one for moderators."""


async def notify_managers(
    client: discord.Client,
    guild: discord.Guild,
    embed: discord.Embed,
    *,
    lost_channel_id: int,
    member_id: int | None,
) -> bool:
    """Send an embed to the first recipient that takes it, and return whether one did; raise nothing.

    lost_channel_id: the channel that it is about, which takes nothing. member_id: who chose that channel,
    None where that is not known.
    """
    async for recipient in _recipients(client, guild, lost_channel_id, member_id):
        try:
            if isinstance(recipient, discord.TextChannel):
                channel: discord.abc.Messageable = recipient
            else:
                channel = await client.create_dm(recipient)
            await channel.send(embed=embed, allowed_mentions=discord.AllowedMentions.none())
        except FAILURES as failed:
            _log.info("managers_not_told", guild=guild.id, error=type(failed).__name__)
        else:
            return True
    return False


async def _recipients(
    client: discord.Client, guild: discord.Guild, lost_channel_id: int, member_id: int | None
) -> AsyncIterator[discord.TextChannel | discord.Object]:
    """Yield who may be told, the best first.

    The system channel is none of them: it is where new members are welcomed.
    """
    of_community = (guild.public_updates_channel, guild.safety_alerts_channel)
    # Behind a gate for new members, everyone's role sees nothing, and another one that all get sees these.
    candidates = [each for each in of_community if each is not None and _is_only_for(_is_moderator, each)]
    candidates += [each for each in guild.text_channels if _is_only_for(_is_manager, each)]
    for channel in dict.fromkeys(candidates):
        if channel.id != lost_channel_id and not bot_lacks(channel):
            yield channel
    if member_id != guild.owner_id and await is_member(client, guild.id, member_id):
        assert member_id is not None  # noqa: S101 - nobody without an id is a member
        yield discord.Object(member_id)
    if guild.owner_id is not None:
        yield discord.Object(guild.owner_id)


def _is_only_for(is_trusted: Callable[[discord.Role], bool], channel: discord.TextChannel) -> bool:
    """Tell whether only bots and roles that are trusted see a channel.

    A member who was given access alone may be anybody: our cache has no members.
    """
    known = {channel.guild.me.id, channel.guild.owner_id}
    return not any(
        channel.permissions_for(role).view_channel
        for role in channel.guild.roles
        if role.is_default() or not (role.is_bot_managed() or is_trusted(role))
    ) and not any(
        overwrite.view_channel
        for target, overwrite in channel.overwrites.items()
        if not isinstance(target, discord.Role) and target.id not in known
    )


def _is_manager(role: discord.Role) -> bool:
    """Tell whether whoever has a role manages the server."""
    return role.permissions.manage_guild or role.permissions.administrator


def _is_moderator(role: discord.Role) -> bool:
    """Tell whether whoever has a role moderates the server, or manages it."""
    return _is_manager(role) or bool(role.permissions.value & _MODERATION.value)
