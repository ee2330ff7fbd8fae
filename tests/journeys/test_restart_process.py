"""What remains after the bot's process ends, and what it finishes before."""

import asyncio

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.clock import Held
from tests.support.demo_steps import connect, simulator, text
from tests.support.english import english


async def has_written(bot: BotProcess, words: str) -> None:
    """Wait until the bot has written a line with these words."""
    while not any(words in line for line in bot.lines):  # noqa: ASYNC110 - a line wakes nobody
        await asyncio.sleep(0.02)


async def test_a_server_does_not_notice_a_restart(stage: Stage) -> None:
    """After a restart credentials can be read, an older button works, and no command is registered again."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot() as bot:
        await connect(stage, toolzz)
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        before = await stage.discord.answer(asked)
        assert await bot.stop() == 0
    async with stage.running_bot():
        after = await stage.discord.answer(await mira.click(before.message, label="Refresh"))
        assert after.id == before.id
        assert "Suporte da loja" in text(after)
    registered = [call for call in stage.discord.env.http_requests if call.path.endswith("/commands")]
    assert len(registered) == 1


async def test_a_command_is_answered_before_the_bot_ends(stage: Stage) -> None:
    """SIGTERM while a command waits for its provider: the member is answered, then the exit code is 0."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot() as bot:
        await connect(stage, toolzz)
        toolzz.fail(held := Held())
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        ending = asyncio.create_task(bot.stop())
        await has_written(bot, "stopping")
        held.let_go.set()
        assert await ending == 0
        assert "Suporte da loja" in text(await stage.discord.answer(asked, 0))


async def test_a_gateway_that_is_down_does_not_hold_up_the_end(stage: Stage) -> None:
    """discord.py tries to connect for ever; SIGTERM ends the bot all the same, with exit code 0."""
    nowhere = stage.environment() | {"PATCHBAY_DISCORD_GATEWAY_URL": "ws://127.0.0.1:9"}
    async with BotProcess(nowhere, stage.folder) as bot:
        await stage.discord.commands_synced()  # the last thing before the gateway
        await has_written(bot, "Failed to connect")
        assert await bot.stop() == 0


async def test_a_command_that_comes_while_the_bot_ends_is_told_so(stage: Stage) -> None:
    """Nothing new is started, and the member is told to try again in a minute."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot() as bot:
        await connect(stage, toolzz)
        toolzz.fail(held := Held())
        await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        ending = asyncio.create_task(bot.stop())
        await has_written(bot, "stopping")
        asked = await mira.slash(channel, "help")
        assert english("problem.restarting.title") in text(await stage.discord.answer(asked))
        held.let_go.set()
        assert await ending == 0
