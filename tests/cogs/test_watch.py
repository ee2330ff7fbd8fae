"""The bot watches by itself what is connected in the servers that it serves."""

import pytest

from bot.kit.integration import State
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.runtime.guard import Served
from tests.cogs.town import Town

CONNECTED = f"toolzz:{ToolzzSimulator.CONNECTED}"


@pytest.fixture
def check_interval() -> int:
    """Seconds between two checks."""
    return 300


async def test_what_is_connected_is_watched(office: Town) -> None:
    """Nobody has to ask: a change is known within two intervals, and so again after a restart."""
    await office.env.advance_time(600)
    assert (await office.bot.watching.find(office.guild.id, CONNECTED)).state is State.CONNECTED
    await office.restart()
    office.toolzz.break_integration(ToolzzSimulator.CONNECTED)
    await office.env.advance_time(600)
    assert (await office.bot.watching.find(office.guild.id, CONNECTED)).state is State.DISCONNECTED


async def test_a_reconnect_begins_nothing_anew(office: Town) -> None:
    """However often Discord says that the bot is ready, each loop runs once."""
    running = len(office.bot._background)
    office.bot.dispatch("ready")
    await office.env.settle()
    assert len(office.bot._background) == running > 0


async def test_where_the_bot_does_not_serve_it_does_not_watch(office: Town) -> None:
    """A server that the operator denies costs no provider a request."""
    office.bot.served = Served(denied={office.guild.id})
    office.toolzz.requests.clear()
    await office.env.advance_time(600)
    assert not office.toolzz.requests
