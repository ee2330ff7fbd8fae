"""One of several processes sees to the servers of its own shards; what is for all is done by the first."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.discord.client import PatchbayBot
from bot.discord.connection.held_shards import FixedShards
from bot.discord.due_work import do_due_work, do_due_work_hourly, sweep
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.settings import Settings
from cogs.guilds.greeting import greet_when_due
from cogs.guilds.rounds import reconcile_hourly
from tests.support.changing_shards import ChangingShards, ShardGateway, connecting, guild_on
from tests.support.clock import SharedClock
from tests.support.waiting import until

HOUR, DAY = 3600, 86_400
SHARDS = range(3)
in_each_process = pytest.mark.parametrize("shard", SHARDS)
Held = ChangingShards | FixedShards


@pytest.fixture(params=["leases", "settings"])
async def held(request: pytest.FixtureRequest, shard: int) -> Held:
    """One of three shards, by a lease or by ``PATCHBAY_SHARD_IDS``."""
    held = ChangingShards(shard) if request.param == "leases" else FixedShards((shard,), 3)
    await held.begin(3)
    return held


@pytest.fixture
def later(clock: SharedClock) -> list[float]:
    """The bot's time, to which the test adds."""
    time = [1_900_000_000.0]
    clock.source = lambda: time[0]
    return time


def history(settings: Settings) -> int:
    """Return how many state changes are stored."""
    with closing(sqlite3.connect(settings.database_path)) as database:
        return int(database.execute("SELECT count(*) FROM history").fetchone()[0])


async def connect(bot: PatchbayBot, toolzz: ToolzzSimulator) -> None:
    """Store something of a server on each shard."""
    for shard in SHARDS:
        values = toolzz.further_credentials(str(shard))
        await bot.services.connections.add(guild_on(shard), "toolzz", "a", values, member_id=1)


async def known(bot: PatchbayBot) -> set[int]:
    """Return the shards of the servers of which something is stored."""
    stored = await bot.services.privacy.guilds()
    return {shard for shard in SHARDS if guild_on(shard) in stored}


@in_each_process
async def test_the_first_process_deletes_old_history(
    bot: PatchbayBot, settings: Settings, later: list[float], shard: int
) -> None:
    """At its start, and each hour."""
    for _ in range(2):
        with closing(sqlite3.connect(settings.database_path)) as database, database:
            values = (guild_on(2), "toolzz", "n", int(later[0]) - 91 * DAY)
            database.execute("INSERT INTO history VALUES (?, ?, ?, ?, 'connected', '')", values)
        hourly = asyncio.create_task(do_due_work_hourly(bot))
        if shard == 0:
            await until(lambda: history(settings) == 0)
        else:
            await asyncio.sleep(0.1)
        hourly.cancel()
        await do_due_work(bot)
        assert history(settings) == (0 if shard == 0 else 1)
        if shard:
            break


@in_each_process
async def test_what_is_due_is_erased_of_own_servers(
    bot: PatchbayBot, toolzz: ToolzzSimulator, later: list[float], shard: int
) -> None:
    """The others are left to their processes, however late they are."""
    await connect(bot, toolzz)
    for each in SHARDS:
        await bot.services.privacy.removed(guild_on(each))
    later[0] += 30 * DAY
    await sweep(bot)
    assert await known(bot) == {*SHARDS} - {shard}
    await do_due_work(bot)
    assert await known(bot) == {*SHARDS} - {shard}


@in_each_process
async def test_removals_are_looked_for_among_own_servers(
    bot: PatchbayBot,
    toolzz: ToolzzSimulator,
    monkeypatch: pytest.MonkeyPatch,
    shard: int,
) -> None:
    """Discord is asked about none of the others."""
    monkeypatch.setattr("cogs.guilds.rounds._REQUEST_PAUSE_SECONDS", 0.0)
    gateway = ShardGateway()
    gateway.joined = [guild_on((shard + 1) % 3)]  # it is the database of this application
    await connect(bot, toolzz)
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: bot.workers.have_begun)
        rounds = asyncio.create_task(reconcile_hourly(bot))
        await until(lambda: any(path.startswith("/guilds/") for _, path in gateway.seen))
        await asyncio.sleep(0.1)
        rounds.cancel()
        asked = {path for _, path in gateway.seen if path.startswith("/guilds/")}
        assert asked == {f"/guilds/{guild_on(shard)}"}


@in_each_process
async def test_greetings_are_owed_by_the_process_of_the_server(
    bot: PatchbayBot, later: list[float], shard: int
) -> None:
    """What one process cannot send because it does not serve the server does not count as tried."""
    for each in SHARDS:
        await bot.services.guilds.arrived(guild_on(each))
    later[0] += HOUR
    greeting = asyncio.create_task(greet_when_due(bot))
    await asyncio.sleep(0.1)
    greeting.cancel()
    assert set(await bot.services.guilds.to_greet()) == {guild_on(each) for each in SHARDS if each != shard}
