"""``/help``: the next step for this server and this member, and what the member can do here."""

from discord.ext import commands

from bot.discord.commands import command
from bot.discord.context import Context
from bot.discord.guard import needs
from bot.discord.replies import defer_if_slow, respond
from bot.features.access.tier import Tier
from cogs.help.components import read_start


class Help(commands.Cog):
    """Open to everybody: a member who may use no command is told whom to ask."""

    @needs(Tier.NONE)
    @command("help")
    async def help(self, ctx: Context) -> None:
        """Name the one next step, and group the member's commands by task."""
        defer_if_slow(ctx)
        await respond(ctx, *await read_start(ctx))
