"""The bot's surroundings in the demo: Discord, the providers, and a folder for its data."""

import asyncio
import base64
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import bot
from bot.demo.bot_process import BotProcess
from bot.demo.discord_server import SimulatedDiscord
from bot.demo.faults import faults
from bot.demo.world import World, build
from bot.providers.base.simulator import Simulator, simulators

READY_WITHIN: Final = 30.0
"""Seconds that the bot has from its start until it answers commands."""


CHECK_INTERVAL: Final = 3
"""Seconds between two checks: users of the demo do not wait for minutes."""


@runtime_checkable
class RunsInGuild(Protocol):
    """A simulated provider whose agents run in some server and can be moved to this one."""

    def place_in_guild(self, guild_id: str, guild_name: str, channels: Sequence[tuple[str, str]]) -> None: ...


@runtime_checkable
class TakesDiscordToken(Protocol):
    """A simulated provider that takes a bot's token; the simulated Discord knows that bot."""

    discord_token: str


@dataclass(frozen=True)
class Stage:
    """What the bot needs.

    keys: kept, so that a second bot can read what the first one stored. database: the path of the file that
    the bot makes, or the address of one on a PostgreSQL server.
    """

    discord: SimulatedDiscord
    world: World
    simulators: Sequence[Simulator]
    folder: Path
    keys: str
    database: Path | str

    @property
    def discord_token(self) -> str | None:
        """A made-up bot token for a provider, None where no provider takes one."""
        tokens = (
            provider.discord_token for provider in self.simulators if isinstance(provider, TakesDiscordToken)
        )
        return next(tokens, None)

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the bot's process; nothing of this process is passed on."""
        database = self.database
        settings = {
            "PYTHONPATH": str(Path(bot.__path__[0]).parent),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PATCHBAY_DATABASE_URL": database if isinstance(database, str) else f"sqlite:///{database}",
            "PATCHBAY_ENCRYPTION_KEYS": self.keys,
            "PATCHBAY_CHECK_INTERVAL": str(CHECK_INTERVAL),
            **self.discord.environment(),
        }
        for provider in self.simulators:
            settings |= provider.environment()
        return settings

    @asynccontextmanager
    async def running_bot(self) -> AsyncIterator[BotProcess]:
        """Run the bot until the block ends; it answers commands when the block begins.

        Raises BotFailedError if it does not come up within ``READY_WITHIN``.
        """
        async with BotProcess(self.environment(), self.folder) as process:
            await process.alongside(self.discord.bot_ready(READY_WITHIN))
            await process.alongside(self.discord.commands_synced(READY_WITHIN))
            yield process


@asynccontextmanager
async def open_stage(locale: str, database: str | None = None) -> AsyncIterator[Stage]:
    """Set up everything except the bot; nothing of it is left after the block.

    database: the address of one on a server, by default a file in the stage's folder.
    """
    async with AsyncExitStack() as stack:
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="patchbay-")
        stack.push_async_callback(asyncio.to_thread, folder.cleanup)
        discord = await stack.enter_async_context(SimulatedDiscord.serve(locale=locale))
        stage = Stage(
            discord=discord,
            world=await build(discord.env, locale),
            simulators=[await stack.enter_async_context(simulator()) for simulator in simulators()],
            folder=Path(folder.name),
            keys=f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            database=database or Path(folder.name, "patchbay.db"),
        )
        _introduce(stage)
        with faults(discord.env, stage.simulators, locale):
            yield stage


def _introduce(stage: Stage) -> None:
    """Give Discord and the providers the data of each other that they have in reality."""
    world = stage.world
    channels = [(str(channel.id), channel.name or "") for channel in (world.agents, world.support)]
    for provider in stage.simulators:
        if isinstance(provider, RunsInGuild):
            provider.place_in_guild(str(world.guild.id), world.guild.name, channels)
        if isinstance(provider, TakesDiscordToken):
            agent = stage.discord.add_application(provider.discord_token, f"{provider.slug}-agent")
            if isinstance(provider, RunsInGuild):
                stage.discord.env.backend.add_member(world.guild.id, agent, announce=True)
