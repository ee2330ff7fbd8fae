"""The server in the pictures: its people, channels and agents, with names of the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import discord
import simcord

from bot.i18n.catalog import Texts
from tests.support.building import open_harness
from tests.support.harness import BotHarness, buttons, final

SOON: Final = 10
"""Seconds after which an alert is posted, and a change shows on the board."""
TODAY: Final = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
"""When the pictures are taken, so that they differ only if what they show differs."""
BUTTON: Final = 2
"""Discord's number of this component."""


@dataclass(frozen=True)
class Names:
    """The names in one language."""

    server: str
    agents: str
    alerts: str
    moderators: str
    helper: str


NAMES: Final[Mapping[str, Names]] = {
    "en-US": Names("Harbour Shop", "ask-the-agents", "agent-alerts", "Moderators", "Shop Helper"),
    "pt-BR": Names(
        "Loja do Porto", "pergunte-aos-agentes", "alertas-dos-agentes", "Moderação", "Ajudante da Loja"
    ),
}


@dataclass
class World:
    """The bot in that server. Mira, a manager, does what is pictured."""

    harness: BotHarness
    agents: simcord.ChannelHandle
    alerts: simcord.ChannelHandle
    moderators: simcord.RoleHandle

    @property
    def texts(self) -> Texts:
        """The bot's texts in the language of the pictures."""
        return self.harness.texts

    async def run(self, command: str, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
        """Let Mira run a command."""
        return await self.harness.manager.slash(self.harness.channel, command, **options)

    async def press(self, shown: simcord.InteractionResult, label: str) -> simcord.InteractionResult:
        """Let Mira press the button whose label ends like this."""
        found = next(each for each in buttons(shown) if each.get("label", "").endswith(label))
        return await self.harness.manager.click(final(shown).message, custom_id=found["custom_id"])

    async def form(self, shown: simcord.InteractionResult) -> simcord.InteractionResult:
        """Let Mira press the first button, until a form opens: what she needs for it is explained before."""
        while shown.modal is None:
            pressed = next(each for each in buttons(shown) if each["type"] == BUTTON and "custom_id" in each)
            shown = await self.harness.manager.click(final(shown).message, custom_id=pressed["custom_id"])
        return shown

    async def connect(self, provider: str) -> None:
        """Let Mira have added a provider's credentials."""
        credentials = self.harness.simulator(provider).credentials
        await self.harness.bot.services.connections.add(
            self.harness.guild.id, provider, "default", credentials, member_id=self.harness.manager.id
        )

    async def check(self, times: int = 1) -> None:
        """Let all agents be checked, and what follows from that be posted."""
        for _ in range(times):
            await self.harness.bot.services.poller.check_guild(self.harness.guild.id)
        await self.harness.env.advance_time(SOON)

    def last_message(self) -> discord.Message:
        """Return the newest message in the channel for alerts."""
        return self.alerts.history()[-1]


async def open_world(stack: AsyncExitStack, folder: Path, empty: Path, locale: str) -> World:
    """Build the server. folder: for the bot's database. empty: a database with all tables."""
    harness, names = await open_harness(stack, folder, empty), NAMES[locale]
    harness.locale = locale
    backend = harness.env.backend
    backend.clock._epoch = TODAY
    harness.toolzz.clock = lambda: harness.env.now().timestamp()
    backend.edit_bot_profile("Patchbay")
    harness.remove_cooldowns()
    owner = harness.env.create_user("mira", global_name="Mira")
    guild = harness.env.create_guild(names.server, owner=owner, preferred_locale=locale)
    role = guild.create_role(names.moderators, permissions=discord.Permissions(moderate_members=True))
    agents = guild.create_text_channel(names.agents)
    alerts = guild.create_text_channel(names.alerts)
    toolzz = harness.toolzz
    bot = guild.add_member(harness.env.create_user(names.helper, bot=True))
    for integration in toolzz.integrations.values():
        integration["botClientId"] = str(bot.id)
    toolzz.place_in_guild(str(guild.id), names.server, [(str(agents.id), names.agents)])
    toolzz.integrations = {
        each: toolzz.integrations[each]
        for each in (toolzz.CONNECTED, toolzz.DISCONNECTED, toolzz.INACTIVE, toolzz.HOMELESS)
    }
    harness.discord_api.introduce(harness.sensay.discord_token, names.helper)
    manager = simcord.MemberActor(harness.env, guild, owner)
    inside = replace(harness, guild=guild, channel=agents, manager=manager)
    return World(inside, agents, alerts, role)
