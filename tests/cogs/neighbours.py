"""Two servers beside each other, and every door by which one might get at what the other has."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import discord
import simcord
from discord import app_commands
from simcord.backend import serializers

from bot.app import build_bot
from bot.kit.integration import State
from bot.kit.redaction import Redactor
from bot.kit.report import Report, Reports
from bot.kit.tier import Tier
from bot.monitors.reading import Outcome, Reading
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.runtime.alert_buttons import MuteSelect
from bot.settings import load_settings
from tests.cogs.discord_desk import DiscordDesk
from tests.cogs.town import Env, Town, environment, final, settle
from tests.runtime.test_guard_matrix import (
    BUTTON,
    CHANNEL_MENU,
    LOOKS,
    component_type,
    lasting,
    sample,
    template_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.runtime.client import PatchbayBot

_Kind = discord.InteractionType
_Option = discord.AppCommandOptionType

KNOWN: Final = "harbour"
"""A connection whose name the strangers have heard of."""
SECRET: Final = "plover-desk"
"""A connection, and part of the name of an agent, that nobody outside has ever typed."""
UNTYPED_INTEGRATION: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4caa"
NAMES: Final = ("default", KNOWN)
IDS: Final = (ToolzzSimulator.CONNECTED, ToolzzSimulator.AGENT, SensaySimulator.ACTIVE)
VERBS: Final = ("rotate", "remove", "add", "link", "unlink", "grant", "revoke", "mirror", "watch")
TALLY: Final = {"uses": 0}


class World:
    """Two servers that one bot serves: ours, which has a lot, and that of the strangers."""

    def __init__(self, town: Town) -> None:
        self.town, self.abroad = town, town.abroad()
        guild, env = town.guild, town.env
        self.told = guild.create_role("Crew"), guild.add_member(env.create_user("lou")), town.channel
        self.untold = guild.create_role("Lookout"), guild.add_member(env.create_user("kim"))
        self.mirror = guild.create_text_channel("logbook")
        self.alarm = guild.create_text_channel("alarm")
        # What is for us comes to us, whenever it gets round to it.
        self.ours = tuple(
            f"/channels/{place.id}/messages" for place in (self.mirror, self.alarm, town.channel)
        )
        self.asked: list[simcord.InteractionResult] = []
        self.own: simcord.ResponseMessage
        untyped = (guild, town.manager, *self.untold, self.mirror, self.alarm)
        self.canaries = [SECRET, UNTYPED_INTEGRATION, *(str(thing.id) for thing in untyped)]

    async def furnish(self, *, own: bool) -> None:
        """Give our server one of everything. own: whether the strangers have connections as well."""
        bot, here, member = self.town.bot, self.town.guild.id, self.town.manager.id
        for provider, name in (
            ("toolzz", "default"),
            ("toolzz", KNOWN),
            ("toolzz", SECRET),
            ("sensay", "default"),
        ):
            await self.add(here, provider, name, member)
        for name, integration in ((KNOWN, ToolzzSimulator.CONNECTED), (SECRET, UNTYPED_INTEGRATION)):
            await self.link(here, name, integration, member)
        opened = await bot.connections.open(here, "sensay", "default")
        await bot.integrations.record(opened, SensaySimulator.ACTIVE, SECRET, bot_id=member, member_id=member)
        for role, person in (self.told[:2], self.untold):
            await bot.access.grant(here, "role", role.id, Tier.MANAGER, member_id=member)
            await bot.access.grant(here, "member", person.id, Tier.VIEWER, member_id=member)
        await bot.audit.note(here, "connection.refused", f"toolzz · {SECRET}", member_id=member)
        await bot.guild_records.set_audit_channel(here, self.mirror.id)
        await bot.alerts.set_route(here, self.alarm.id, member_id=member, role_id=self.untold[0].id)
        await self.check(here, SECRET, State.ERROR)
        watched = await bot.watching.find(here, f"toolzz:{UNTYPED_INTEGRATION}")
        await bot.alerts.mute(here, watched, 3600, member_id=member)
        place = bot.get_guild(here)
        assert place is not None
        await bot.boards.place(place, self.alarm.id, member_id=member)
        if own:
            there, stranger = self.abroad.guild.id, self.abroad.manager.id
            for provider in ("toolzz", "sensay"):
                await self.add(there, provider, "default", stranger)
            await self.link(there, "default", ToolzzSimulator.CONNECTED, stranger)
            await self.check(there, "Elsewhere", State.CONNECTED)

    async def check(self, guild: int, label: str, state: State) -> None:
        """Find two of the guild's integrations with Toolzz in a state, often enough that it counts."""
        ids = ToolzzSimulator.CONNECTED, UNTYPED_INTEGRATION if label == SECRET else ToolzzSimulator.AGENT
        reports = Reports(tuple(Report(each, label, state) for each in ids), complete=True)
        at = int(self.town.env.now().timestamp())
        for _ in range(2):
            await self.town.bot.recorder.take(
                Reading(guild, "toolzz", "default", at, Outcome.ANSWERED, reports)
            )

    async def add(self, guild: int, provider: str, name: str, member: int) -> None:
        """Connect a provider."""
        values = self.town.simulator(provider).credentials
        await self.town.bot.connections.add(guild, provider, name, values, member_id=member)

    async def link(self, guild: int, name: str, integration: str, member: int) -> None:
        """Count an integration with Toolzz as the guild's own, by a label of our own."""
        opened = await self.town.bot.connections.open(guild, "toolzz", name)
        label = SECRET if guild == self.town.guild.id else "Elsewhere"
        await self.town.bot.integrations.record(opened, integration, label, bot_id=None, member_id=member)

    async def change(self, verb: str) -> None:
        """Let our manager change something; most of it can be undone by another change."""
        bot, here, member = self.town.bot, self.town.guild.id, self.town.manager.id
        values = self.town.toolzz.credentials
        there = KNOWN in await bot.connections.names(here, "toolzz")
        if verb == "rotate" and there:
            await bot.connections.rotate(here, "toolzz", KNOWN, values, member_id=member)
        elif verb == "remove" and there:
            await bot.connections.remove(here, "toolzz", KNOWN)
        elif verb == "add" and not there:
            await self.add(here, "toolzz", KNOWN, member)
        elif verb == "link":
            await self.link(here, "default", ToolzzSimulator.DISCONNECTED, member)
        elif verb == "unlink":
            await bot.integrations.forget(here, "toolzz", ToolzzSimulator.DISCONNECTED)
        elif verb == "grant":
            await bot.access.grant(here, "role", self.told[0].id, Tier.VIEWER, member_id=member)
        elif verb == "revoke":
            await bot.access.revoke(here, "role", self.told[0].id)
        elif verb == "mirror":
            await bot.guild_records.set_audit_channel(here, self.town.channel.id)
        elif verb == "watch":
            watched = await bot.watching.find(here, ToolzzSimulator.CONNECTED)
            await bot.alerts.mute(here, watched, 0 if watched.muted_until else 3600, member_id=member)
            await self.check(here, SECRET, State.CONNECTED if watched.incident else State.ERROR)
        await bot.audit.note(here, "connection.rotate", f"toolzz · {SECRET}", member_id=member)
        await self.town.env.settle(idle=0.05)  # the mirror repeats it

    async def ask(self) -> None:
        """Let our manager open questions and forms, and leave them open."""
        town = self.town
        runs: list[tuple[str, dict[str, Any]]] = [
            ("connections remove", {"provider": "toolzz", "name": SECRET}),
            ("connections rotate", {"provider": "toolzz", "name": SECRET}),
            ("connections add", {"provider": "toolzz", "name": "fresh"}),
            ("toolzz unlink", {"integration": UNTYPED_INTEGRATION, "connection": SECRET}),
            ("privacy delete", {}),
        ]
        commands = {command.qualified_name: command for command in walk(town.bot)}
        self.asked = [
            town.send(
                _Kind.application_command,
                town.manager,
                run(
                    town.bot,
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
        await town.env.settle(idle=0.05)
        assert sum(result.modal is not None for result in self.asked) == 2

    # --- the strangers' doors ---

    def commands(self, name: str, thing: str, without: str) -> list[simcord.InteractionResult]:
        """Run every command with what is ours in all options, but for one that may be left out."""
        return [
            self.send(
                _Kind.application_command,
                run(self.town.bot, command, self.options(command, name, thing, without), self.resolved()),
            )
            for command in walk(self.town.bot)
        ]

    def suggestions(self, name: str, thing: str, typed: str) -> list[simcord.InteractionResult]:
        """Type into every option that suggests something."""
        return [
            self.send(
                _Kind.autocomplete,
                run(
                    self.town.bot,
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
            for command in walk(self.town.bot)
            for option in command.parameters
            if option.autocomplete
        ]

    def components(self, name: str, thing: str) -> list[simcord.InteractionResult]:
        """Press every button and pick from every menu that outlives a restart, for what is ours."""
        return [
            self.press(
                self.component(kind, name, thing), component_type(kind), self.picked(kind, name, thing)
            )
            for kind in lasting(self.town.bot)
        ]

    def picked(self, kind: type[Any], name: str, thing: str) -> str:
        """Return what is picked from a menu: a channel, a duration, a connection, or an agent."""
        if component_type(kind) == CHANNEL_MENU:
            return str(self.told[2].id)
        if kind is MuteSelect:
            return "1h"
        return name if "connection" in kind.__name__.lower() else thing

    def component(self, kind: type[Any], name: str, thing: str) -> str:
        """Return a custom id that names what is ours."""
        template = template_of(kind)

        def value(group: re.Match[str]) -> str:
            label, pattern = group[1], group[2]
            role, member, _ = self.told
            wanted = {
                "connection": name,
                "name": name,
                "provider": provider_of(thing),
                "member": str(member.id),
                "bot_id": str(member.id),
            }
            for text in (wanted.get(label, thing), str(role.id), *IDS):
                if label not in {"page", "number", "action"} and re.fullmatch(pattern, text):
                    return text
            return sample(group[0])

        custom_id = re.sub(r"\(\?P<(\w+)>([^()]*(?:\([^()]*\))?[^()]*)\)", value, template)
        assert re.fullmatch(template, custom_id), custom_id
        return custom_id

    def opened(self) -> list[simcord.InteractionResult]:
        """Use what our manager has open: press its buttons, send its forms filled in well."""
        sent = []
        for asked in self.asked:
            if asked.modal is not None:
                values = {**self.town.toolzz.credentials, **self.town.sensay.credentials}
                fields = [item["component"] for item in asked.modal["components"] if "component" in item]
                filled = [
                    {
                        "type": 18,
                        "component": {
                            "type": 4,
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
            message = self.own
            stored = self.town.env.backend.get_message(message.channel_id, message.id)
            component = {"type": kind, "custom_id": custom_id, **LOOKS[kind]}
            stored.components = [{"type": 1, "components": [component]}]
        return self.send(_Kind.component, data, message=message)

    def follow(self, answers: list[simcord.InteractionResult]) -> list[simcord.InteractionResult]:
        """Press every button of what the strangers have been answered."""
        return [
            self.press(button["custom_id"], message=message)
            for answered in reversed(answers)  # to erase everything comes last
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
        """Let the strangers' manager send it, from their server."""
        TALLY["uses"] += 1
        return self.abroad.send(kind, self.abroad.manager, data, message=message)

    def options(
        self, command: app_commands.Command[Any, ..., Any], name: str, thing: str, without: str
    ) -> list[dict[str, Any]]:
        """Fill in options with what is ours."""
        role, member, channel = self.told
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
        """Return our role, member and channel as if the strangers' Discord knew them."""
        backend = self.town.env.backend
        role, member, channel = self.told
        place = dict(serializers.channel_payload(backend, backend.get_channel(channel.id)))
        return {
            "roles": {str(role.id): dict(serializers.role_payload(role._role))},
            "users": {str(member.id): dict(serializers.user_payload(backend.get_user(member.id)))},
            "channels": {str(channel.id): {**place, "permissions": "8"}},
        }

    # --- what must not have happened ---

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of ours."""
        with closing(sqlite3.connect(self.town.database)) as database:
            names = [
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            ours = [
                name
                for name in sorted(names)
                if any(column[1] == "guild_id" for column in database.execute(f"PRAGMA table_info({name})"))
            ]
            return {
                name: database.execute(
                    f"SELECT * FROM {name} WHERE guild_id = ?",  # noqa: S608 - names of our own tables
                    (self.town.guild.id,),
                ).fetchall()
                for name in ours
            }

    def asked_of_providers(self) -> int:
        """Count the requests to providers."""
        return len(self.town.toolzz.requests) + len(self.town.sensay.requests) + len(self.town.desk.requests)


def provider_of(thing: str) -> str:
    """Return whose an id is."""
    return "sensay" if thing == SensaySimulator.ACTIVE else "toolzz"


def walk(bot: PatchbayBot) -> Iterator[app_commands.Command[Any, ..., Any]]:
    """Yield every command."""
    for command in bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command


def given(option: app_commands.Parameter, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an option as Discord sends it: its value here, or a choice where only some are allowed."""
    allowed = [choice.value for choice in option.choices]
    value = values[option.name]
    value = value if not allowed or value in allowed else allowed[-1]
    return {"name": option.display_name, "type": option.type.value, "value": value}


def run(
    bot: PatchbayBot,
    command: app_commands.Command[Any, ..., Any],
    options: list[dict[str, Any]],
    resolved: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what Discord sends when a command is run, or typed."""
    if command.parent is not None:
        options = [{"name": command.name, "type": 1, "options": options}]
    top = command.root_parent or command
    known = {"id": str(bot.tree.command_ids.get(top.name, 1)), "name": top.name, "type": 1}
    return {**known, "options": options, "resolved": dict(resolved or {})}


async def found(stack: AsyncExitStack, folder: Path, empty: Path) -> Town:
    """Found a town, as the fixtures do, but in the loop of one example."""
    sensay = await stack.enter_async_context(SensaySimulator())
    toolzz = await stack.enter_async_context(ToolzzSimulator())
    desk = await stack.enter_async_context(DiscordDesk())
    with mock.patch.dict(os.environ, environment(folder, sensay, toolzz, desk)):
        chosen = load_settings()
    shutil.copy(empty, chosen.database_path)

    async def start(redactor: Redactor) -> PatchbayBot:
        return await stack.enter_async_context(build_bot(chosen, redactor))

    bot = await start(Redactor())
    env = Env(bot, check_errors=False)
    await env.start()
    stack.push_async_callback(env.shutdown)
    return settle(env, bot, start, sensay, toolzz, desk, chosen.database_path)
