"""``/setup``."""

from discord.ext import commands

from bot.discord.commands import command
from bot.discord.context import Context
from bot.discord.guard import needs, reads
from bot.discord.replies import defer, respond
from bot.features.access.tier import Tier
from cogs.setup.stepper import overview


class Setup(commands.Cog):
    """Managers start here, and continue here."""

    @needs(Tier.MANAGER)
    @reads
    @command("setup")
    async def setup(self, ctx: Context) -> None:
        """Show every provider and how far this server has come with it."""
        await defer(ctx)
        await respond(ctx, *await overview(ctx))
