"""Many agents go down at once and come back, with Patchbay as a process."""

from simcord import ResponseMessage

from bot.demo.stage import Stage
from bot.providers.toolzz.simulated_unit import both_lists, integration
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text
from tests.support.stage_database import run
from tests.support.waiting import until

WITHIN = 40
"""Seconds for some checks of the demo, three seconds apart, on a busy machine."""
AGENTS = 30
AGE = "UPDATE incident SET opened_at = opened_at - 400"
"""The end of an outage of so many seconds is told of in a reply."""


def posted(stage: Stage) -> list[ResponseMessage]:
    """Return all that the bot has posted in the channel for alerts."""
    env = stage.discord.env
    found = env.backend.messages[stage.world.alerts.id].values()
    return [ResponseMessage(env, each) for each in found if each.author_id == env.backend.bot_user.id]


def connected(stage: Stage) -> int:
    """Return how many agents are stored as connected."""
    query = "SELECT count(*) FROM watched WHERE kind = 'integration' AND state = 'connected'"
    ((number,),) = run(stage, query)
    return int(number)


def incidents(stage: Stage, *, long_ago: bool = False) -> tuple[int, int]:
    """Return how many incidents there are and how many are open.

    long_ago: whether they are made to have begun long ago first.
    """
    if long_ago:
        run(stage, AGE)
    ((number, number_open),) = run(stage, "SELECT count(*), count(*) - count(closed_at) FROM incident")
    return int(number), int(number_open)


async def test_agents_that_break_together_are_one_alert(stage: Stage) -> None:
    """Thirty agents break: one message, with one mention. They heal: it is edited, and one reply says so."""
    toolzz, world = simulator(stage, ToolzzSimulator), stage.world
    channels = both_lists([(str(world.agents.id), "ask")])
    here = {"guildId": str(world.guild.id), "guildName": world.guild.name, **channels}
    toolzz.integrations = {
        each["id"]: each
        for each in (
            integration(f"e4b1c6d2-90f7-4a35-8c1e-{number:012}", f"Agente {number}", **here)
            for number in range(AGENTS)
        )
    }
    role = world.guild.create_role("On call", mentionable=True)
    async with stage.running_bot():
        await connect(stage, toolzz)
        options = {"channel": world.alerts, "role": role, "after": 1}
        asked = await world.mira.slash(world.operations, "alerts set", **options)
        assert "Alerts" in text(await stage.discord.answer(asked))
        # What nobody has watched yet cannot break.
        await until(lambda: connected(stage) == AGENTS)
        assert posted(stage) == []
        await world.mira.send(world.operations, "break everything")
        await stage.discord.until(lambda: posted(stage), WITHIN)
        assert incidents(stage) == (AGENTS, AGENTS)
    (alert,) = posted(stage)
    assert alert.content == f"<@&{role.id}>"
    before = text(alert)
    incidents(stage, long_ago=True)
    await world.mira.send(world.operations, "heal everything")
    async with stage.running_bot():
        await stage.discord.until(lambda: len(posted(stage)) > 1, WITHIN)
        assert incidents(stage) == (AGENTS, 0)
    edited, reply = posted(stage)
    assert edited.id == alert.id
    assert text(edited) != before
    assert f"<@&{role.id}>" not in reply.content
