"""``/integrations``."""

from discord import app_commands
from discord.ext import commands

from bot.discord.access.posting import PickedChannel
from bot.discord.commands import command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, defer_if_slow, respond
from bot.features.access.tier import Tier
from cogs.alerts import put_up_board, take_down_board
from cogs.integrations.diagnose import show_diagnosis
from cogs.integrations.history import DEFAULT_DAYS, MAX_DAYS, read_history
from cogs.integrations.overview import read_overview
from cogs.integrations.status import read_status
from cogs.monitoring import suggest_watched


@needs(Tier.VIEWER)
class Integrations(
    commands.GroupCog, group_name="integrations", group_description=localized("integrations.description")
):
    """Viewers see here how everything that the server has connected is doing."""

    @reads
    @command("integrations overview")
    async def overview(self, ctx: Context, share: bool = False) -> None:
        """Show everything that is connected here, worst first."""
        defer_if_slow(ctx, share=share)
        await respond(ctx, *await read_overview(ctx))

    @reads
    @command("integrations status", integration=suggest_watched)
    async def status(self, ctx: Context, integration: str, share: bool = False) -> None:
        """Show one integration as its provider reports it now."""
        await defer(ctx, share=share)
        await respond(ctx, *await read_status(ctx, integration))

    @cooldown(10, 60, together=20)
    @reads
    @command("integrations history", integration=suggest_watched)
    async def history(
        self,
        ctx: Context,
        integration: str,
        days: app_commands.Range[int, 1, MAX_DAYS] = DEFAULT_DAYS,
        share: bool = False,
    ) -> None:
        """Show which states an integration was in, and how available it was."""
        await defer(ctx, share=share)
        await respond(ctx, *await read_history(ctx, integration, days, is_private=not share))

    @reads
    @command("integrations diagnose", integration=suggest_watched)
    async def diagnose(self, ctx: Context, integration: str) -> None:
        """Find out what is wrong with an integration."""
        await defer(ctx)
        await show_diagnosis(ctx, integration)

    @command("integrations board")
    async def board(self, ctx: Context, channel: PickedChannel | None = None) -> None:
        """Keep a message up to date that shows how everything is doing; without a channel, delete it."""
        await defer(ctx)
        await respond(ctx, await (take_down_board(ctx) if channel is None else put_up_board(ctx, channel)))
