"""How often commands read the database: each read goes through a thread, which costs more than the query."""

import pytest

from tests.support.agent_in_server import toolzz_agent
from tests.support.harness import BotHarness, embed_of


@pytest.fixture
async def busy(harness: BotHarness) -> BotHarness:
    """A server that has of everything: a connection, an agent, a rule, quiet hours, a board, maintenance."""
    agent = await toolzz_agent(harness)
    await agent.check()
    channel = harness.channel
    for command, options in (
        ("alerts set", {"channel": channel}),
        ("alerts quiet-hours", {"from": "22:00", "to": "06:00", "timezone": "UTC"}),
        ("alerts maintenance", {"for": "1h"}),
        ("integrations board", {"channel": channel}),
    ):
        await harness.manager.slash(channel, command, **options)
    harness.remove_cooldowns()
    return harness


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("help", 1),
        ("connections list", 1),
        ("alerts list", 1),
        ("audit list", 1),
        ("integrations overview", 1),
        ("toolzz status", 2),
    ],
)
async def test_a_command_reads_the_database_once(busy: BotHarness, command: str, reads: int) -> None:
    """So does one that asks a provider, once before and once after: what it shows is of that moment."""
    options = {"integration": busy.toolzz.CONNECTED} if command == "toolzz status" else {}
    counts = busy.bot.services.figures.database.reads.counts
    before = sum(counts)
    shown = await busy.manager.slash(busy.channel, command, **options)
    assert sum(counts) - before == reads
    assert embed_of(shown).title is not None
