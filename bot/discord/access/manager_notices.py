"""Tells a server's managers what nobody has asked about, and where nobody else reads it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import discord
import structlog

from bot.discord.access.agent_bots import DISCORD_SECONDS, FAILURES, read_membership
from bot.discord.access.posting import bot_lacks
from bot.discord.context import ServicesBot
from bot.features.access.tier import Tier
from bot.network_faults import word_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_SEND_SECONDS: Final = 30.0
_MODERATION: Final = discord.Permissions(
    moderate_members=True, kick_members=True, ban_members=True, manage_messages=True
)
"""Any one of these makes a role one for moderators."""


async def notify_managers(
    client: ServicesBot,
    guild: discord.Guild,
    embed: discord.Embed,
    *,
    lost_channel_id: int,
    member_id: int | None,
) -> bool:
    """Send an embed to the first recipient that takes it, and return whether one did; raise nothing.

    lost_channel_id: the channel that it is about, which takes nothing. member_id: who chose that channel,
    None or 0 where that is not known. They are told in private only while they are a member and a manager.
    """
    async for recipient in _recipients(client, guild, lost_channel_id, member_id):
        if await try_telling(client, guild.id, recipient, embed):
            return True
    return False


async def try_telling(
    client: discord.Client,
    guild_id: int,
    recipient: discord.abc.Messageable | discord.Object,
    embed: discord.Embed,
) -> bool:
    """Send an embed to a channel, or to a member in private, and return whether Discord took it."""
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            if isinstance(recipient, discord.Object):
                recipient = await client.create_dm(recipient)
            await recipient.send(embed=embed, allowed_mentions=discord.AllowedMentions.none())
    except FAILURES as failed:
        _log.info("managers_not_told", guild=guild_id, error=word_of(failed))
        return False
    return True


async def _recipients(
    client: ServicesBot, guild: discord.Guild, lost_channel_id: int, member_id: int | None
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
    if member_id and member_id != guild.owner_id and await _still_manages(client, guild, member_id):
        yield discord.Object(member_id)
    if guild.owner_id is not None:
        yield discord.Object(guild.owner_id)


async def _still_manages(client: ServicesBot, guild: discord.Guild, member_id: int) -> bool:
    """Tell whether a user is a member now and may still manage the bot; False where Discord does not say."""
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            found = await read_membership(guild, member_id)
    except FAILURES:
        return False
    if found.member is None:
        return False
    if found.member.guild_permissions.manage_guild:
        return True
    access, joined_at = client.services.access, found.member.joined_at
    return await access.tier_of(guild.id, member_id, found.role_ids, joined_at) is Tier.MANAGER


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
