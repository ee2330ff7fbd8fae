"""Asks Discord how far an agent's bot reaches: whether it is in a server, and what it may do in channels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

import discord

from bot.runtime.membership import find_member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.runtime.client import PatchbayBot

_SNOWFLAKE: Final = re.compile(r"[0-9]{15,20}")


class Finding(StrEnum):
    """What there is to say of a bot in a channel."""

    USABLE = "usable"
    LACKING = "lacking"
    """Permissions are missing."""
    GONE = "gone"
    """Our own bot does not see it: deleted, of another server, or a thread that is archived or private."""
    CATEGORY = "category"
    VOICE = "voice"
    FORUM = "forum"
    ABSENT = "absent"
    """The channel is all right, but the bot is not in the server."""
    PRIVATE = "private"
    """A private thread, of which nobody else can tell whether the bot was added to it."""
    UNKNOWN = "unknown"
    """Nobody knows which bot it is, or Discord did not say."""


UNTOLD: Final = frozenset({Finding.PRIVATE, Finding.UNKNOWN})
"""Neither good nor bad: it could not be found out."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a bot can do in one channel.

    id: as it was asked for, foreign text. missing: the permissions to be given, as discord.py calls them.
    parent: the channel that a thread belongs to, whose permissions are the thread's.
    """

    id: str
    finding: Finding
    missing: tuple[str, ...] = ()
    parent: int | None = None

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to change something."""
        return self.finding not in {Finding.USABLE, *UNTOLD}


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a bot reaches in one server.

    bot_id: None where nobody knows it. member: whether it is in the server, None where that is not known.
    looked: False where our own bot is not in the server, or Discord has an outage there; then there are no
    channels. channels: in the order in which they were asked for.
    """

    bot_id: int | None
    member: bool | None
    looked: bool
    channels: tuple[Access, ...]

    @property
    def usable(self) -> int:
        """How many channels the bot can work in."""
        return sum(access.finding is Finding.USABLE for access in self.channels)

    @property
    def flaws(self) -> tuple[Access, ...]:
        """The channels in which somebody has to change something."""
        return tuple(access for access in self.channels if access.is_bad)


async def reach_of(
    bot: PatchbayBot, guild_id: int, bot_id: int | None, channel_ids: Iterable[str], *, opens_threads: bool
) -> Reach:
    """Look at channels with a bot's eyes.

    channel_ids: foreign text. opens_threads: whether the bot is to open threads as well.
    """
    guild = bot.get_guild(guild_id)
    if guild is None or guild.unavailable:
        # Of a server in an outage Discord has told us nothing: no channel is gone for that.
        return Reach(bot_id, None, looked=False, channels=())
    member = None if bot_id is None else await find_member(guild, bot_id)
    channels = []
    for channel_id in channel_ids:
        channel = guild.get_channel_or_thread(int(channel_id)) if _SNOWFLAKE.fullmatch(channel_id) else None
        finding, missing = _judge(channel, member, opens_threads=opens_threads)
        parent = channel.parent_id if isinstance(channel, discord.Thread) else None
        channels.append(Access(channel_id, finding, missing, parent))
    is_member = isinstance(member, discord.Member) if member is not None else None
    return Reach(bot_id, is_member, looked=True, channels=tuple(channels))


def _judge(
    channel: discord.abc.GuildChannel | discord.Thread | None,
    member: discord.Member | Literal[False] | None,
    *,
    opens_threads: bool,
) -> tuple[Finding, tuple[str, ...]]:
    """Return the finding, and the permissions that are missing."""
    if not isinstance(channel, discord.TextChannel | discord.Thread):
        return _unfit(channel), ()
    if member is False:
        return Finding.ABSENT, ()
    if member is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return Finding.UNKNOWN, ()
    permissions = channel.permissions_for(member)
    wanted: tuple[str, ...]
    if isinstance(channel, discord.Thread):
        wanted = ("read_messages", "send_messages_in_threads", "read_message_history")
        if channel.is_private() and not permissions.manage_threads:
            return Finding.PRIVATE, ()
    else:
        wanted = ("read_messages", "send_messages", "read_message_history")
        if opens_threads:
            wanted += ("create_public_threads", "send_messages_in_threads")
    missing = tuple(name for name in wanted if not getattr(permissions, name))
    if "read_messages" in missing:
        # Discord takes all others away with this one: which of them would be left does not show.
        missing = ("read_messages",)
    return (Finding.LACKING if missing else Finding.USABLE), missing


def _unfit(channel: discord.abc.GuildChannel | None) -> Finding:
    match channel:
        case None:
            return Finding.GONE
        case discord.CategoryChannel():
            return Finding.CATEGORY
        case discord.ForumChannel():
            return Finding.FORUM
    return Finding.VOICE
