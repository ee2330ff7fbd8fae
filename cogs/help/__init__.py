"""``/help``: the next step for this server and this member, and what the member can do here."""

from bot.discord.client import PatchbayBot
from cogs.help.commands import Help
from cogs.help.components import StartButton, TaskSelect


async def setup(bot: PatchbayBot) -> None:
    """Add the command, and the components that survive a restart."""
    bot.add_dynamic_items(TaskSelect, StartButton)
    await bot.add_cog(Help())
