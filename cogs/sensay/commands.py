"""``/sensay``."""

from discord import app_commands
from discord.ext import commands

from bot.discord.commands import command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, respond
from bot.features.access.tier import Tier
from cogs.connections import open_connection, suggest_choices, suggest_connections
from cogs.sensay.ask import MAX_QUESTION, answer_of
from cogs.sensay.connect import show_guide
from cogs.sensay.disconnect import ask_first
from cogs.sensay.replicas import MAX_SEARCH, read_page
from cogs.sensay.status import read_status
from cogs.sensay.usage import MAX_DAYS, read_usage

_replicas = suggest_choices("sensay")
_connections = suggest_connections("sensay")


@needs(Tier.MANAGER)
class Sensay(commands.GroupCog, group_name="sensay", group_description=localized("sensay.description")):
    """Managers put Sensay's replicas into their server here, and see how they are doing."""

    @cooldown(5, 60)
    @command("sensay connect", replica=_replicas, connection=_connections)
    async def connect(self, ctx: Context, replica: str, connection: str | None = None) -> None:
        """Say how to get a bot token for a replica; the form, and a question, come before Sensay gets it."""
        await show_guide(ctx, replica, connection)

    @reads
    @command("sensay status", replica=_replicas, connection=_connections)
    async def status(
        self, ctx: Context, replica: str | None = None, connection: str | None = None, share: bool = False
    ) -> None:
        """Show how one replica, or every replica that is on Discord, is doing there."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "sensay", connection)
        await respond(ctx, *await read_status(ctx, opened, replica))

    @reads
    @command("sensay replicas", connection=_connections)
    async def replicas(
        self,
        ctx: Context,
        search: app_commands.Range[str, 1, MAX_SEARCH] | None = None,
        everyone: bool = False,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """List the replicas that the credentials own, and on request everybody's public ones too."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "sensay", connection)
        await respond(ctx, *await read_page(ctx, opened, search or "", everyone=everyone))

    @cooldown(3, 30)
    @command("sensay ask", replica=_replicas, connection=_connections)
    async def ask(
        self,
        ctx: Context,
        replica: str,
        message: app_commands.Range[str, 1, MAX_QUESTION],
        keep: bool = False,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """Put a question to a replica, to see that it answers."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "sensay", connection)
        embed, files = await answer_of(ctx, opened, replica, message, keep=keep)
        await respond(ctx, embed, files=files)

    @cooldown(3, 30, together=10)
    @reads
    @command("sensay usage", replica=_replicas, connection=_connections)
    async def usage(
        self,
        ctx: Context,
        replica: str | None = None,
        days: app_commands.Range[int, 1, MAX_DAYS] = MAX_DAYS,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """Show conversations by source and by day, and what the account has used this month."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "sensay", connection)
        embed, files = await ctx.cancel_on_shutdown(read_usage(ctx, opened, replica, days))
        await respond(ctx, embed, files=files)

    @cooldown(5, 60)
    @command("sensay disconnect", replica=_replicas, connection=_connections)
    async def disconnect(self, ctx: Context, replica: str, connection: str | None = None) -> None:
        """Say how a replica's Discord bot is stopped, and forget it here once confirmed."""
        await defer(ctx)
        opened = await open_connection(ctx, "sensay", connection)
        await ask_first(ctx, opened, replica)
