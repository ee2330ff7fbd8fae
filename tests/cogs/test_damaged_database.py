"""Damage that is found while the bot runs is told once, stops writes, and leaves what can still be read."""

import pytest

from bot.store.sqlite.copies import flaw_of
from tests.support.damage import damage
from tests.support.harness import BotHarness, embed_of
from tests.support.log_capture import log_lines, logging_to_memory


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the test looks at the file."""


@pytest.mark.parametrize("table", ["incident", "maintenance", "watched", "integration"])
async def test_damage_among_the_states_is_noted_too(harness: BotHarness, table: str) -> None:
    """What is read together is read like everything else."""
    await harness.connect("toolzz")
    await damage(harness.database, table)
    with logging_to_memory("json") as log:
        shown = await harness.manager.slash(harness.channel, "integrations overview")
        await harness.env.settle()
    assert embed_of(shown).title == f"❌ {harness.texts('problem.damaged.title')}"
    assert harness.bot.services.write_state.damage is not None
    assert "Traceback" not in log.getvalue()


async def test_damage_is_told_once_and_stops_writes(harness: BotHarness) -> None:
    """Members read it for what cannot be read and for what would be stored; the rest goes on."""
    damaged = f"❌ {harness.texts('problem.damaged.title')}"
    state = harness.bot.services.write_state
    await harness.manager.slash(harness.channel, "access grant", tier="viewer", member=harness.member)
    await harness.manager.slash(harness.channel, "alerts set", channel=harness.channel)
    await damage(harness.database, "route")
    assert flaw_of(harness.database) is not None
    with logging_to_memory("json") as log:
        for _ in range(3):
            listed = await harness.manager.slash(harness.channel, "alerts list")
            assert embed_of(listed).title == damaged
        shown = await harness.manager.slash(harness.channel, "access list")
        assert embed_of(shown).title != damaged
        refused = await harness.manager.slash(
            harness.channel, "access grant", tier="manager", member=harness.member
        )
        assert embed_of(refused).title == damaged
        await harness.bot.services.poller.tick(lambda _: True)
        await harness.env.settle()
    assert not await harness.bot.services.monitoring._store.takes_writes()
    assert state.damage is not None
    assert "it is damaged" in (state.refusal or "")
    (told,) = log_lines(log, "database_damaged")
    assert told["fix"] == "stop the bot, then run: patchbay restore FILE"
    assert (told["database"], told["operation"]) == (str(harness.database), "LookupStore.alerts")
    assert "Traceback" not in log.getvalue()
    assert log_lines(log, "writes_failing") == []
