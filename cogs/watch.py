"""No command: keeps the watch over the integrations going while the bot runs."""

from __future__ import annotations

from discord.ext import commands

from bot.runtime.alert_messages import AlertMessages
from bot.runtime.client import PatchbayBot


class Watch(commands.Cog):
    """Begins once the bot knows in which servers it is."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot
        self._watching = False

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Begin to watch; comes again after a reconnect."""
        if not self._watching:
            self._watching = True
            self._bot.in_background(self._bot.poller.run(self._is_here))
            self._bot.in_background(self._bot.boards.run())
            self._bot.in_background(self._bot.outbox.run(AlertMessages(self._bot), self._is_here))

    def _is_here(self, guild_id: int) -> bool:
        return guild_id in self._bot.served and self._bot.get_guild(guild_id) is not None


async def setup(bot: PatchbayBot) -> None:
    """Add the listener."""
    await bot.add_cog(Watch(bot))
