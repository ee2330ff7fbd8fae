"""Two servers of one bot, and every way in which a manager of the second could reach the first."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import discord
import simcord
from discord import app_commands
from simcord.backend import serializers

from bot.features.access.tier import Tier
from bot.features.alerts.service import RouteSettings
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from cogs.alerts.buttons import MuteSelect
from cogs.alerts.maintenance import MaintenanceSelect
from tests.support.command_payloads import given, run, walk
from tests.support.guild_rows import tables
from tests.support.harness import BotHarness, buttons, final
from tests.support.menu_payloads import choose, entries
from tests.support.persistent_components import (
    BUTTON,
    CHANNEL_MENU,
    PAYLOADS,
    component_type,
    custom_id_of,
    persistent_components,
)

_Kind = discord.InteractionType
_Option = discord.AppCommandOptionType

KNOWN: Final = "harbour"
"""A connection whose name the second server's manager knows."""
SECRET: Final = "plover-desk"
"""The name of a connection and of agents that the second server's manager never types."""
UNTYPED_INTEGRATION: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4caa"
NAMES: Final = ("default", KNOWN)
IDS: Final = (ToolzzSimulator.CONNECTED, ToolzzSimulator.AGENT, SensaySimulator.ACTIVE)
VERBS: Final = ("rotate", "remove", "add", "link", "unlink", "grant", "revoke", "mirror", "watch")
USES: Final = {"uses": 0}
"""How often the second server's manager has used something."""


class World:
    """Two servers of one bot: the first has one of everything, the second one's manager wants to reach it.

    own_message: a message of the bot in the second server, on which components are used.
    """

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
        self.own_message: simcord.ResponseMessage
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

    # --- what the second server's manager tries ---

    def commands(self, name: str, thing: str, without: str) -> list[simcord.InteractionResult]:
        """Run every command with values of the first server in all options, except one that is left out."""
        return [
            self.send(
                _Kind.application_command,
                run(self.harness.bot, command, self.options(command, name, thing, without), self.resolved()),
            )
            for command in walk(self.harness.bot)
        ]

    def menus(self) -> list[simcord.InteractionResult]:
        """Choose every entry of the Apps menus on an agent of the first server and on its message."""
        env, bot = self.harness.env, self.harness.bot
        return [
            self.send(_Kind.application_command, choose(env, bot, entry, self.answer))
            for entry in entries(bot)
        ]

    def suggestions(self, name: str, thing: str, typed: str) -> list[simcord.InteractionResult]:
        """Type into every option that suggests something."""
        return [
            self.send(
                _Kind.autocomplete,
                run(
                    self.harness.bot,
                    command,
                    [
                        *(
                            other
                            for other in self.options(command, name, thing, "")
                            if other["name"] != option.display_name
                        ),
                        {
                            "name": option.display_name,
                            "type": option.type.value,
                            "value": typed,
                            "focused": True,
                        },
                    ],
                ),
            )
            for command in walk(self.harness.bot)
            for option in command.parameters
            if option.autocomplete
        ]

    def components(self, name: str, thing: str) -> list[simcord.InteractionResult]:
        """Use every persistent component, with a custom id that names data of the first server."""
        return [
            self.press(
                self.component(kind, name, thing), component_type(kind), self.picked(kind, name, thing)
            )
            for kind in persistent_components(self.harness.bot)
        ]

    def picked(self, kind: type[Any], name: str, thing: str) -> str:
        """Return what is picked from a menu: a channel, a duration, a connection, or an agent."""
        if component_type(kind) == CHANNEL_MENU:
            return str(self.known[2].id)
        if kind is MuteSelect:
            return "1h"
        if kind is MaintenanceSelect:
            return "1"
        return name if "connection" in kind.__name__.lower() else thing

    def component(self, kind: type[Any], name: str, thing: str) -> str:
        """Return a custom id that names data of the first server."""
        role, member, _ = self.known
        preferred = {
            "connection": name,
            "name": name,
            "provider": provider_of(thing),
            "member": str(member.id),
            "bot_id": str(member.id),
            # Any value of these is possible in every server.
            "page": "1",
            "number": "1",
        }
        return custom_id_of(kind, preferred, thing, str(role.id), *IDS)

    def opened(self) -> list[simcord.InteractionResult]:
        """Use what the first server's manager has open: press buttons, send forms with good values."""
        sent = []
        for asked in self.asked:
            if asked.modal is not None:
                values = {**self.harness.toolzz.credentials, **self.harness.sensay.credentials}
                fields = [item["component"] for item in asked.modal["components"] if "component" in item]
                filled = [
                    {
                        "type": 18,
                        "component": {
                            "type": field["type"],
                            "custom_id": field["custom_id"],
                            "value": values.get(field["custom_id"], "x"),
                        },
                    }
                    for field in fields
                ]
                sent.append(
                    self.send(
                        _Kind.modal_submit, {"custom_id": asked.modal["custom_id"], "components": filled}
                    )
                )
                continue
            message = final(asked)
            sent += [
                self.press(button["custom_id"], message=message)
                for row in message.components
                for button in row["components"]
                if "custom_id" in button
            ]
        self.asked = []
        return sent

    def press(
        self,
        custom_id: str,
        kind: int = BUTTON,
        picked: str = "",
        message: simcord.ResponseMessage | None = None,
    ) -> simcord.InteractionResult:
        """Press a button, or pick from a menu."""
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": kind}
        if kind != BUTTON:
            data["values"] = [picked]
        if kind == CHANNEL_MENU:
            data["resolved"] = {"channels": self.resolved()["channels"]}
        if message is None:
            message = self.own_message
            stored = self.harness.env.backend.get_message(message.channel_id, message.id)
            component = {"type": kind, "custom_id": custom_id, **PAYLOADS[kind]}
            stored.components = [{"type": 1, "components": [component]}]
        return self.send(_Kind.component, data, message=message)

    def follow(self, answers: list[simcord.InteractionResult]) -> list[simcord.InteractionResult]:
        """Press every button of the answers that the second server's manager got."""
        return [
            self.press(button["custom_id"], message=message)
            for answered in reversed(answers)  # the answer that erases everything comes last
            for message in [*([answered.response] if answered.response else []), *answered.followups]
            for row in message.components
            for button in row["components"]
            if "custom_id" in button and button["type"] == BUTTON
        ]

    def send(
        self,
        kind: discord.InteractionType,
        data: Mapping[str, Any],
        message: simcord.ResponseMessage | None = None,
    ) -> simcord.InteractionResult:
        """Let the second server's manager send it, from that server."""
        USES["uses"] += 1
        return self.other.send(kind, self.other.manager, data, message=message)

    def options(
        self, command: app_commands.Command[Any, ..., Any], name: str, thing: str, without: str
    ) -> list[dict[str, Any]]:
        """Fill in options with values of the first server."""
        role, member, channel = self.known
        texts = {"connection": name, "name": name, "provider": provider_of(thing)}
        values: dict[discord.AppCommandOptionType, Any] = {
            _Option.integer: 1,
            _Option.boolean: False,
            _Option.role: str(role.id),
            _Option.user: str(member.id),
            _Option.channel: str(channel.id),
            _Option.string: thing,
        }
        return [
            given(option, {option.name: texts.get(option.name, values[option.type])})
            for option in command.parameters
            if option.required or option.name != without
        ]

    def resolved(self) -> dict[str, Any]:
        """Return a role, a member and a channel of the first server as if Discord had resolved them."""
        backend = self.harness.env.backend
        role, member, channel = self.known
        place = dict(serializers.channel_payload(backend, backend.get_channel(channel.id)))
        return {
            "roles": {str(role.id): dict(serializers.role_payload(role._role))},
            "users": {str(member.id): dict(serializers.user_payload(backend.get_user(member.id)))},
            "channels": {str(channel.id): {**place, "permissions": "8"}},
        }

    # --- what must not have happened ---

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of the first server, by table."""
        with closing(sqlite3.connect(self.harness.database)) as database:
            return {
                name: database.execute(
                    f"SELECT * FROM {name} WHERE guild_id = ?",  # noqa: S608 - names of our own tables
                    (self.harness.guild.id,),
                ).fetchall()
                for name in sorted(tables(self.harness.database))
            }

    def asked_of_providers(self) -> int:
        """Count the requests to providers and to Discord's API."""
        asked = [*self.harness.simulators.values(), self.harness.discord_api]
        return sum(len(simulator.requests) for simulator in asked)


def provider_of(thing: str) -> str:
    """Return the slug of the provider to which an id belongs."""
    return "sensay" if thing == SensaySimulator.ACTIVE else "toolzz"
