"""``/alerts set, list, test, mute, maintenance, quiet-hours, remove``."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.access.posting import PickedChannel
from bot.discord.commands import command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, defer_if_slow, respond
from bot.features.access.tier import Tier
from bot.features.alerts.routes import Recovery
from bot.features.alerts.service import MAX_CHECKS, RouteSettings
from cogs.alerts import embeds
from cogs.alerts.buttons import DURATIONS, mute
from cogs.alerts.listing import read_page, read_result
from cogs.alerts.maintenance import DURATIONS as MAINTENANCE_DURATIONS
from cogs.alerts.maintenance import change_maintenance
from cogs.alerts.quiet_hours import change_quiet_hours, suggest_zones
from cogs.alerts.route_options import (
    ESCALATIONS,
    REMINDERS,
    STATES,
    About,
    NamedOptions,
    find_replaced,
    find_rule,
    read_about,
    settings_of,
    suggest_about,
    suggest_rules,
    suggest_rules_and_new,
)
from cogs.alerts.routes import set_route
from cogs.alerts.testing import post_test_alert
from cogs.monitoring import suggest_watched


@needs(Tier.MANAGER)
class Alerts(commands.GroupCog, group_name="alerts", group_description=localized("alerts.description")):
    """Managers decide here who is told, and where, when an integration is not well."""

    @command("alerts set", about=suggest_about, rule=suggest_rules_and_new)
    @app_commands.rename(states="on", checks="after")
    @app_commands.choices(
        states=[app_commands.Choice(name=localized(f"alerts.on.{each}"), value=each) for each in STATES],
        remind=[
            app_commands.Choice(name=localized(f"alerts.remind.{each}"), value=each) for each in REMINDERS
        ],
        escalate=[
            app_commands.Choice(name=localized(f"alerts.escalate.{each}"), value=each) for each in ESCALATIONS
        ],
        recovery=[
            app_commands.Choice(name=localized(f"alerts.recovery.{each}"), value=each.value)
            for each in (Recovery.QUIET, Recovery.MENTION, Recovery.OFF)
        ],
    )
    async def set_(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
        self,
        ctx: Context,
        channel: PickedChannel,
        role: discord.Role | None = None,
        about: str | None = None,
        states: str | None = None,
        checks: app_commands.Range[int, 1, MAX_CHECKS] | None = None,
        remind: str | None = None,
        second_role: discord.Role | None = None,
        escalate: str | None = None,
        recovery: str | None = None,
        rule: str = "",
        no_role: bool = False,
    ) -> None:
        """Send alerts to a channel from now on, those of open incidents included.

        What a member does not name stays as it is in the rule that is changed.
        """
        await defer(ctx)
        subject = None if about is None else await read_about(ctx, about)
        named = NamedOptions(
            about=subject,
            role=role,
            no_role=no_role,
            states=states,
            checks=checks,
            remind=remind,
            second_role=second_role,
            escalate=escalate,
            recovery=recovery,
        )
        routes = await ctx.services.alerts.routes(ctx.guild_id)
        before = find_replaced(routes, rule, channel.id, subject or About())
        settings = named.applied_to(RouteSettings() if before is None else settings_of(before, ctx.guild))
        route = await set_route(ctx, channel, settings, number=0 if before is None else before.number)
        await respond(ctx, await read_result(ctx, route, before))

    @reads
    @command("alerts list")
    async def list_(self, ctx: Context) -> None:
        """Show where alerts go, what is muted and what is open."""
        defer_if_slow(ctx)
        await respond(ctx, *await read_page(ctx))

    @cooldown(5, 60)
    @command("alerts test", rule=suggest_rules)
    async def test(self, ctx: Context, rule: str = "") -> None:
        """Post a test alert to the channel that a rule's alerts go to."""
        await defer(ctx)
        route = await find_rule(ctx, rule)
        found = await post_test_alert(ctx, route)
        await respond(ctx, embeds.tested(route, found, ctx.texts))

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

    @command("alerts remove", rule=suggest_rules)
    async def remove(self, ctx: Context, rule: str = "") -> None:
        """Send no more alerts by a rule."""
        await defer(ctx)
        alerts = ctx.services.alerts
        async with ctx.change("alerts.remove", "") as change:
            route = await find_rule(ctx, rule)
            change.target = f"channel · {route.channel_id} · rule {route.number}"
            await alerts.remove_route(ctx.guild_id, route.number)
        await respond(ctx, embeds.removed(route, len(await alerts.routes(ctx.guild_id)), ctx.texts))
