"""An agent of each provider that answers in the server, and what happens to its bot there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import discord
import simcord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.discord.theme import when
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from tests.support.harness import BotHarness, embed_of
from tests.support.sensay_steps import place
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import move_here

SEND: Final = discord.Permissions(send_messages=True).value
SOON: Final = 10
"""Seconds after which an alert is posted, and a change shows on the board."""


@dataclass
class Agent:
    """An agent that answers in the server's channels."""

    harness: BotHarness
    provider: str
    id: str
    name: str
    bot: simcord.MemberActor
    until: int = 0
    """When its timeout ends, in seconds since 1970."""

    @property
    def texts(self) -> Texts:
        """The texts in the language of whoever acts next."""
        return self.harness.texts

    @property
    def key(self) -> str:
        """What the option of a command takes."""
        return f"{self.provider}:{self.id}"

    async def check(self, times: int = 1) -> None:
        """Have the provider checked, and Discord asked, as a press of Check again does."""
        for _ in range(times):
            await self.harness.bot.services.poller.check_guild(self.harness.guild.id)
        await self.harness.env.advance_time(SOON)

    async def watched(self) -> Watched:
        """Return what is stored of it."""
        return await self.harness.bot.services.monitoring.find(self.harness.guild.id, self.key)

    async def state(self) -> State:
        """Return the state that is stored."""
        return State((await self.watched()).state)

    async def run(self, command: str, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
        """Have the manager run a command."""
        return await self.harness.manager.slash(self.harness.channel, command, **options)

    async def overview(self) -> list[str]:
        """Return its line of the overview, and the line with the reason, if there is one."""
        lines = (embed_of(await self.run("integrations overview")).description or "").splitlines()
        (start,) = [number for number, line in enumerate(lines) if f"**{self.name}**" in line]
        # The squares of its last day stand between them.
        return [lines[start], *(line for line in lines[start + 2 : start + 3] if line.startswith("↳"))]

    async def own_status(self) -> simcord.InteractionResult:
        """Return the answer of the provider's own command."""
        option = {"toolzz": "integration", "sensay": "replica"}[self.provider]
        return await self.run(f"{self.provider} status", **{option: self.id})

    def alerts(self) -> list[discord.Embed]:
        """Return the alerts that the server's channel shows."""
        return [embed for embed in self._embeds() if not (embed.title or "").startswith("📡")]

    def board(self) -> str:
        """Return the text of the board."""
        (board,) = [embed for embed in self._embeds() if (embed.title or "").startswith("📡")]
        return board.description or ""

    def _embeds(self) -> list[discord.Embed]:
        channel = self.harness.guild.channels["alarm"]
        return [embed for message in channel.history() for embed in message.embeds]

    # --- what happens to its bot ---

    def kick(self) -> None:
        """Remove the bot from the server."""
        self.harness.guild.remove_member(self.bot)

    def invite(self) -> None:
        """Bring the bot back."""
        self.harness.env.backend.add_member(self.harness.guild.id, self.bot.id)

    def time_out(self) -> None:
        """Keep the bot from writing for an hour."""
        until = self.harness.env.now() + timedelta(hours=1)
        self.until = int(until.timestamp())
        self._member.timed_out_until = until.isoformat()

    def end_timeout(self) -> None:
        """Let the bot write again."""
        self._member.timed_out_until = None

    def silence(self, channels: int = 100) -> None:
        """Deny the bot to send messages in so many channels, by default in all."""
        for channel in list(self.harness.guild.channels.values())[:channels]:
            self._overwrite(channel, SEND)

    def let_speak(self) -> None:
        """Take that back."""
        for channel in self.harness.guild.channels.values():
            self._overwrite(channel, 0)

    @property
    def _member(self) -> Any:  # noqa: ANN401 - simcord's own
        return self.harness.env.backend.get_member(self.harness.guild.id, self.bot.id)

    def _overwrite(self, channel: simcord.ChannelHandle, denied: int) -> None:
        denial = Overwrite(self.bot.id, OverwriteType.MEMBER, 0, denied)
        self.harness.env.backend.set_overwrite(channel.id, denial)


@dataclass(frozen=True)
class Cause:
    """Why an agent is blocked. key: the last part of the texts that say so."""

    key: str
    begin: Callable[[Agent], None]
    end: Callable[[Agent], None]

    def why(self, agent: Agent) -> str:
        """Return the reason as members read it."""
        return agent.texts(f"state.why.{self.key}", time=when(agent.until, exact=True))


ABSENT: Final = Cause("absent", Agent.kick, Agent.invite)
TIMED_OUT: Final = Cause("timed_out", Agent.time_out, Agent.end_timeout)
NO_CHANNEL: Final = Cause("no_channel", Agent.silence, Agent.let_speak)
CAUSES: Final = (ABSENT, TIMED_OUT, NO_CHANNEL)


async def toolzz_agent(harness: BotHarness) -> Agent:
    """Connect Toolzz, whose unit has one integration; it answers in five channels."""
    await harness.connect("toolzz")
    channels = [harness.channel, *(harness.guild.create_text_channel(f"pier-{each}") for each in range(4))]
    bot = add_agent_bot(harness)
    move_here(harness, *channels)
    integration = harness.toolzz.CONNECTED
    harness.toolzz.integrations = {integration: harness.toolzz.integrations[integration]}
    return Agent(harness, "toolzz", integration, "Suporte da loja", bot)


async def sensay_agent(harness: BotHarness) -> Agent:
    """Connect Sensay, and a replica whose bot the server knows."""
    await harness.connect("sensay")
    replica = harness.sensay.ACTIVE
    harness.sensay.replicas[replica]["discord_integration"] = {"service_name": "x", "is_active": True}
    bot = harness.guild.add_member(harness.env.create_user("desk", bot=True))
    await place(harness, replica, bot.id)
    return Agent(harness, "sensay", replica, harness.sensay.replicas[replica]["name"], bot)


CONNECT: Final = {"toolzz": toolzz_agent, "sensay": sensay_agent}
