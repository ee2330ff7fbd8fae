"""Tells a server's managers what nobody has asked about, and where nobody else reads it."""

from collections.abc import AsyncIterator

import discord
import structlog

from bot.discord.access.agent_bots import FAILURES, is_member
from bot.discord.access.posting import bot_lacks

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


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
    candidates = [
        each for each in of_community if each is not None and not _is_seen_by(guild.default_role, each)
    ]
    candidates += filter(_is_for_managers, guild.text_channels)
    for channel in dict.fromkeys(candidates):
        if channel.id != lost_channel_id and not bot_lacks(channel):
            yield channel
    if member_id != guild.owner_id and await is_member(client, guild.id, member_id):
        assert member_id is not None  # noqa: S101 - nobody without an id is a member
        yield discord.Object(member_id)
    if guild.owner_id is not None:
        yield discord.Object(guild.owner_id)


def _is_seen_by(role: discord.Role, channel: discord.TextChannel) -> bool:
    return channel.permissions_for(role).view_channel


def _is_for_managers(channel: discord.TextChannel) -> bool:
    """Tell whether only bots and members with Manage Server see a channel.

    A member who was given access alone may be anybody: our cache has no members.
    """
    known = {channel.guild.me.id, channel.guild.owner_id}
    return not any(
        _is_seen_by(role, channel) for role in channel.guild.roles if not _is_trusted(role)
    ) and not any(
        overwrite.view_channel
        for target, overwrite in channel.overwrites.items()
        if not isinstance(target, discord.Role) and target.id not in known
    )


def _is_trusted(role: discord.Role) -> bool:
    """Tell whether only managers, or a bot, have a role."""
    if role.is_default():
        return False
    return role.permissions.manage_guild or role.permissions.administrator or role.is_bot_managed()
