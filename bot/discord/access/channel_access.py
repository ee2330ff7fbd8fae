"""Judges what a bot can do in a server's channels, by Discord's rules and from what our cache holds."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import discord

from bot.discord.access.agent_bots import Membership
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from bot.providers.base.snowflake import read_snowflake


class ChannelKind(StrEnum):
    """What a channel is, as far as that decides how a bot answers in it."""

    TEXT = "text"
    """An announcement channel as well."""
    VOICE = "voice"
    STAGE = "stage"
    FORUM = "forum"
    MEDIA = "media"
    THREAD = "thread"
    CATEGORY = "category"


class ChannelFinding(StrEnum):
    """What is known of a bot in a channel."""

    USABLE = "usable"
    ARCHIVED = "archived"
    """A thread that is archived; whoever writes in it opens it again."""
    LACKING = "lacking"
    """Permissions are missing."""
    LOCKED = "locked"
    """A thread in which only those may write who manage threads."""
    CATEGORY = "category"
    DELETED = "deleted"
    """No channel has this id."""
    ELSEWHERE = "elsewhere"
    """It is a channel of another server."""
    ABSENT = "absent"
    """The channel can be used, but the bot is not in the server."""
    TIMED_OUT = "timed_out"
    """The channel can be used, but the bot is timed out."""
    PRIVATE = "private"
    """Only members of a private thread can tell whether the bot was added to it."""
    HIDDEN = "hidden"
    """Our own bot may not see it; the agent's bot perhaps may."""
    UNKNOWN = "unknown"
    """It is not known which bot it is, or Discord did not answer."""


INCONCLUSIVE: Final = frozenset({ChannelFinding.PRIVATE, ChannelFinding.HIDDEN, ChannelFinding.UNKNOWN})
"""Findings that are neither good nor bad."""
_GOOD: Final = frozenset({ChannelFinding.USABLE, ChannelFinding.ARCHIVED})

Channel = discord.abc.GuildChannel | discord.Thread
"""What has an id that can be listed as a channel."""
_KINDS: Final[Mapping[type, ChannelKind]] = {
    discord.TextChannel: ChannelKind.TEXT,
    discord.VoiceChannel: ChannelKind.VOICE,
    discord.StageChannel: ChannelKind.STAGE,
    discord.ForumChannel: ChannelKind.FORUM,
    discord.Thread: ChannelKind.THREAD,
    discord.CategoryChannel: ChannelKind.CATEGORY,
}
FoundChannel = Channel | ChannelFinding
"""A channel of the server, or why there is none to judge."""


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """What a bot can do in one channel.

    id: as it was asked for, which is text from outside. missing: the permissions that the bot needs and
    lacks, by discord.py's names. parent: the channel that a thread belongs to, and whose permissions it has.
    kind: None where no channel of the server was found.
    """

    id: str
    finding: ChannelFinding
    missing: tuple[str, ...] = ()
    parent: int | None = None
    kind: ChannelKind | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the bot can answer here."""
        return self.finding in _GOOD

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to change something."""
        return self.finding not in _GOOD | INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class BotAccess:
    """What a bot can do in one server.

    bot_id, is_member: None where it is not known. is_checked: False where our own bot is not in the server,
    Discord has an outage there, or our cache is incomplete; ``channels`` is empty then. channels: in the
    order in which they were asked for. timed_out_until: in seconds since 1970, None for a bot that is not
    timed out. can_write: whether it can send messages in any channel of the server; None where that is not
    known, and where certain channels were asked for.
    """

    bot_id: int | None
    is_member: bool | None
    is_checked: bool
    channels: tuple[ChannelAccess, ...]
    timed_out_until: int | None = None
    can_write: bool | None = None

    @property
    def usable(self) -> int:
        """How many channels the bot can work in."""
        return sum(access.is_usable for access in self.channels)

    @property
    def bad_channels(self) -> tuple[ChannelAccess, ...]:
        """The channels in which somebody has to change something."""
        return tuple(access for access in self.channels if access.is_bad)

    @property
    def access(self) -> Access:
        """What it comes down to. A channel that cannot be judged counts neither for nor against the bot."""
        if not self.is_checked or self.is_member is None:
            return UNKNOWN
        if not self.is_member:
            return Access(AccessKind.ABSENT)
        if self.timed_out_until is not None:
            return Access(AccessKind.TIMED_OUT, until=self.timed_out_until)
        if not self.channels:
            kinds = {True: AccessKind.USABLE, False: AccessKind.NO_CHANNEL, None: AccessKind.UNKNOWN}
            return Access(kinds[self.can_write])
        count, bad = len(self.channels), len(self.bad_channels)
        if bad == count:
            return Access(AccessKind.NO_CHANNEL, channels=count)
        return Access(AccessKind.USABLE, count - bad, count) if self.usable else UNKNOWN


def find_channel(guild: discord.Guild | None, channel_id: str) -> Channel | None:
    """Return a server's channel or thread, None if our cache has none of this id. channel_id: text from
    outside.
    """
    number = read_snowflake(channel_id)
    return None if guild is None or number is None else guild.get_channel_or_thread(number)


def assess(
    guild: discord.Guild,
    bot_id: int | None,
    membership: Membership,
    channels: Iterable[tuple[str, FoundChannel]],
    now: float,
    *,
    opens_threads: bool,
) -> BotAccess:
    """Return what a bot can do in a server whose cache is complete.

    channels: by the ids that were asked for; if there are none, every channel of the server counts. now: in
    seconds since 1970. opens_threads: whether the bot has to open threads as well.
    """
    until = timed_out_until(guild, membership, now)
    bot = _Bot(
        membership.is_member,
        membership.member if knows_roles(guild, membership) else None,
        is_timed_out=until is not None,
        opens_threads=opens_threads,
    )
    judged = tuple(_judge(channel_id, found, bot) for channel_id, found in channels)
    can_write = None
    if not judged and until is None and bot.member is not None:
        can_write = any(_may_send(each, bot.member) for each in (*guild.channels, *guild.threads))
    return BotAccess(
        bot_id,
        membership.is_member,
        is_checked=True,
        channels=judged,
        timed_out_until=until,
        can_write=can_write,
    )


def knows_roles(guild: discord.Guild, membership: Membership) -> bool:
    """Tell whether our cache has all roles of a member."""
    return all(guild.get_role(role_id) is not None for role_id in membership.role_ids)


def timed_out_until(guild: discord.Guild, membership: Membership, now: float) -> int | None:
    """Return when a timeout ends that keeps a member from writing, None where there is none.

    Timeouts do not affect a server's owner and administrators.
    """
    member, until = membership.member, membership.timed_out_until
    if member is None or until is None or until.timestamp() <= now or member.id == guild.owner_id:
        return None
    roles = [guild.default_role, *map(guild.get_role, membership.role_ids)]
    if any(role is None or role.permissions.administrator for role in roles):
        return None
    return math.ceil(until.timestamp())


@dataclass(frozen=True, slots=True)
class _Bot:
    """A bot that is judged. member: None where its permissions cannot be computed."""

    is_member: bool | None
    member: discord.Member | None
    is_timed_out: bool
    opens_threads: bool


def _judge(channel_id: str, channel: FoundChannel, bot: _Bot) -> ChannelAccess:
    if isinstance(channel, ChannelFinding):
        return ChannelAccess(channel_id, channel)
    finding, missing = _finding(channel, bot)
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return ChannelAccess(channel_id, finding, missing, parent, _kind(channel))


def _kind(channel: Channel) -> ChannelKind | None:
    if isinstance(channel, discord.ForumChannel) and channel.is_media():
        return ChannelKind.MEDIA
    return _KINDS.get(type(channel))


def _finding(channel: Channel, bot: _Bot) -> tuple[ChannelFinding, tuple[str, ...]]:
    """Return the finding, and the permissions that are missing."""
    finding = None
    if isinstance(channel, discord.CategoryChannel):
        finding = ChannelFinding.CATEGORY
    elif bot.is_member is False:
        finding = ChannelFinding.ABSENT
    elif bot.is_timed_out:
        # Such a member has lost nearly all permissions, but to grant them would not help.
        finding = ChannelFinding.TIMED_OUT
    if finding is not None:
        return finding, ()
    permissions = None if bot.member is None else _permissions(channel, bot.member)
    if permissions is None:
        return ChannelFinding.UNKNOWN, ()
    needed = _to_answer(channel, opens_threads=bot.opens_threads)
    missing = tuple(name for name in needed if not getattr(permissions, name))
    if missing:
        # Without the first one discord.py reports no other permission: which others are missing is not known.
        return ChannelFinding.LACKING, missing[:1] if missing[0] == "read_messages" else missing
    if isinstance(channel, discord.Thread):
        return _judge_thread(channel, permissions), ()
    return ChannelFinding.USABLE, ()


def _judge_thread(thread: discord.Thread, permissions: discord.Permissions) -> ChannelFinding:
    """Return the finding on a thread in whose channel the bot has all permissions."""
    if not permissions.manage_threads:
        if thread.locked:
            return ChannelFinding.LOCKED
        if thread.is_private():
            return ChannelFinding.PRIVATE
    return ChannelFinding.ARCHIVED if thread.archived else ChannelFinding.USABLE


def _to_write(channel: Channel) -> tuple[str, ...]:
    """Name the permissions that it takes to send messages in a channel, or in a forum's posts."""
    match channel:
        case discord.Thread() | discord.ForumChannel():
            return "read_messages", "send_messages_in_threads"
        case discord.VoiceChannel() | discord.StageChannel():
            # Who may not connect does not see the chat either:
            # https://discord.com/developers/docs/resources/message#get-channel-messages
            return "read_messages", "connect", "send_messages"
    return "read_messages", "send_messages"


def _to_answer(channel: Channel, *, opens_threads: bool) -> tuple[str, ...]:
    """Name the permissions that it takes to read what members write in a channel, and to answer it."""
    needed = (*_to_write(channel), "read_message_history")
    if opens_threads and isinstance(channel, discord.TextChannel):
        return (*needed, "create_public_threads", "send_messages_in_threads")
    return needed


def _permissions(channel: Channel, member: discord.Member) -> discord.Permissions | None:
    """Return what a member may do in a channel; None for a thread whose channel is not known."""
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return None
    return channel.permissions_for(member)


def _may_send(channel: Channel, member: discord.Member) -> bool:
    """Tell whether a member can send messages in a channel, a forum's posts, or an open thread."""
    permissions = None if isinstance(channel, discord.CategoryChannel) else _permissions(channel, member)
    if permissions is None or not all(getattr(permissions, name) for name in _to_write(channel)):
        return False
    return not isinstance(channel, discord.Thread) or _judge_thread(channel, permissions) in _GOOD
