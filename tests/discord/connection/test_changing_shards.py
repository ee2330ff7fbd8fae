"""A process opens the shards that come to it while it runs, and gives back those that are to go."""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bot.discord.client import PatchbayBot
from bot.discord.connection.starts import IDENTIFIES
from bot.discord.overrides import _Kept
from bot.errors import UnavailableError
from bot.features.audit.service import AuditService
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.changing_shards import (
    ChangingShards,
    ShardGateway,
    command_payload,
    connecting,
    guild_on,
    quiet,
    served_by,
)
from tests.support.clock import Held
from tests.support.socket_gateway import Sleeps
from tests.support.waiting import until


@pytest.fixture
def held() -> ChangingShards:
    """One shard of three."""
    return ChangingShards(0)


def guild_of(bot: PatchbayBot, shard: int) -> discord.Guild:
    """Return the server of a shard."""
    guild = bot.get_guild(guild_on(shard))
    assert guild is not None
    return guild


async def test_a_shard_that_comes_is_opened_and_its_events_are_handled(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot that serves one of three serves another one as soon as it is told to."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        held.change(0, 2)
        await until(lambda: served_by(bot) == {0, 2})
        assert sorted(gateway.open) == [0, 2]
        await gateway.tell(2, "GUILD_UPDATE", {**gateway.guilds[2], "name": "Harbour Ops"})
        await until(lambda: guild_of(bot, 2).name == "Harbour Ops")
        assert held.freed == []


def overrides_of(bot: PatchbayBot) -> MutableMapping[int, _Kept]:
    """Return what is remembered of the overrides in Server Settings, by server."""
    return bot.services.guard._overrides._kept


def shards_of(bot: PatchbayBot) -> dict[int, discord.ShardInfo]:
    """Return the connections that discord.py knows."""
    return dict(bot.shards)


async def test_a_shard_that_goes_is_closed_and_its_servers_are_forgotten(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is served any more at once; in the end it is free. The other shard does not notice."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        held.change(0, 1)
        await until(lambda: served_by(bot) == {0, 1})
        overrides_of(bot)[guild_on(1)] = _Kept()
        held.change(0)
        assert served_by(bot) == {0}
        await until(lambda: held.freed == [1])
        await until(lambda: gateway.closed == [(1, 1000)])
        assert [guild.id for guild in bot.guilds] == [guild_on(0)]
        assert guild_on(1) not in overrides_of(bot)
        assert list(shards_of(bot)) == [0]
        assert gateway.connections == 2
        assert not list(bot.sessions.faults())


async def test_a_shard_that_comes_back_works_as_a_new_one(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a session of its own, and one connection, three times over."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        for round_number in range(1, 4):
            held.change(0, 1)
            await until(lambda: served_by(bot) == {0, 1} and not list(bot.sessions.faults()))
            assert len(gateway.open[1]) == 1
            held.change(0)
            await until(lambda number=round_number: held.freed == [1] * number)  # type: ignore[misc]
        await until(lambda: gateway.closed == [(1, 1000)] * 3)
        assert gateway.identifies == 4


async def test_a_shard_goes_while_its_servers_arrive(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for the servers of a new connection ends, also at the moment at which one has come."""
    state: Any = bot._connection
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        held.change(0, 1)
        await until(lambda: served_by(bot) == {0, 1} and not list(bot.sessions.faults()))
        arriving: asyncio.Queue[discord.Guild] = asyncio.Queue()
        state._ready_states[1] = arriving
        waits = state._ready_tasks[1] = asyncio.create_task(state._delay_shard_ready(1))
        await asyncio.sleep(0.01)
        arriving.put_nowait(guild_of(bot, 1))
        await bot._close_shard(1)
        assert (waits.done(), 1 in state._ready_states) == (True, False)
        assert waits.cancelled() or waits.exception() is None


async def test_what_is_being_checked_ends_before_its_shard_goes(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    toolzz: ToolzzSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The provider's answer is awaited and stored; the connection to Discord is kept until then."""
    guild_id, answer = guild_on(0), Held()
    values = toolzz.further_credentials("a")
    await bot.services.connections.add(guild_id, "toolzz", "a", values, member_id=1)
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        toolzz.fail(answer)
        check = asyncio.create_task(bot.services.poller.check_guild(guild_id))
        await answer.arrived.wait()
        held.change()
        await asyncio.sleep(0.3)
        assert (held.freed, gateway.closed) == ([], [])
        answer.let_go.set()
        await check
        await until(lambda: held.freed == [0])
        await until(lambda: gateway.closed == [(0, 1000)])
        assert await bot.services.monitoring.checks(guild_id)
        # What another process finds meanwhile is not judged by what this one has found.
        assert [state.reports for state in bot.services.poller._states.of_guild(guild_id)] == [None]


async def test_a_command_that_runs_ends_before_its_shard_goes(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer still reaches the member; the shard is free only then."""
    running, released = asyncio.Event(), asyncio.Event()

    async def wait(_: discord.Interaction) -> None:
        running.set()
        await released.wait()

    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        monkeypatch.setattr(bot.tree, "_call", wait)
        await gateway.tell(0, "INTERACTION_CREATE", command_payload(guild_on(0), 5))
        await running.wait()
        held.change()
        await until(lambda: gateway.closed == [(0, 1000)])
        await asyncio.sleep(0.05)
        assert held.freed == []
        released.set()
        await until(lambda: held.freed == [0])


async def fail(*_: object) -> None:
    """Fail for a reason that nobody foresaw."""
    raise RuntimeError("FAKE")


async def refuse_writes(*_: object) -> None:
    """Fail as while the database takes no writes."""
    raise UnavailableError(reason="FAKE")


@pytest.mark.parametrize("failure", [fail, refuse_writes])
async def test_a_shard_is_free_although_something_failed(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    monkeypatch: pytest.MonkeyPatch,
    failure: Callable[..., Any],
) -> None:
    """What cannot be stored keeps no server without a process that serves it."""
    monkeypatch.setattr(AuditService, "flush", failure)
    with capture_logs():
        async with connecting(bot, gateway, monkeypatch):
            await until(lambda: served_by(bot) == {0})
            held.change()
            await until(lambda: held.freed == [0])
            await until(lambda: gateway.closed == [(0, 1000)])
            assert not bot.guilds


async def test_a_shard_that_has_lost_its_connection_does_not_come_back(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in one of the pauses between its attempts, or in one of these."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        gateway.refuses = True
        await gateway.open[0][0].close(code=4000)
        refused = gateway.connections
        await until(lambda: gateway.connections > refused + 2)
        held.change()
        await until(lambda: held.freed == [0])
        gateway.refuses = False
        await quiet()
        assert gateway.open == {0: []}
        held.change(0)
        await until(lambda: served_by(bot) == {0} and not list(bot.sessions.faults()))
        await quiet()
        assert [len(each) for each in gateway.open.values()] == [1]


@pytest.mark.parametrize("comes_back", [False, True])
async def test_a_shard_that_is_connecting_again_meanwhile_has_one_connection_at_most(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    monkeypatch: pytest.MonkeyPatch,
    *,
    comes_back: bool,
) -> None:
    """discord.py connects it in its own task, which ends when it is its turn, after the shard was left."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        held.may_identify.clear()
        await gateway.open[0][0].send_json({"op": 9, "d": False, "t": None, "s": None})
        await until(lambda: len(held.turns) == 2)
        held.change()
        await until(lambda: held.freed == [0])
        if comes_back:
            held.change(0)
            await until(lambda: len(held.turns) == 3)
        held.may_identify.set()
        await until(lambda: not comes_back or served_by(bot) == {0})
        await until(lambda: len(gateway.open[0]) == int(comes_back))
        await quiet()
        assert len(gateway.open[0]) == int(comes_back)
        assert not list(bot.sessions.faults())


async def test_a_shard_that_waits_for_its_permission_stops_waiting(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its starts have failed; the process that takes it waits in its place."""
    async with connecting(bot, gateway, monkeypatch, Sleeps(forever=5.0)):
        await until(lambda: served_by(bot) == {0})
        await bot.starts.identifies(1)
        held.change(0, 1)
        await until(lambda: bot.starts.waiting(1) is not None)
        held.change(0)
        await until(lambda: held.freed == [1])
        assert bot.starts.waiting(1) is None
        await quiet()
        assert gateway.connections == 1


async def test_a_shard_that_waits_for_its_turn_uses_up_no_identify(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is counted, and what it was permitted is free for others."""
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        counted = await bot.starts.budget()
        held.may_identify.clear()
        held.change(0, 1)
        await until(lambda: (1, 1) in held.turns)
        assert bot.starts.is_permitted(1)
        held.change(0)
        await until(lambda: held.freed == [1])
        held.may_identify.set()
        await quiet()
        assert await bot.starts.budget() == counted
        assert not bot.starts.is_permitted(1)
        assert await bot.starts._state.get(IDENTIFIES) == {}
        assert gateway.identifies == 1
        assert list(shards_of(bot)) == [0]


async def test_a_server_that_is_being_read_again_is_left_to_the_next_process(
    bot: PatchbayBot, held: ChangingShards, gateway: ShardGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal that Discord has to confirm is not concluded here any more."""
    monkeypatch.setattr("bot.discord.connection.rereading._GATHER_SECONDS", 0.2)
    async with connecting(bot, gateway, monkeypatch):
        await until(lambda: served_by(bot) == {0})
        await gateway.tell(0, "GUILD_DELETE", {"id": str(guild_on(0))})
        await until(lambda: guild_of(bot, 0).unavailable)
        held.change()
        await until(lambda: held.freed == [0])
        await quiet(0.3)
        assert not [path for _, path in gateway.seen if path.startswith("/guilds/")]
        assert not bot.guilds


# --- turns ---


@pytest.mark.parametrize(
    ("said", "concurrency"),
    [
        (1, 1), (3, 3), (..., 1), (0, 1), (-3, 1), ("16", 1), (None, 1), (True, 1), (2.5, 1), ([], 1),
        (10**30, 10**30),
    ],
)  # fmt: skip
async def test_shards_identify_in_the_turns_that_discord_says(
    bot: PatchbayBot,
    held: ChangingShards,
    gateway: ShardGateway,
    monkeypatch: pytest.MonkeyPatch,
    said: object,
    concurrency: int,
) -> None:
    """What is no number of one or more counts as one; of one bucket one shard at a time asks."""
    if said is not ...:
        gateway.limit["max_concurrency"] = said
    held._first = (0, 1, 2)
    held.may_identify.clear()
    async with connecting(bot, gateway, monkeypatch):
        together = min(concurrency, 3)
        await until(lambda: len(held.turns) == together)
        await quiet(0.02)
        assert len(held.turns) == together
        held.may_identify.set()
        await until(lambda: served_by(bot) == {0, 1, 2})
        assert sorted(held.turns) == [(shard, concurrency) for shard in range(3)]
