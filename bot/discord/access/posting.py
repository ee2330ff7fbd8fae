"""Decides where a member may have the bot post, whom it may mention there, and what the bot lacks for it."""

import asyncio
from collections.abc import Iterable
from typing import Final

import discord
from discord import app_commands

from bot.discord.access.agent_bots import DISCORD_SECONDS, FAILURES, permission_names
from bot.errors import InvalidInputError, UnreachableError
from bot.i18n.catalog import Texts

PickedChannel = discord.TextChannel | app_commands.AppCommandThread
"""What members can pick for the bot's messages: text and announcement channels, threads, posts of forums.

A thread comes as the interaction has it, because discord.py's cache lacks archived threads.
"""
PostChannel = discord.TextChannel | discord.Thread
"""A channel whose permissions can be computed: a thread that the cache has, or that Discord was asked for."""
_VIEW: Final = discord.Permissions(view_channel=True)
_SEND: Final = discord.Permissions(send_messages=True)
_SEND_IN_THREADS: Final = discord.Permissions(send_messages_in_threads=True)
_EMBED: Final = discord.Permissions(embed_links=True)
# Discord's own codes: unknown channel, missing access. Any other 404 or 403 says nothing about the channel.
UNKNOWN_CHANNEL: Final = 10003
MISSING_ACCESS: Final = 50001
_UNSEEN: Final[frozenset[object]] = frozenset({UNKNOWN_CHANNEL, MISSING_ACCESS})
_UNKNOWN_MEMBER: Final = 10007


async def check_posting(
    picked: PickedChannel | PostChannel,
    member: discord.Member | discord.User,
    texts: Texts,
    roles: Iterable[discord.Role] = (),
) -> None:
    """Check that a member could write in a channel and mention roles there, and that the bot can post.

    Otherwise members could have the bot say what they may not say themselves. Asks Discord about archived and
    private threads. Raises InvalidInputError("bot_cannot_post", "you_cannot_post", "you_cannot_mention",
    "thread_unseen", "thread_locked", "thread_not_joined") and UnreachableError.
    """
    assert isinstance(member, discord.Member)  # noqa: S101 - Discord sends no other user from a server
    channel = await _find(picked, texts)
    if lacking := _first_lacking(channel, member, _to_write(channel)):
        names = permission_names(lacking, texts)
        raise InvalidInputError("you_cannot_post", channel=channel.id, permissions=names)
    if isinstance(channel, discord.Thread):
        await _check_thread(channel, member, texts)
    for role in roles:
        if not (role.mentionable or channel.permissions_for(member).mention_everyone):
            names = permission_names(discord.Permissions(mention_everyone=True), texts)
            raise InvalidInputError("you_cannot_mention", channel=channel.id, role=role.id, permissions=names)
    if lacking := bot_lacks(channel):
        names = permission_names(lacking, texts)
        raise InvalidInputError("bot_cannot_post", channel=channel.id, permissions=names)


def bot_lacks(channel: PostChannel) -> discord.Permissions:
    """Return the first permission that the bot lacks to post embeds in a channel; none where it can."""
    return _first_lacking(channel, channel.guild.me, (*_to_write(channel), _EMBED))


def bot_can_mention(role: discord.Role, picked: PickedChannel | discord.Thread) -> bool:
    """Tell whether Discord lets our mention of a role notify anybody, where the bot can post."""
    channel = picked if isinstance(picked, discord.TextChannel) else picked.parent
    if role.mentionable or channel is None:
        return role.mentionable
    # A channel's own method counts what is needed to write in the channel, and not in its threads.
    return discord.abc.GuildChannel.permissions_for(channel, channel.guild.me).mention_everyone


def _first_lacking(
    channel: PostChannel, member: discord.Member, needed: Iterable[discord.Permissions]
) -> discord.Permissions:
    """Return the first permission that a member lacks; none where nothing is lacking.

    Without the ones before it, discord.py reports the others as missing even where they are given.
    """
    permissions = channel.permissions_for(member)
    return next((each for each in needed if not permissions >= each), discord.Permissions())


def _to_write(channel: PostChannel) -> tuple[discord.Permissions, ...]:
    return _VIEW, _SEND_IN_THREADS if isinstance(channel, discord.Thread) else _SEND


async def _find(picked: PickedChannel | PostChannel, texts: Texts) -> PostChannel:
    """Return the channel, from Discord where our cache may not have it."""
    if isinstance(picked, discord.TextChannel):
        return picked
    parent = picked.parent
    if parent is None:
        raise InvalidInputError("thread_unseen", channel=picked.id)
    if not parent.permissions_for(parent.guild.me).view_channel:
        names = permission_names(_VIEW, texts)
        raise InvalidInputError("bot_cannot_post", channel=picked.id, permissions=names)
    cached = picked if isinstance(picked, discord.Thread) else picked.resolve()
    # Our cache does not say whether the bot is still in a private thread.
    if cached is not None and not cached.is_private():
        return cached
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            thread = await parent.guild.fetch_channel(picked.id)
    except FAILURES as failed:
        if getattr(failed, "code", None) in _UNSEEN:
            raise InvalidInputError("thread_unseen", channel=picked.id) from None
        raise UnreachableError("Discord") from failed
    assert isinstance(thread, discord.Thread)  # noqa: S101 - no channel becomes another kind of channel
    return thread


async def _check_thread(thread: discord.Thread, member: discord.Member, texts: Texts) -> None:
    """Check what is particular to threads. An archived one is opened again by whoever writes in it."""
    is_moderator = thread.permissions_for(member).manage_threads
    if thread.locked and not (is_moderator and thread.permissions_for(thread.guild.me).manage_threads):
        names = permission_names(discord.Permissions(manage_threads=True), texts)
        raise InvalidInputError("thread_locked", channel=thread.id, permissions=names)
    if not thread.is_private() or is_moderator:
        return
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            await thread.fetch_member(member.id)
    except FAILURES as failed:
        if getattr(failed, "code", None) == _UNKNOWN_MEMBER:
            raise InvalidInputError("thread_not_joined", channel=thread.id) from None
        raise UnreachableError("Discord") from failed
