"""Takes note of the gateway's events after which an agent's bot may be able to do something else."""

import discord
from discord.ext import commands

from bot.discord.access.agent_access import GuildAccess


class AccessSignals(commands.Cog):
    """Hands events on. Discord tells a bot without the members intent nothing about members, but a bot that
    joins brings a role of its own, and one that leaves takes it along.
    """

    def __init__(self, access: GuildAccess) -> None:
        self._access = access

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """A new channel may be one that a bot can write in."""
        self._access.channel_changed(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A bot may have lost its last channel."""
        self._access.channel_changed(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Permissions count, a new name does not."""
        if before.overwrites != after.overwrites:
            self._access.channel_changed(after.guild.id, after.id)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """A thread may have been archived, locked or opened; those that are archived are not in the cache."""
        self._access.thread_changed(payload.guild_id, payload.thread_id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """A thread is gone."""
        self._access.thread_changed(payload.guild_id, payload.thread_id)

    @commands.Cog.listener()
    async def on_thread_join(self, thread: discord.Thread) -> None:
        """A thread that our own bot did not see is in the cache now."""
        self._access.thread_changed(thread.guild.id, thread.id)

    @commands.Cog.listener()
    async def on_guild_role_create(self, role: discord.Role) -> None:
        """A bot may have joined."""
        self._note_role(role)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """A bot may have left, or may have lost what the role allowed."""
        self._note_role(role)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Permissions count, a new name does not."""
        if before.permissions != after.permissions:
            self._access.guild_changed(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """An outage is over, or our connection to the gateway is new."""
        self._access.guild_changed(guild.id)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        """The owner may do everything."""
        if before.owner_id != after.owner_id:
            self._access.guild_changed(after.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Nothing can be known about the guild any longer."""
        self._access.guild_left(guild.id)

    @commands.Cog.listener()
    async def on_integration_create(self, integration: discord.Integration) -> None:
        """A bot that was invited without permissions brings no role."""
        self._note_integration(integration)

    @commands.Cog.listener()
    async def on_integration_update(self, integration: discord.Integration) -> None:
        """A bot may have been invited again with other permissions."""
        self._note_integration(integration)

    @commands.Cog.listener()
    async def on_raw_integration_delete(self, payload: discord.RawIntegrationDeleteEvent) -> None:
        """A bot may have left; the event does not say which one, but of which application it is."""
        if payload.application_id is not None:
            self._access.application_changed(payload.guild_id, payload.application_id)

    def _note_role(self, role: discord.Role) -> None:
        bot_id = None if role.tags is None else role.tags.bot_id
        if bot_id is not None:
            self._access.bot_changed(role.guild.id, bot_id)
        self._access.guild_changed(role.guild.id)

    def _note_integration(self, integration: discord.Integration) -> None:
        if isinstance(integration, discord.BotIntegration):
            self._access.application_changed(integration.guild.id, integration.application.id)
