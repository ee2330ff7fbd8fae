"""No command: takes note of the servers that the bot joins and leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord.ext import commands

from bot.runtime.client import PatchbayBot
from bot.runtime.guilds import keep_up, welcome

if TYPE_CHECKING:
    import discord


class Guilds(commands.Cog):
    """An outage is an event of its own, which nothing here listens to."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot
        self._keeping_up = False

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Begin to look after the servers; comes again after a reconnect."""
        if not self._keeping_up:
            self._keeping_up = True
            self._bot.in_background(keep_up(self._bot))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Say hello."""
        await welcome(self._bot, guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Let go of the credentials at once."""
        await self._bot.privacy.removed(guild.id)


async def setup(bot: PatchbayBot) -> None:
    """Add the listeners."""
    await bot.add_cog(Guilds(bot))
