"""An agent goes down and comes back while nobody asks, with Patchbay as a process."""

from simcord import ResponseMessage

from bot.demo.stage import Stage
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, simulator, text

WITHIN = 30
"""Seconds for two checks of the demo, three seconds apart, on a busy machine."""


AGENT = "Suporte da loja"


def alerts(stage: Stage) -> list[ResponseMessage]:
    """Return what the bot has posted about the agent in the channel for alerts; others are down as well."""
    env = stage.discord.env
    posted = env.backend.messages[stage.world.alerts.id].values()
    messages = [ResponseMessage(env, each) for each in posted if each.author_id == env.backend.bot_user.id]
    return [message for message in messages if AGENT in text(message) and not message.ephemeral]


async def told(stage: Stage, words: str) -> ResponseMessage:
    """Wait until the only alert has this text, and return it."""
    await stage.discord.until(lambda: any(words in text(each) for each in alerts(stage)), WITHIN)
    (alert,) = alerts(stage)
    return alert


async def test_an_agent_goes_down_and_comes_back(stage: Stage) -> None:
    """One message shows the incident: opened, acknowledged by a moderator, closed by recovery, over a
    restart.
    """
    toolzz, world = simulator(stage, ToolzzSimulator), stage.world
    async with stage.running_bot():
        await connect(stage, toolzz)
        asked = await world.mira.slash(world.operations, "alerts set", channel=world.alerts, after=1)
        assert "Alerts" in text(await stage.discord.answer(asked))
        await world.mira.send(world.operations, f"break {AGENT}")
        alert = await told(stage, "Disconnected")
        await stage.discord.answer(await world.theo.click(alert, label="Acknowledge all"))
        await told(stage, f"<@{world.theo.id}>")
    await world.mira.send(world.operations, f"heal {AGENT}")
    async with stage.running_bot():
        await told(stage, "✅")
        shown = await world.theo.slash(
            world.operations, "integrations history", integration=f"toolzz:{toolzz.CONNECTED}"
        )
        answer = await stage.discord.answer(shown)
        assert "Disconnected" in text(answer)
        assert [each.filename.rpartition(".")[2] for each in answer.attachments] == ["png", "csv"]
