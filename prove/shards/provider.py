"""A simulated Toolzz that knows each bot by its port, and records what it asks for."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final, Self
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.providers.toolzz.simulated_unit import both_lists, integration
from bot.providers.toolzz.simulator import ToolzzSimulator
from prove.shards.record import Record, Request

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class WatchedToolzz(ToolzzSimulator):
    """A ``ToolzzSimulator`` with a unit and an agent for each of some servers."""

    record: Record
    ports: Mapping[int, int]
    """The bot that each port is for."""

    @classmethod
    @contextlib.asynccontextmanager
    async def for_bots(cls, bots: int, record: Record) -> AsyncIterator[Self]:
        """Serve until the block ends, to each bot at a port of its own."""
        async with cls() as provider:
            provider.record = record
            provider.guilds = {}
            runner = provider._runner
            assert runner is not None  # noqa: S101 - it has been started
            own = provider._port
            for _ in range(bots):
                await web.TCPSite(runner, "127.0.0.1", 0).start()
            others = [port for _, port in runner.addresses if port != own]
            provider.ports = {port: bot for bot, port in enumerate(others)}
            yield provider

    guilds: dict[str, int]
    """The server of each unit and agent."""

    def environment_of(self, bot: int) -> dict[str, str]:
        """Return the settings of both base URLs for one bot."""
        (port,) = (port for port, each in self.ports.items() if each == bot)
        return {name: url.replace(f":{self._port}/", f":{port}/") for name, url in self.environment().items()}

    def add_agent(self, guild_id: int, channel: tuple[str, str]) -> tuple[str, str]:
        """Add a unit with an agent for a server; return the ids of both. channel: its id and name."""
        unit, agent = str(UUID(int=(1 << 101) + guild_id)), str(UUID(int=(1 << 100) + guild_id))
        self.integrations[agent] = integration(
            agent, "Agent", unitId=unit, guildId=str(guild_id), **both_lists([channel])
        )
        self.guilds |= {unit: guild_id, agent: guild_id}
        return unit, agent

    async def respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, and note who has asked."""
        assert request.transport is not None  # noqa: S101 - it is answered on it
        bot = self.ports.get(request.transport.get_extra_info("sockname")[1])
        if bot is not None:
            found = _UUID.search(request.path)
            guild_id = self.guilds.get(found[0]) if found else None
            what = f"{request.method} {request.path}"
            self.record.requests.append(Request(time.time(), bot, "Toolzz", what, guild_id))
            if guild_id is not None and "/unit/" in request.path:
                self.record.lists[guild_id].append(time.time())
        return await super().respond(request, handler)
