"""An agent's bot: whether it is a member of a server, what it needs there, and how it gets in."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import aiohttp
import discord

from bot.i18n.catalog import Texts
from bot.providers.base.snowflake import is_one_id

PORTAL: Final = "https://discord.com/developers/applications"
LEAST_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, read_message_history=True
)
"""What a chatting agent needs and no more."""
DISCORD_SECONDS: Final = 5.0
"""How long a question to Discord may take; discord.py waits for as long as it takes."""
FAILURES: Final = (discord.HTTPException, aiohttp.ClientError, OSError)
"""What a question to Discord can end with. A deadline that is over is an OSError as well."""
_UNKNOWN_MEMBER: Final = 10007
_UNKNOWN_USER: Final = 10013


@dataclass(frozen=True, slots=True)
class Membership:
    """What Discord says about a bot in a server.

    is_member: None where that is not known. role_ids: without the role of everybody. timed_out_until: may be
    over. member: what discord.py computes permissions for, as if there were no timeout.
    """

    is_member: bool | None
    role_ids: frozenset[int] = frozenset()
    timed_out_until: datetime | None = None
    member: discord.Member | None = field(default=None, compare=False)


async def read_membership(guild: discord.Guild, user_id: int) -> Membership:
    """Ask Discord whether a user is a member. Raises one of ``FAILURES`` where Discord does not say."""
    try:
        member = await guild.fetch_member(user_id)
    except discord.NotFound as error:
        if error.code == _UNKNOWN_MEMBER:
            return Membership(is_member=False)
        if error.code == _UNKNOWN_USER:
            # Nobody has this id, so it is not the bot's: an older application has another id than its bot.
            return Membership(is_member=None)
        raise  # the server itself is unknown, or something between us and Discord has answered
    # The ids of roles that the cache lacks are in no public attribute.
    roles, until = frozenset(member._roles), member.timed_out_until  # noqa: SLF001 - see above
    # Permissions are computed without the timeout, which is judged apart and will be over at some time.
    member.timed_out_until = None
    return Membership(is_member=True, role_ids=roles, timed_out_until=until, member=member)


async def is_member(client: discord.Client, guild_id: int, user_id: int | None) -> bool | None:
    """Tell whether a user is a member of the guild; None where the user is None or Discord does not say."""
    guild = client.get_guild(guild_id)
    if guild is None or user_id is None:
        return None  # commands work without the bot user being in the server
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            return (await read_membership(guild, user_id)).is_member
    except FAILURES:
        return None


async def is_human(client: discord.Client, user_id: int) -> bool:
    """Tell whether Discord knows this id as a person's account; False where it does not say."""
    try:
        async with asyncio.timeout(DISCORD_SECONDS):
            return not (await client.fetch_user(user_id)).bot
    except FAILURES:
        return False


def needed_permissions(*, create_threads: bool) -> discord.Permissions:
    """Return what an agent's bot needs in a channel, and no more."""
    permissions = discord.Permissions(LEAST_PERMISSIONS.value)
    permissions.create_public_threads = create_threads
    return permissions


def permission_names(permissions: discord.Permissions, texts: Texts) -> str:
    """Name permissions as Discord's own settings do; bits that have no name yet are left out."""
    return ", ".join(texts(f"permission.{name}") for name, granted in permissions if granted)


def application_of(bot_id: int | None, confirmed: int | None = None) -> int | None:
    """Return the id of a bot's application, None where it is not known.

    bot_id: the bot's user id. confirmed: the application's id, where Discord or the provider named it.
    """
    if confirmed is not None:
        return confirmed
    return bot_id if bot_id is not None and is_one_id(bot_id) else None


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
