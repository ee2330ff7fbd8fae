"""The bot checks the connections of the servers that it serves by itself."""

from dataclasses import replace

import pytest

from bot.discord.guard import ServedGuilds
from bot.providers.base.integration import State
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.harness import BotHarness
from tests.support.toolzz_agent import add_agent_bot

CONNECTED = f"toolzz:{ToolzzSimulator.CONNECTED}"


@pytest.fixture
def check_interval() -> int:
    """Seconds between two checks."""
    return 300


async def test_what_is_connected_is_watched(toolzz_connected: BotHarness) -> None:
    """A change is found within two intervals without a command, also after a restart."""
    add_agent_bot(toolzz_connected)
    await toolzz_connected.env.advance_time(600)
    assert (
        await toolzz_connected.bot.services.monitoring.find(toolzz_connected.guild.id, CONNECTED)
    ).state is State.CONNECTED
    await toolzz_connected.restart()
    toolzz_connected.toolzz.break_integration(ToolzzSimulator.CONNECTED)
    await toolzz_connected.env.advance_time(600)
    assert (
        await toolzz_connected.bot.services.monitoring.find(toolzz_connected.guild.id, CONNECTED)
    ).state is State.DISCONNECTED


async def test_a_reconnect_starts_nothing_again(toolzz_connected: BotHarness) -> None:
    """Each loop runs once, however often Discord says that the bot is ready."""
    running = len(toolzz_connected.bot.services.background._tasks)
    toolzz_connected.bot.dispatch("ready")
    await toolzz_connected.env.settle()
    assert len(toolzz_connected.bot.services.background._tasks) == running > 0


async def test_a_denied_server_is_not_checked(toolzz_connected: BotHarness) -> None:
    """No provider gets a request for a server that the operator denies."""
    served = ServedGuilds(denied={toolzz_connected.guild.id})
    toolzz_connected.bot.services = replace(toolzz_connected.bot.services, served=served)
    toolzz_connected.toolzz.requests.clear()
    await toolzz_connected.env.advance_time(600)
    assert not toolzz_connected.toolzz.requests
