"""The workers of a process begin when all of its shards are ready, however these change."""

import asyncio

import pytest

from bot.discord.client import PatchbayBot
from bot.operating.health.loop_lag import LoopLag
from bot.operating.health.readiness import Readiness
from bot.operating.metrics import declared
from bot.operating.metrics.counted import counted
from tests.support.changing_shards import (
    ChangingShards,
    ShardGateway,
    connecting,
    served_by,
)
from tests.support.waiting import until


@pytest.fixture
def held() -> ChangingShards:
    """One shard of three."""
    return ChangingShards(0)


def readiness(bot: PatchbayBot) -> Readiness:
    """Return what knows whether a bot is ready."""
    return Readiness(bot, bot.services.write_state, bot.services.poller)


def reasons(bot: PatchbayBot) -> tuple[str, ...]:
    """Return why a bot is not ready."""
    return readiness(bot).reasons()


@pytest.fixture
def begun(bot: PatchbayBot) -> asyncio.Event:
    """Set once the workers have begun."""
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()

    bot.workers.start_when_ready(work)
    return begun


async def test_workers_run_in_a_process_that_waits_for_shards(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    begun: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is ready, and serves a shard as soon as one comes."""
    held._first = ()
    async with connecting(bot, gateway, monkeypatch):
        await begun.wait()
        assert gateway.connections == 0
        await until(lambda: not reasons(bot))
        held.change(1)
        await until(lambda: served_by(bot) == {1})
        await until(lambda: not reasons(bot))


async def test_workers_begin_when_the_shards_that_are_left_are_ready(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    begun: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that never was ready goes; nobody waits a minute for it."""
    held._first = (0, 1)
    gateway.silent = {1}
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: gateway.identifies == 2 and bot.workers.ready_shards == {0})
        assert not begun.is_set()
        held.change(0)
        await begun.wait()
        assert bot.workers.have_begun


async def test_workers_wait_for_a_shard_that_has_come_before_they_began(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    begun: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They begin once it is ready as well."""
    held._first = (0, 1)
    gateway.silent = {1}
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: bot.workers.ready_shards == {0})
        held.change(0, 2)
        await until(lambda: held.freed == [1] and bot.workers.ready_shards == {0, 2})
        await begun.wait()
        assert served_by(bot) == {0, 2}


async def test_a_process_is_ready_by_its_own_shards_and_its_lease(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shards of others are no fault of its own; a lease that two renewals have missed is."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: not reasons(bot))
        held.lease_age = 12.0
        assert not reasons(bot)
        held.lease_age = 12.6
        assert reasons(bot) == ("The lease of this process's shards was last renewed 13 seconds ago.",)
        held.lease_age = 1.5
        gateway.silent = {2}
        held.change(0, 2)
        await until(
            lambda: reasons(bot) == ("Shard 2 is connected to Discord, but its session has not begun.",)
        )
        readings = {each.metric: each.value for each in counted(bot, readiness(bot), LoopLag(), "")}
        assert readings[declared.SHARDS_HELD] == 2
        assert readings[declared.SHARDS_DOWN] == 1
        assert readings[declared.LEASE_AGE] == 1.5
        held.change(0)
        await until(lambda: not reasons(bot))
