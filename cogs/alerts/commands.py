"""``/alerts set, list, test, mute, maintenance, quiet-hours, remove``."""

from collections.abc import Mapping
from typing import Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.access.posting import PickedChannel, bot_can_mention
from bot.discord.commands import command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs
from bot.discord.replies import defer, respond
from bot.errors import NoRouteError
from bot.features.access.tier import Tier
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES
from bot.features.alerts.service import MAX_CHECKS
from bot.providers.base.integration import State
from cogs.alerts import embeds
from cogs.alerts.buttons import DURATIONS, mute
from cogs.alerts.listing import open_incidents, read_page
from cogs.alerts.maintenance import DURATIONS as MAINTENANCE_DURATIONS
from cogs.alerts.maintenance import change_maintenance
from cogs.alerts.quiet_hours import change_quiet_hours, suggest_zones
from cogs.alerts.routes import set_route
from cogs.alerts.testing import post_test_alert
from cogs.monitoring import suggest_watched

_STATES: Final[Mapping[str, tuple[State, ...]]] = {
    "default": DEFAULT_STATES,
    "failing": (State.DISCONNECTED, State.ERROR),
    "unknown": (State.DISCONNECTED, State.ERROR, State.UNKNOWN),
    "all": (*DEFAULT_STATES, State.UNKNOWN),
    "partial": (*DEFAULT_STATES, State.UNKNOWN),
}


@needs(Tier.MANAGER)
class Alerts(commands.GroupCog, group_name="alerts", group_description=localized("alerts.description")):
    """Managers decide here who is told, and where, when an integration is not well."""

    @command("alerts set")
    @app_commands.rename(states="on", checks="after")
    @app_commands.choices(
        states=[app_commands.Choice(name=localized(f"alerts.on.{each}"), value=each) for each in _STATES],
        remind=[
            app_commands.Choice(name=localized(f"alerts.remind.{each}"), value=each)
            for each in embeds.REMINDERS
        ],
    )
    async def set_(
        self,
        ctx: Context,
        channel: PickedChannel,
        role: discord.Role | None = None,
        states: str = "default",
        checks: app_commands.Range[int, 1, MAX_CHECKS] = DEFAULT_CHECKS,
        remind: str = "never",
    ) -> None:
        """Send alerts to a channel from now on, those of open incidents included."""
        await defer(ctx)
        seconds = embeds.REMINDERS[remind]
        route = await set_route(
            ctx,
            channel,
            role=role,
            states=_STATES[states],
            checks=checks,
            remind=seconds,
            partial=states == "partial",
        )
        open_count = len(await open_incidents(ctx))
        is_silent = role is not None and not bot_can_mention(role, channel)
        await respond(ctx, embeds.route_set(route, open_count, ctx, is_silent=is_silent))

    @command("alerts list")
    async def list_(self, ctx: Context) -> None:
        """Show where alerts go, what is muted and what is open."""
        await defer(ctx)
        await respond(ctx, *await read_page(ctx))

    @cooldown(5, 60)
    @command("alerts test")
    async def test(self, ctx: Context) -> None:
        """Post a test alert to the channel that alerts go to."""
        await defer(ctx)
        route = next(iter(await ctx.services.alerts.routes(ctx.guild_id)), None)
        if route is None:
            raise NoRouteError
        await respond(ctx, embeds.tested(route, await post_test_alert(ctx, route), ctx.texts))

    @command("alerts mute", integration=suggest_watched)
    @app_commands.rename(duration="for")
    @app_commands.choices(
        duration=[
            app_commands.Choice(name=localized(f"alerts.mute.for.{each}"), value=each) for each in DURATIONS
        ]
    )
    async def mute(self, ctx: Context, integration: str, duration: str) -> None:
        """Post no alert and no reminder of an integration for a while."""
        await defer(ctx)
        await respond(ctx, await mute(ctx, integration, duration))

    @command("alerts maintenance", integration=suggest_watched)
    @app_commands.rename(duration="for", start="at")
    @app_commands.choices(
        duration=[
            app_commands.Choice(name=localized(f"alerts.maintenance.for.{each}"), value=each)
            for each in MAINTENANCE_DURATIONS
        ]
    )
    async def maintenance(
        self,
        ctx: Context,
        integration: str | None = None,
        duration: str | None = None,
        start: str | None = None,
    ) -> None:
        """Expect failures of an agent, or of all, for a while; without options, show when."""
        await defer(ctx)
        await respond(ctx, *await change_maintenance(ctx, integration, duration, start))

    @command("alerts quiet-hours", timezone=suggest_zones)
    @app_commands.rename(start="from", end="to")
    async def quiet_hours(
        self,
        ctx: Context,
        start: str | None = None,
        end: str | None = None,
        timezone: str | None = None,
        off: bool = False,
    ) -> None:
        """Let alerts mention nobody at a time of each day; without options, show when."""
        await defer(ctx)
        await respond(ctx, await change_quiet_hours(ctx, start, end, timezone, off=off))

    @command("alerts remove")
    async def remove(self, ctx: Context) -> None:
        """Send no more alerts."""
        await defer(ctx)
        alerts = ctx.services.alerts
        async with ctx.change("alerts.remove", "") as change:
            route = next(iter(await alerts.routes(ctx.guild_id)), None)
            if route is None:
                raise NoRouteError
            change.target = f"channel · {route.channel_id}"
            await alerts.remove_route(ctx.guild_id, route.number)
        await respond(ctx, embeds.removed(ctx.texts))
