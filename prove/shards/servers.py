"""The servers of Discord's that several bots serve: their agents, which break and heal, and their members."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from simcord import ChannelHandle, MemberActor

from benchmarks.acting import Acting
from bot.app import build_bot
from bot.features.alerts.service import RouteSettings
from bot.features.connections.service import DEFAULT_NAME
from bot.providers.base.redaction import Redactor
from bot.settings import settings_model
from prove.shards.discord import ShardedDiscord
from prove.shards.provider import WatchedToolzz
from prove.shards.record import Asked, Record

FIRST: Final = 300_000_000_000
"""The time in the first server's id; the later ones follow."""
COMMANDS: Final = ("help", "connections list", "alerts list", "audit list", "integrations overview")
EVERY: Final = 0.1
"""Seconds from one command to the next, of those of all members."""
BREAKS_EVERY: Final = 2.0
"""Seconds from one agent that breaks to the next."""
AGENT_MAY: Final = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, read_message_history=True
)
BROKEN_FOR: Final = 30.0
"""Seconds that an agent stays broken after its server was told."""


@dataclass(slots=True)
class Server:
    """A server, its owner, and its channels. agent: the id of its agent, "" without one."""

    guild_id: int
    owner: MemberActor
    general: ChannelHandle
    alerts: ChannelHandle | None = None
    agent: str = ""
    unit: str = ""
    broken_at: float | None = None
    told_at: float | None = None
    healed_at: float | None = None


class Servers:
    """All of them."""

    def __init__(
        self, simulated: ShardedDiscord, toolzz: WatchedToolzz, record: Record, *, number: int, watched: int
    ) -> None:
        """number: how many there are. watched: how many of them have an agent; their shards take turns."""
        self._discord = simulated
        self._toolzz = toolzz
        self._record = record
        self._acting = Acting(simulated)
        self._agent = simulated.add_application(toolzz.discord_token, "agent")
        self.all = [self._create(each, is_watched=each < watched) for each in range(number)]

    def _create(self, number: int, *, is_watched: bool) -> Server:
        env = self._discord.env
        owner = env.create_user(f"owner{number}")
        guild = env.create_guild(f"Server {number}", id=(FIRST + number) << 22, owner=owner)
        server = Server(guild.id, MemberActor(env, guild, owner), guild.create_text_channel("general"))
        if is_watched:
            server.alerts = guild.create_text_channel("alerts")
            self._discord.join(self._agent, guild.id, AGENT_MAY)
            channel = (str(server.general.id), "general")
            server.unit, server.agent = self._toolzz.add_agent(guild.id, channel)
        return server

    @property
    def watched(self) -> Sequence[Server]:
        """Those with an agent."""
        return [each for each in self.all if each.agent]

    @property
    def broken(self) -> Sequence[Server]:
        """Those whose agent has broken, healed or not."""
        return [each for each in self.all if each.broken_at is not None]

    async def connect(self, environment: dict[str, str]) -> None:
        """Connect the servers to their agents' provider, and let alerts go to their channels.

        environment: a bot's; no bot runs.
        """
        values = {name.removeprefix("PATCHBAY_").lower(): value for name, value in environment.items()}
        settings = settings_model()(**values)  # type: ignore[arg-type] # each is checked there
        async with build_bot(settings, Redactor()) as bot:
            for server in self.watched:
                assert server.alerts is not None  # noqa: S101 - it has an agent
                credentials = {**self._toolzz.credentials, "unit_id": server.unit}
                member_id = server.owner.id
                await bot.services.connections.add(
                    server.guild_id, self._toolzz.slug, DEFAULT_NAME, credentials, member_id=member_id
                )
                await bot.services.alerts.set_route(
                    server.guild_id, server.alerts.id, RouteSettings(), member_id=member_id
                )

    # --- members ------------------------------------------------------------------------------------------

    async def ask(self) -> None:
        """Let members run commands at a fixed rate, whether or not earlier ones were answered."""
        chance = random.Random(1)
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._ask(chance.choice(self.all), chance.choice(COMMANDS)))
                await asyncio.sleep(EVERY)

    async def _ask(self, server: Server, command: str) -> None:
        asked = Asked(time.time(), server.guild_id, command)
        self._record.asked.append(asked)
        with contextlib.suppress(TimeoutError, LookupError):
            await self._acting.run(server.owner, server.general, command)
            asked.answered_at = time.time()

    # --- agents -------------------------------------------------------------------------------------------

    async def break_and_heal(self) -> None:
        """Let one agent after the other break, and heal each some time after its server was told of it."""
        waiting = [server for server in self.watched if server.broken_at is None]
        began = time.time()
        for number, server in enumerate(waiting):
            await asyncio.sleep(max(0.0, began + number * BREAKS_EVERY - time.time()))
            self._toolzz.break_integration(server.agent)
            server.broken_at = time.time()

    async def look(self) -> None:
        """Note when a server was told, and heal its agent later."""
        while True:
            for server in self.broken:
                if server.told_at is None and self.messages(server):
                    server.told_at = time.time()
                if server.healed_at is None and server.told_at and server.told_at + BROKEN_FOR < time.time():
                    self.heal(server)
            await asyncio.sleep(0.5)

    def heal(self, server: Server) -> None:
        """Heal an agent."""
        self._toolzz.heal_integration(server.agent)
        server.healed_at = time.time()

    def messages(self, server: Server) -> Sequence[str]:
        """Return the titles of the alerts in a server's channel."""
        assert server.alerts is not None  # noqa: S101 - it has an agent
        found = self._discord.env.backend.messages.get(server.alerts.id, {})
        return [embed["title"] for message in found.values() for embed in message.embeds]
