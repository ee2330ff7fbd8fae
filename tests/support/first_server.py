"""A server that has one of everything, and what its manager does there."""

from __future__ import annotations

from typing import Any, Final

import discord
import simcord

from bot.features.access.tier import Tier
from bot.features.alerts.service import RouteSettings
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.command_payloads import given, run, walk
from tests.support.harness import BotHarness, buttons, final
from tests.support.persistent_components import (
    BUTTON,
)

_Kind = discord.InteractionType

KNOWN: Final = "harbour"
"""A connection whose name the second server's manager knows."""
SECRET: Final = "plover-desk"
"""The name of a connection and of agents that the second server's manager never types."""
UNTYPED_INTEGRATION: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4caa"
VERBS: Final = ("rotate", "remove", "add", "link", "unlink", "grant", "revoke", "mirror", "watch")


class FirstServer:
    """Two servers of one bot: the first has one of everything, and its manager changes it and opens forms."""

    def __init__(self, harness: BotHarness) -> None:
        self.harness, self.other = harness, harness.other_guild()
        guild, env = harness.guild, harness.env
        self.known = guild.create_role("Crew"), guild.add_member(env.create_user("lou")), harness.channel
        self.unknown = guild.create_role("Lookout"), guild.add_member(env.create_user("kim"))
        self.mirror = guild.create_text_channel("logbook")
        self.alarm = guild.create_text_channel("alarm")
        # What the bot posts in the first server's channels is for that server, and may come at any time.
        self.first_server_paths = tuple(
            f"/channels/{place.id}/messages" for place in (self.mirror, self.alarm, harness.channel)
        )
        self.asked: list[simcord.InteractionResult] = []
        self.answer: discord.Message
        hidden = (guild, harness.manager, *self.unknown, self.mirror, self.alarm)
        texts = (SECRET, UNTYPED_INTEGRATION, "01:00-02:00 · Asia/Kathmandu")
        self.canaries = [*texts, *(str(thing.id) for thing in hidden)]

    async def fill_first_server(self, *, own: bool) -> None:
        """Give the first server one of everything. own: whether the second has connections as well."""
        bot, here, member = self.harness.bot, self.harness.guild.id, self.harness.manager.id
        for provider, name in (
            ("toolzz", "default"),
            ("toolzz", KNOWN),
            ("toolzz", SECRET),
            ("sensay", "default"),
        ):
            await self.add(here, provider, name, member)
        for name, integration in ((KNOWN, ToolzzSimulator.CONNECTED), (SECRET, UNTYPED_INTEGRATION)):
            await self.link(here, name, integration, member)
        opened = await bot.services.connections.open(here, "sensay", "default")
        await bot.services.integrations.record(
            opened, SensaySimulator.ACTIVE, SECRET, bot_id=member, member_id=member
        )
        await bot.services.integrations.ignore(
            here, "toolzz", SECRET, ToolzzSimulator.AGENT, SECRET, member_id=member
        )
        for role, person in (self.known[:2], self.unknown):
            await bot.services.access.grant(here, "role", role.id, Tier.MANAGER, member_id=member)
            await bot.services.access.grant(here, "member", person.id, Tier.VIEWER, member_id=member)
        await bot.services.audit.note(here, "connection.refused", f"toolzz · {SECRET}", member_id=member)
        await bot.services.guilds.set_audit_channel(here, self.mirror.id)
        await bot.services.alerts.set_route(
            here, self.alarm.id, RouteSettings(role_id=self.unknown[0].id), member_id=member
        )
        await self.check(here, SECRET, State.ERROR)
        watched = await bot.services.monitoring.find(here, f"toolzz:{UNTYPED_INTEGRATION}")
        await bot.services.monitoring.mute(here, watched, 3600, member_id=member)
        await bot.services.maintenance.add(here, "toolzz", UNTYPED_INTEGRATION, 7200, member_id=member)
        await bot.services.quiet_hours.set(here, 60, 120, "Asia/Kathmandu", member_id=member)
        await self.harness.manager.slash(self.harness.channel, "integrations board", channel=self.alarm)
        # The manager's id is also that of an agent's bot.
        self.answer = await self.harness.manager.send(self.harness.channel, "hello")
        await bot.services.complaints.report(
            here,
            "sensay",
            SensaySimulator.ACTIVE,
            channel_id=self.mirror.id,
            message_id=self.answer.id,
            sent_at=1,
            member_id=self.unknown[1].id,
        )
        if own:
            there, manager = self.other.guild.id, self.other.manager.id
            for provider in ("toolzz", "sensay"):
                await self.add(there, provider, "default", manager)
            await self.link(there, "default", ToolzzSimulator.CONNECTED, manager)
            await self.check(there, "Elsewhere", State.CONNECTED)

    async def check(self, guild: int, label: str, state: State) -> None:
        """Record a state of two of the guild's integrations, twice, which is often enough for an incident."""
        ids = ToolzzSimulator.CONNECTED, UNTYPED_INTEGRATION if label == SECRET else ToolzzSimulator.AGENT
        reports = Reports(tuple(Report(each, label, state, guild_id=str(guild)) for each in ids))
        at = int(self.harness.env.now().timestamp())
        for _ in range(2):
            await self.harness.bot.services.poller._recorder.record(
                CheckResult(guild, "toolzz", "default", at, CheckOutcome.ANSWERED, reports)
            )

    async def add(self, guild: int, provider: str, name: str, member: int) -> None:
        """Connect a provider."""
        values = self.harness.simulator(provider).credentials
        await self.harness.bot.services.connections.add(guild, provider, name, values, member_id=member)

    async def link(self, guild: int, name: str, integration: str, member: int) -> None:
        """Link an integration of Toolzz to the guild, with a label that tells the two guilds apart."""
        opened = await self.harness.bot.services.connections.open(guild, "toolzz", name)
        label = SECRET if guild == self.harness.guild.id else "Elsewhere"
        await self.harness.bot.services.integrations.record(
            opened, integration, label, bot_id=None, member_id=member
        )

    async def change(self, verb: str) -> None:
        """Let the first server's manager change something; most changes can be undone by another one."""
        bot, here, member = self.harness.bot, self.harness.guild.id, self.harness.manager.id
        values = self.harness.toolzz.credentials
        there = KNOWN in await bot.services.connections.names(here, "toolzz")
        if verb == "rotate" and there:
            await bot.services.connections.rotate(here, "toolzz", KNOWN, values, member_id=member)
        elif verb == "remove" and there:
            await bot.services.connections.remove(here, "toolzz", KNOWN)
        elif verb == "add" and not there:
            await self.add(here, "toolzz", KNOWN, member)
        elif verb == "link":
            await self.link(here, "default", ToolzzSimulator.DISCONNECTED, member)
        elif verb == "unlink":
            await bot.services.integrations.forget(here, "toolzz", ToolzzSimulator.DISCONNECTED)
        elif verb == "grant":
            await bot.services.access.grant(here, "role", self.known[0].id, Tier.VIEWER, member_id=member)
        elif verb == "revoke":
            await bot.services.access.revoke(here, "role", self.known[0].id)
        elif verb == "mirror":
            await bot.services.guilds.set_audit_channel(here, self.harness.channel.id)
        elif verb == "watch":
            watched = await bot.services.monitoring.find(here, ToolzzSimulator.CONNECTED)
            await bot.services.monitoring.mute(
                here, watched, 0 if watched.muted_until else 3600, member_id=member
            )
            await self.check(here, SECRET, State.CONNECTED if watched.incident else State.ERROR)
        await bot.services.audit.note(here, "connection.rotate", f"toolzz · {SECRET}", member_id=member)
        await self.harness.env.settle(idle=0.05)  # the mirror posts the entry

    async def ask(self) -> None:
        """Let the first server's manager open questions and forms, and leave them open."""
        harness = self.harness
        runs: list[tuple[str, dict[str, Any]]] = [
            ("connections remove", {"provider": "toolzz", "name": SECRET}),
            ("connections rotate", {"provider": "toolzz", "name": SECRET}),
            ("connections add", {"provider": "toolzz", "name": "fresh"}),
            ("toolzz unlink", {"integration": UNTYPED_INTEGRATION, "connection": SECRET}),
            ("privacy delete", {}),
        ]
        commands = {command.qualified_name: command for command in walk(harness.bot)}
        self.asked = [
            harness.send(
                _Kind.application_command,
                harness.manager,
                run(
                    harness.bot,
                    commands[name],
                    [
                        given(option, options)
                        for option in commands[name].parameters
                        if option.name in options
                    ],
                ),
            )
            for name, options in runs
        ]
        await harness.env.settle(idle=0.05)
        # What leads to a form has persistent buttons alone, whose values ``components`` makes up.
        guides = [each for each in self.asked if buttons(each)[0]["custom_id"].startswith("connections:")]
        forms = [
            harness.send(
                _Kind.component,
                harness.manager,
                {"custom_id": buttons(each)[0]["custom_id"], "component_type": BUTTON},
                message=final(each),
            )
            for each in guides
        ]
        self.asked = [*(each for each in self.asked if each not in guides), *forms]
        await harness.env.settle(idle=0.05)
        assert sum(result.modal is not None for result in self.asked) == 2
