"""Kills the bot's process while it hands a token over, and stops it: the audit log has what was tried."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.providers.base.simulator import Answer, Fault
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.clock import Held
from tests.support.demo_steps import connect, fill_in, simulator, text
from tests.support.english import english
from tests.support.stage_database import end_leases, run


async def until(condition: Callable[[], object]) -> None:
    """Wait until something outside this process has happened."""
    while not condition():  # noqa: ASYNC110 - another process wakes nobody
        await asyncio.sleep(0.02)


def handovers(stage: Stage) -> list[tuple[str, int | None]]:
    """Return the result of each entry about a handover, and the number of the entry that it ends."""
    query = "SELECT result, ends FROM audit WHERE action = 'sensay.connect' ORDER BY number"
    return [(row[0], row[1]) for row in run(stage, query)]


async def kill(bot: BotProcess) -> None:
    """End the process as a power cut does."""
    bot._process.kill()
    await bot._process.wait()


async def hand_over(stage: Stage) -> None:
    """Confirm the handover of a token."""
    sensay = simulator(stage, SensaySimulator)
    await connect(stage, sensay)
    form = {"discord_token": sensay.discord_token}
    question = await fill_in(stage, "sensay connect", form, replica=sensay.UNCONNECTED)
    await stage.world.mira.click(question.message, label=english("token.yes"))


@dataclass(frozen=True)
class LostAnswer(Fault):
    """Loses the answer to a request that was carried out, and holds the look at the list that follows."""

    sensay: SensaySimulator
    look: Held

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Answer as a gateway does."""
        self.sensay.fail(self.look, path="/v1/replicas?")
        return await Answer.html(502).strike(request)


@pytest.mark.parametrize("point", ["before", "while", "taken", "looking", "after"])
async def test_a_killed_handover_leaves_an_entry(stage: Stage, point: str) -> None:
    """Before, while and after Sensay takes the token, while its answer is on its way, and while the bot looks
    whether it has the token: the next start says that the result is unknown.
    """
    sensay, mira = simulator(stage, SensaySimulator), stage.world.mira
    held = Held(after_handling=point == "taken")
    faults: dict[str, Fault] = {
        "before": held,
        "taken": held,
        "looking": LostAnswer(sensay, held, after_handling=True),
    }
    points: dict[str, Callable[[], Awaitable[object]]] = {
        "while": lambda: until(lambda: sensay.creations),
        "after": lambda: until(lambda: len(handovers(stage)) > 1),
    }
    async with stage.running_bot() as bot:
        if point in faults:
            sensay.fail(faults[point], path="integrations/discord")
        await hand_over(stage)
        await points.get(point, held.arrived.wait)()
        await kill(bot)
    end_leases(stage)
    sensay.heal()
    assert handovers(stage)[0] == ("begun", None)
    assert bool(sensay.creations) == (point != "before")
    async with stage.running_bot():
        await until(lambda: len(handovers(stage)) > 1)
        asked = await mira.slash(stage.world.operations, "sensay status", replica=sensay.UNCONNECTED)
        shown = text(await stage.discord.answer(asked))
        asked = await mira.slash(stage.world.operations, "audit list", action="sensay.connect")
        listed = text(await stage.discord.answer(asked))
    (_, (result, ends)) = handovers(stage)
    assert ends is not None
    assert result in ({"unknown"} if point in faults else {"unknown", "done"})
    assert ("Last token sent" in shown) == (result == "unknown")
    assert listed.count(english("audit.action.sensay.connect")) == 1


async def test_what_was_refused_is_written_before_the_end(stage: Stage) -> None:
    """SIGTERM within the minute in which tries are counted: the log has them, as one entry."""
    world = stage.world
    async with stage.running_bot() as bot:
        for _ in range(3):
            asked = await world.mira.slash(world.operations, "access revoke", member=world.mira)
            await stage.discord.answer(asked)
        assert await bot.stop() == 0
    assert run(stage, "SELECT result, times FROM audit") == [("refused:no_grant", 3)]
