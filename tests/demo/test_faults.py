"""Messages that break and heal agents, and the answers to them."""

import pytest
from simcord import ChannelHandle, MemberActor

from bot.demo.discord_server import SimulatedDiscord
from bot.demo.env import RemoteEnv
from bot.demo.faults import STAGEHAND, faults
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls, as in the demo."""


def answers(env: RemoteEnv, channel: ChannelHandle) -> list[str]:
    """Return what the stagehand has written in a channel."""
    said = env.backend.messages[channel.id].values()
    return [each.content for each in said if env.backend.users[each.author_id].name == STAGEHAND]


@pytest.mark.parametrize(
    ("locale", "words", "states"),
    [
        ("en-US", ("break Suporte da loja", "Heal SUPORTE"), ("disconnected", "connected")),
        ("pt-BR", ("quebrar suporte", "consertar suporte"), ("disconnected", "connected")),
    ],
)
async def test_an_agent_breaks_and_heals(
    toolzz: ToolzzSimulator, locale: str, words: tuple[str, str], states: tuple[str, str]
) -> None:
    """The name, or a unique part of it, is enough; each language has its own verbs."""
    async with SimulatedDiscord.serve(locale=locale) as discord:
        channel, member = place(discord.env)
        with faults(discord.env, [toolzz], locale):
            for number, (text, state) in enumerate(zip(words, states, strict=True), 1):
                await member.send(channel, text)
                await answered(discord, channel, number)
                assert toolzz.integrations[toolzz.CONNECTED]["connectionStatus"] == state
        assert all("Suporte da loja" in said for said in answers(discord.env, channel))


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-US", ("break everything", "heal everything")), ("pt-BR", ("quebrar tudo", "Consertar TUDO"))],
)
async def test_all_agents_break_and_heal_at_once(
    toolzz: ToolzzSimulator, locale: str, words: tuple[str, str]
) -> None:
    """One word means every agent that is switched on, and the answer says how many these are."""
    agents = toolzz.discord_integrations()
    async with SimulatedDiscord.serve(locale=locale) as discord:
        channel, member = place(discord.env)
        with faults(discord.env, [toolzz], locale):
            for number, (text, state) in enumerate(zip(words, ("disconnected", "connected"), strict=True), 1):
                await member.send(channel, text)
                await answered(discord, channel, number)
                assert {toolzz.integrations[each]["connectionStatus"] for each in agents} == {state}
        assert all(str(len(agents)) in said for said in answers(discord.env, channel))


async def test_what_is_not_meant_is_left_alone(toolzz: ToolzzSimulator, sensay: SensaySimulator) -> None:
    """An unknown name is answered with the known ones; other messages are not answered."""
    before = {key: dict(value) for key, value in toolzz.integrations.items()}
    async with SimulatedDiscord.serve() as discord:
        channel, member = place(discord.env)
        with faults(discord.env, [toolzz, sensay], "en-US"):
            await member.send(channel, "breakfast is ready")
            await member.send(channel, "break")
            await answered(discord, channel, 1)
        (said,) = answers(discord.env, channel)
    assert "Suporte da loja" in said
    assert all(name in said for name in sensay.discord_integrations().values())
    assert toolzz.integrations == before


async def answered(discord: SimulatedDiscord, channel: ChannelHandle, times: int) -> None:
    """Wait until the stagehand has written this many answers."""
    await discord.until(lambda: len(answers(discord.env, channel)) == times)


def place(env: RemoteEnv) -> tuple[ChannelHandle, MemberActor]:
    """Create a server with one channel and one member."""
    guild = env.create_guild("Harbour Ops")
    return guild.create_text_channel("bridge"), guild.add_member(env.create_user("mira"))
