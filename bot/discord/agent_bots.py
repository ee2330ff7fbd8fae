"""What Discord says of an agent's bot: whether it is in a server, what it can do, and how it gets in."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import aiohttp
import discord

from bot.i18n.catalog import Texts
from bot.providers.base.snowflake import read_snowflake

PORTAL: Final = "https://discord.com/developers/applications"
LEAST_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)
"""What a chatting agent needs and no more."""
_TIMEOUT_SECONDS: Final = 5.0
"""discord.py waits for as long as it takes."""


class ChannelFinding(StrEnum):
    """What is known of a bot in a channel."""

    USABLE = "usable"
    LACKING = "lacking"
    """Permissions are missing."""
    GONE = "gone"
    """Our own bot does not see it: it is deleted, of another server, or an archived or private thread."""
    CATEGORY = "category"
    VOICE = "voice"
    FORUM = "forum"
    ABSENT = "absent"
    """The channel can be used, but the bot is not in the server."""
    PRIVATE = "private"
    """Only members of a private thread can tell whether the bot was added to it."""
    UNKNOWN = "unknown"
    """It is not known which bot it is, or Discord did not answer."""


INCONCLUSIVE: Final = frozenset({ChannelFinding.PRIVATE, ChannelFinding.UNKNOWN})
"""Findings that are neither good nor bad."""


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """What a bot can do in one channel.

    id: as it was asked for, which is text from outside. missing: the permissions that the bot needs and
    lacks, by discord.py's names. parent: the channel that a thread belongs to, and whose permissions it has.
    """

    id: str
    finding: ChannelFinding
    missing: tuple[str, ...] = ()
    parent: int | None = None

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to change something."""
        return self.finding not in {ChannelFinding.USABLE, *INCONCLUSIVE}


@dataclass(frozen=True, slots=True)
class BotAccess:
    """What a bot can do in one server.

    bot_id, is_member: None where it is not known. is_checked: False where our own bot is not in the server,
    or Discord has an outage there; ``channels`` is empty then. channels: in the order in which they were
    asked for.
    """

    bot_id: int | None
    is_member: bool | None
    is_checked: bool
    channels: tuple[ChannelAccess, ...]

    @property
    def usable(self) -> int:
        """How many channels the bot can work in."""
        return sum(access.finding is ChannelFinding.USABLE for access in self.channels)

    @property
    def bad_channels(self) -> tuple[ChannelAccess, ...]:
        """The channels in which somebody has to change something."""
        return tuple(access for access in self.channels if access.is_bad)


async def find_bot_access(
    client: discord.Client,
    guild_id: int,
    bot_id: int | None,
    channel_ids: Iterable[str],
    *,
    opens_threads: bool,
) -> BotAccess:
    """Return what a bot can do in a server and in some of its channels.

    channel_ids: text from outside. opens_threads: whether the bot has to open threads as well.
    """
    guild = client.get_guild(guild_id)
    if guild is None or guild.unavailable:
        # During an outage the guild has no channels in the cache, but none of them is gone.
        return BotAccess(bot_id, None, is_checked=False, channels=())
    member = None if bot_id is None else await find_member(guild, bot_id)
    channels = []
    for channel_id in channel_ids:
        channel = find_channel(guild, channel_id)
        finding, missing = _judge(channel, member, opens_threads=opens_threads)
        parent = channel.parent_id if isinstance(channel, discord.Thread) else None
        channels.append(ChannelAccess(channel_id, finding, missing, parent))
    is_here = isinstance(member, discord.Member) if member is not None else None
    return BotAccess(bot_id, is_here, is_checked=True, channels=tuple(channels))


def find_channel(
    guild: discord.Guild | None, channel_id: str
) -> discord.abc.GuildChannel | discord.Thread | None:
    """Return a server's channel or thread, None if it has none of this id. channel_id: text from outside."""
    number = read_snowflake(channel_id)
    return None if guild is None or number is None else guild.get_channel_or_thread(number)


def _judge(
    channel: discord.abc.GuildChannel | discord.Thread | None,
    member: discord.Member | Literal[False] | None,
    *,
    opens_threads: bool,
) -> tuple[ChannelFinding, tuple[str, ...]]:
    """Return the finding, and the permissions that are missing."""
    if not isinstance(channel, discord.TextChannel | discord.Thread):
        return _unsuitable(channel), ()
    if member is False:
        return ChannelFinding.ABSENT, ()
    if member is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return ChannelFinding.UNKNOWN, ()
    permissions = channel.permissions_for(member)
    wanted: tuple[str, ...]
    if isinstance(channel, discord.Thread):
        wanted = ("read_messages", "send_messages_in_threads", "read_message_history")
        if channel.is_private() and not permissions.manage_threads:
            return ChannelFinding.PRIVATE, ()
    else:
        wanted = ("read_messages", "send_messages", "read_message_history")
        if opens_threads:
            wanted += ("create_public_threads", "send_messages_in_threads")
    missing = tuple(name for name in wanted if not getattr(permissions, name))
    if "read_messages" in missing:
        # Without this one discord.py reports no other permission: which others are missing is not known.
        missing = ("read_messages",)
    return (ChannelFinding.LACKING if missing else ChannelFinding.USABLE), missing


def _unsuitable(channel: discord.abc.GuildChannel | None) -> ChannelFinding:
    match channel:
        case None:
            return ChannelFinding.GONE
        case discord.CategoryChannel():
            return ChannelFinding.CATEGORY
        case discord.ForumChannel():
            return ChannelFinding.FORUM
    return ChannelFinding.VOICE


async def is_member(client: discord.Client, guild_id: int, user_id: int | None) -> bool | None:
    """Tell whether a user is a member of the guild; None where the user is None or Discord does not say."""
    guild = client.get_guild(guild_id)
    if guild is None or user_id is None:
        return None  # commands work without the bot user being in the server
    found = await find_member(guild, user_id)
    return None if found is None else isinstance(found, discord.Member)


async def find_member(guild: discord.Guild, user_id: int) -> discord.Member | Literal[False] | None:
    """Return a member with its roles, False for a user who is none, None where Discord does not say."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await guild.fetch_member(user_id)
    except discord.NotFound:
        return False
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return None


async def is_human(client: discord.Client, user_id: int) -> bool:
    """Tell whether Discord knows this id as a person's account; False where it does not say."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return not (await client.fetch_user(user_id)).bot
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        return False


def needed_permissions(*, create_threads: bool) -> discord.Permissions:
    """Return what an agent's bot needs in a channel, and no more."""
    permissions = discord.Permissions(LEAST_PERMISSIONS.value)
    permissions.create_public_threads = create_threads
    return permissions


def permission_names(permissions: discord.Permissions, texts: Texts) -> str:
    """Name permissions as Discord's own settings do; bits that have no name yet are left out."""
    return ", ".join(texts(f"permission.{name}") for name, granted in permissions if granted)


def invite_link(application: int, guild_id: int, permissions: discord.Permissions = LEAST_PERMISSIONS) -> str:
    """Return the link with which an admin adds that bot to this guild."""
    return discord.utils.oauth_url(
        application,
        permissions=permissions,
        guild=discord.Object(guild_id),
        scopes=("bot",),
        disable_guild_select=True,
    )


def bot_page(application: int | None) -> str:
    """Return the page with Reset Token and the intents; without an id, the list of one's applications."""
    return PORTAL if application is None else f"{PORTAL}/{application}/bot"
