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

from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from cogs.alerts.buttons import MuteSelect
from cogs.alerts.maintenance import MaintenanceSelect
from tests.support.command_payloads import given, run, walk
from tests.support.first_server import KNOWN, FirstServer
from tests.support.guild_rows import tables
from tests.support.harness import final
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

NAMES: Final = ("default", KNOWN)
IDS: Final = (ToolzzSimulator.CONNECTED, ToolzzSimulator.AGENT, SensaySimulator.ACTIVE)
USES: Final = {"uses": 0}
"""How often the second server's manager has used something."""


class World(FirstServer):
    """What the second server's manager does to reach the first one.

    own_message: a message of the bot in the second server, on which components are used.
    """

    own_message: simcord.ResponseMessage

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
