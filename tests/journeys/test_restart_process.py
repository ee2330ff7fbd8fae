"""What outlives the bot's process, and what it finishes before it ends."""

from bot.demo.stage import Stage
from bot.kit.simulator import Slow
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.journeys.steps import connect, simulator, text


async def test_a_server_does_not_notice_a_restart(stage: Stage) -> None:
    """After it credentials open, an older button works, and no command is registered anew."""
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
        toolzz.fail(Slow(1))
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        assert await bot.stop() == 0
        assert "Suporte da loja" in text(await stage.discord.answer(asked, 0))
