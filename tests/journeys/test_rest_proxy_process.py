"""Two processes of the bot, which together send more than Discord takes, with a REST proxy and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from simcord import ChannelHandle, MemberActor

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from tests.support.demo_steps import text
from tests.support.rest_limit import LimitedDiscord, WaitingProxy

READY_WITHIN = 40
"""Seconds for two starts at five requests a second, on a busy machine."""
COMMANDS = 8
"""How many each server gets."""


@asynccontextmanager
async def two_bots(stage: Stage, database_url: str, api_url: str) -> AsyncIterator[None]:
    """Run a process for each of two shards until the block ends; both are connected when it begins."""
    environment = stage.environment() | {
        "PATCHBAY_DATABASE_URL": database_url,
        "PATCHBAY_DISCORD_API_URL": f"{api_url}/api/v10",
        "PATCHBAY_SHARD_COUNT": "2",
    }
    async with (
        BotProcess(environment | {"PATCHBAY_SHARD_IDS": "0"}, stage.folder) as first,
        BotProcess(environment | {"PATCHBAY_SHARD_IDS": "1"}, stage.folder) as second,
    ):
        await first.alongside(stage.discord.commands_synced(READY_WITHIN))
        await second.alongside(stage.discord.until(lambda: _ready(stage) == {0, 1}, READY_WITHIN))
        yield
        assert set(await asyncio.gather(first.stop(), second.stop())) == {0}


def _ready(stage: Stage) -> set[int]:
    return {each._shard for each in stage.discord._connections if each.ready}


def second_server(stage: Stage) -> tuple[MemberActor, ChannelHandle]:
    """Make a server of the other shard; return its owner and a channel."""
    env, world = stage.discord.env, stage.world
    owner = env.create_user("noa")
    guild = env.create_guild("Second", id=world.guild.id + (1 << 22), owner=owner)
    return MemberActor(env, guild, owner), guild.create_text_channel("general")


async def answered(stage: Stage, other: tuple[MemberActor, ChannelHandle]) -> list[str]:
    """Let members of both servers ask in turn, without a pause, and return what they were answered."""
    whom = [(stage.world.mira, stage.world.operations), other] * COMMANDS
    asked = [await member.slash(channel, "help") for member, channel in whom]
    return [text(await stage.discord.answer(each, 30)) for each in asked]


def origin(stage: Stage) -> str:
    """Return where the simulated Discord's paths begin."""
    parts = urlsplit(stage.discord.environment()["PATCHBAY_DISCORD_API_URL"])
    return f"{parts.scheme}://{parts.netloc}"


async def test_a_proxy_keeps_all_processes_within_one_limit(stage: Stage, postgres_url: str) -> None:
    """Everything goes through it, start and answers; Discord refuses nothing, and all are answered."""
    other = second_server(stage)
    async with (
        LimitedDiscord.serve(origin(stage)) as discord,
        WaitingProxy.serve(discord.url) as proxy,
        two_bots(stage, postgres_url, proxy.url),
    ):
        answers = await answered(stage, other)
        assert len(answers) == 2 * COMMANDS
        assert all(answers)
        assert discord.refused == 0
        assert discord.passed == proxy.passed > 2 * COMMANDS


async def test_without_a_proxy_discord_refuses_some(stage: Stage, postgres_url: str) -> None:
    """No process knows what the other one sends. What is refused is sent again, and members notice a wait."""
    other = second_server(stage)
    async with (
        LimitedDiscord.serve(origin(stage)) as discord,
        two_bots(stage, postgres_url, discord.url),
    ):
        answers = await answered(stage, other)
        assert len(answers) == 2 * COMMANDS
        assert all(answers)
        assert discord.refused > 0
