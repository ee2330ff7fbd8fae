"""The bot's database moves to another engine, and back, while the bot runs for the most part."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text

PASSWORD = "CANARY-of-the-server"


async def comes_up(stage: Stage, bot: BotProcess) -> None:
    """Wait until the bot answers commands."""
    await bot.alongside(stage.discord.bot_ready(30))
    await bot.alongside(stage.discord.commands_synced(30))


async def begun(environment: Mapping[str, str], stage: Stage, target: str) -> asyncio.subprocess.Process:
    """Begin a move; return it when it waits for the bot to stop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "migrate-database", "--to", "-",
        cwd=stage.folder, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(target.encode())
    process.stdin.close()
    async with asyncio.timeout(60):
        while not (line := await process.stderr.readline()).startswith(b"Stop the bot now: process "):
            assert line
            assert PASSWORD.encode() not in line
    return process


async def ended(process: asyncio.subprocess.Process) -> str:
    """Wait for the end of a move, which must succeed; return what it printed."""
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    said = (output + errors).decode()
    assert process.returncode == 0, said
    assert PASSWORD not in said
    return said


async def shown(stage: Stage) -> str:
    """Return what a member reads of both agents' connections, without the times: each bot checks anew."""
    world = stage.world
    answer = await stage.discord.answer(await world.mira.slash(world.operations, "connections list"))
    return re.sub(r"<t:\d+:R>", "", text(answer))


async def test_the_database_moves_beside_the_bot(stage: Stage, postgres_url: str) -> None:
    """What members were told of is there afterwards, until the moment at which the bot stopped.

    The bot does not start on the former database.
    """
    url = postgres_url.replace("@", f":{PASSWORD}@", 1)
    on_file = stage.environment()
    on_server = on_file | {"PATCHBAY_DATABASE_URL": url}
    new_file = f"sqlite:///{stage.folder / 'new.db'}"
    async with BotProcess(on_file, stage.folder) as bot:
        await comes_up(stage, bot)
        await connect(stage, simulator(stage, ToolzzSimulator))
        move = await begun(on_file, stage, url)
        await connect(stage, simulator(stage, SensaySimulator))
        before = await shown(stage)
        assert await bot.stop() == 0
    assert "Moved " in await ended(move)
    async with BotProcess(on_server, stage.folder) as bot:
        await comes_up(stage, bot)
        assert await shown(stage) == before
        move = await begun(on_server, stage, new_file)
        assert await bot.stop() == 0
    await ended(move)
    for environment in (on_file, on_server):
        async with BotProcess(environment, stage.folder) as bot:
            async with asyncio.timeout(30):
                assert await bot._process.wait() == 78
    async with BotProcess(on_file | {"PATCHBAY_DATABASE_URL": new_file}, stage.folder) as bot:
        await comes_up(stage, bot)
        assert await shown(stage) == before
        assert await bot.stop() == 0
