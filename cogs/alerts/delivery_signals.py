"""Takes note of the gateway's events after which Discord may take what it has refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import discord
from discord.ext import commands

from bot.discord.background import BackgroundTasks

_QUIET_SECONDS: Final = 6.0
"""Changes often come together, and lead to one try."""
_SPACING_SECONDS: Final = 60.0
"""The shortest time between two tries in a guild, however often somebody changes something there."""


class DeliverySignals(commands.Cog):
    """Has a guild's alerts and board tried again. Without the members intent Discord still tells a bot what
    changes about the bot itself.
    """

    def __init__(self, retry: Callable[[int], Awaitable[object]], background: BackgroundTasks) -> None:
        """retry: takes the guild's id."""
        self._retry = retry
        self._background = background
        self._is_due: set[int] = set()
        """Guilds for which a try is on its way."""
        self._tried_at: dict[int, float] = {}
        """When each guild was tried last, in seconds of the event loop's clock."""

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Permissions count, a new name does not."""
        if before.overwrites != after.overwrites:
            self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """A thread may have been opened or unlocked; those that are archived are not in the cache."""
        self._note(payload.guild_id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """The bot was added to a private thread, perhaps."""
        self._note(thread.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Permissions count, a new name does not."""
        if before.permissions != after.permissions:
            self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """The role may have taken a permission away from the bot."""
        self._note(role.guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """The bot itself may have got a role, or its timeout may have been removed."""
        is_changed = before.roles != after.roles or before.timed_out_until != after.timed_out_until
        if is_changed and after.id == after.guild.me.id:
            self._note(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Nothing is sent to the guild any longer."""
        self._tried_at.pop(guild.id, None)

    def _note(self, guild_id: int) -> None:
        if guild_id not in self._is_due:
            self._is_due.add(guild_id)
            self._background.start(self._try_soon(guild_id))

    async def _try_soon(self, guild_id: int) -> None:
        now = asyncio.get_running_loop().time()
        earliest = self._tried_at.get(guild_id, -_SPACING_SECONDS) + _SPACING_SECONDS
        await asyncio.sleep(max(_QUIET_SECONDS, earliest - now))
        # What happens from now on leads to another try.
        self._is_due.discard(guild_id)
        self._tried_at[guild_id] = asyncio.get_running_loop().time()
        await self._retry(guild_id)
