"""The bot as a process whose files cannot grow any more, and then can again."""

import json

import aiohttp
import pytest

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text
from tests.support.file_limit import let_files_grow
from tests.support.odd_discord import json_logs, logged
from tests.support.waiting import until

pytestmark = pytest.mark.sqlite
WITHIN = 30
"""Seconds for some checks of the demo, three seconds apart, on a busy machine."""
AGENT = "Suporte da loja"


async def test_a_bot_that_cannot_store_says_so_and_misses_nothing(stage: Stage) -> None:
    """It is alive and not ready, says why, and reports once what broke meanwhile and is still broken."""
    toolzz, world = simulator(stage, ToolzzSimulator), stage.world
    environment = json_logs(stage, PATCHBAY_HTTP_PORT="0")
    async with BotProcess(environment, stage.folder) as process, aiohttp.ClientSession() as session:
        await process.alongside(stage.discord.bot_ready(WITHIN))
        await process.alongside(stage.discord.commands_synced(WITHIN))
        (served,) = logged(process, "health_served")

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(f"http://127.0.0.1:{served['port']}{path}") as answer:
                return answer.status, await answer.text()

        await connect(stage, toolzz)
        asked = await world.mira.slash(world.operations, "alerts set", channel=world.alerts, after=1)
        assert "Alerts" in text(await stage.discord.answer(asked))
        let_files_grow(process, may=False)
        # Nothing of it is seen in Discord.
        await until(lambda: bool(logged(process, "writes_failing")))
        toolzz.break_integration(toolzz.CONNECTED)
        status, said = await ask("/readyz")
        assert (status, "The database takes no writes since 20" in said) == (503, True)
        assert (await ask("/healthz"))[0] == 200
        assert alerts(stage) == []
        let_files_grow(process, may=True)
        await stage.discord.until(lambda: len(alerts(stage)) > 0, WITHIN)
        assert (await ask("/readyz"))[0] == 200
        assert len(logged(process, "writes_failing")) == len(logged(process, "writes_back")) == 1
        assert not [line for line in process.lines if "Traceback" in line]
        assert len(alerts(stage)) == 1


def alerts(stage: Stage) -> list[int]:
    """Return the messages of the bot that are about the agent, in the channel for alerts."""
    env = stage.discord.env
    posted = env.backend.messages[stage.world.alerts.id].values()
    return [
        each.id
        for each in posted
        if each.author_id == env.backend.bot_user.id and AGENT in json.dumps(each.embeds, default=str)
    ]
