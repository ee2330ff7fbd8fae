"""``/alerts set, list, test, mute, remove``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import NoRouteError
from bot.kit.integration import State
from bot.kit.tier import Tier
from bot.runtime.alert_buttons import DURATIONS, mute
from bot.runtime.alert_routes import reaches, set_route
from bot.runtime.alert_trial import post_trial
from bot.runtime.guard import needs, paced
from bot.runtime.suggestions import suggest_watched
from bot.runtime.translator import said
from bot.services.alerts import DEFAULT_CHECKS, DEFAULT_STATES, MOST_CHECKS
from bot.ui.components import Interaction, guild_of
from bot.ui.replies import answer, think
from cogs.alerts import embeds
from cogs.alerts.listing import open_incidents, read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.runtime.client import PatchbayBot

_STATES: Final[Mapping[str, tuple[State, ...]]] = {
    "default": DEFAULT_STATES,
    "failing": (State.DISCONNECTED, State.ERROR),
    "unknown": (State.DISCONNECTED, State.ERROR, State.UNKNOWN),
    "all": (*DEFAULT_STATES, State.UNKNOWN),
}


@needs(Tier.MANAGER)
class Alerts(commands.GroupCog, group_name="alerts", group_description=said("alerts.description")):
    """Managers decide here who is told, and where, when an integration is not well."""

    def __init__(self, bot: PatchbayBot) -> None:
        self._bot = bot

    @app_commands.command(name="set", description=said("alerts.set.description"))
    @app_commands.rename(states="on", checks="after")
    @app_commands.describe(
        channel=said("alerts.set.option.channel"),
        role=said("alerts.set.option.role"),
        states=said("alerts.set.option.on"),
        checks=said("alerts.set.option.after"),
        remind=said("alerts.set.option.remind"),
    )
    @app_commands.choices(
        states=[app_commands.Choice(name=said(f"alerts.on.{each}"), value=each) for each in _STATES],
        remind=[
            app_commands.Choice(name=said(f"alerts.remind.{each}"), value=each) for each in embeds.REMINDERS
        ],
    )
    async def set_(
        self,
        interaction: Interaction,
        channel: discord.TextChannel,
        role: discord.Role | None = None,
        states: str = "default",
        checks: app_commands.Range[int, 1, MOST_CHECKS] = DEFAULT_CHECKS,
        remind: str = "never",
    ) -> None:
        """Send alerts to a channel from now on, those of what is open included."""
        await think(interaction)
        route = await set_route(
            interaction,
            self._bot,
            channel,
            role=role,
            states=_STATES[states],
            checks=checks,
            remind=embeds.REMINDERS[remind],
        )
        count = len(await open_incidents(interaction, self._bot))
        texts = self._bot.catalog[interaction.locale.value]
        silent = role is not None and not reaches(role, channel)
        embed = embeds.route_set(route, self._bot.watching.interval, count, texts, silent=silent)
        await answer(interaction, embed)

    @app_commands.command(name="list", description=said("alerts.list.description"))
    async def list_(self, interaction: Interaction) -> None:
        """Show where alerts go, what is muted and what is open."""
        await think(interaction)
        await answer(interaction, *await read_page(interaction, self._bot))

    @paced(5, 60)
    @app_commands.command(name="test", description=said("alerts.test.description"))
    async def test(self, interaction: Interaction) -> None:
        """Post an alert that tells of nothing, where real ones go."""
        await think(interaction)
        route = await self._bot.alerts.route(guild_of(interaction))
        if route is None:
            raise NoRouteError
        trial = await post_trial(interaction, self._bot, route)
        await answer(interaction, embeds.tried(route, trial, self._bot.catalog[interaction.locale.value]))

    @app_commands.command(name="mute", description=said("alerts.mute.description"))
    @app_commands.rename(duration="for")
    @app_commands.describe(
        integration=said("alerts.mute.option.integration"), duration=said("alerts.mute.option.for")
    )
    @app_commands.choices(
        duration=[app_commands.Choice(name=said(f"alerts.mute.for.{each}"), value=each) for each in DURATIONS]
    )
    async def mute(self, interaction: Interaction, integration: str, duration: str) -> None:
        """Post no alert and no reminder of an integration for a while."""
        await think(interaction)
        await answer(interaction, await mute(interaction, self._bot, integration, duration))

    @app_commands.command(name="remove", description=said("alerts.remove.description"))
    async def remove(self, interaction: Interaction) -> None:
        """Send no more alerts."""
        await think(interaction)
        guild_id = guild_of(interaction)
        async with self._bot.audit.change(guild_id, interaction.user.id, "alerts.remove", "") as change:
            route = await self._bot.alerts.route(guild_id)
            if route is not None:
                change.target = f"channel · {route.channel_id}"
            await self._bot.alerts.remove_route(guild_id)
        await answer(interaction, embeds.removed(self._bot.catalog[interaction.locale.value]))

    @mute.autocomplete("integration")
    async def _watched(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_watched(interaction, self._bot, typed)
