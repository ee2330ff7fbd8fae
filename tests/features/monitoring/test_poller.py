"""Proves when connections are checked, what each failure means, and that a failure stops no other check."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore, WatchListChange
from bot.features.monitoring.breaker import MAX_FAILURES
from bot.features.monitoring.store import UnitOfWork
from bot.features.privacy.store import PrivacyStore
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from bot.providers.base.simulator import Answer, Fault, Reset, Truncated
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.clock import Clock, Held
from tests.support.ids import GUILD, OTHER_GUILD
from tests.support.rounds import INTERVAL, Rounds

CONNECTED = {(State.CONNECTED, "")}
INTEGRATIONS, CONNECTION, PROVIDER = ((kind, "toolzz") for kind in ("integration", "connection", "provider"))


async def test_a_round_is_one_request_per_connection(
    rounds: Rounds, sensay: SensaySimulator, toolzz: ToolzzSimulator
) -> None:
    """A check requests one list, however many integrations a connection has, and keeps all of them."""
    await rounds.tick()
    for number in range(3):
        await rounds.connect("sensay", f"team-{number}")
        await rounds.connect("toolzz", f"team-{number}", OTHER_GUILD)
    assert await rounds.cost(sensay, toolzz) == [3, 3]
    assert await rounds.cost(sensay, toolzz) == [3, 3]
    assert await rounds.candidates() == set(sensay.discord_integrations())
    assert (await rounds.states(OTHER_GUILD))[CONNECTION] == CONNECTED


def lists(toolzz: ToolzzSimulator) -> int:
    """Return how often the unit's list was read."""
    return sum("unit" in each.path for each in toolzz.requests)


async def test_a_new_connection_is_checked_at_the_next_tick(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """Connections from before the start are checked within an interval; a new one does not wait."""
    await rounds.connect("toolzz")
    toolzz.requests.clear()
    await rounds.tick()
    assert not toolzz.requests
    await rounds.tick(INTERVAL / 2)
    assert lists(toolzz) == 1
    await rounds.connect("toolzz", "second")
    toolzz.requests.clear()
    await rounds.tick(1)
    assert lists(toolzz) == 1


@pytest.mark.parametrize(
    ("fault", "provider", "connection", "integrations"),
    [
        (Answer(500), (State.DISCONNECTED, "server_fault"), CONNECTED, "server_fault"),
        (Answer.html(200), (State.DISCONNECTED, "not_json"), CONNECTED, "not_json"),
        (Reset(), (State.DISCONNECTED, "unreachable"), CONNECTED, "unreachable"),
        (Truncated(), (State.DISCONNECTED, "unreachable"), CONNECTED, "unreachable"),
        (
            Answer(401, {"error": "no"}),
            (State.CONNECTED, ""),
            {(State.ERROR, "unauthorized")},
            "unauthorized",
        ),
        (Answer(403, {"error": "no"}), (State.CONNECTED, ""), {(State.ERROR, "forbidden")}, "forbidden"),
        (
            Answer(404, {"error": "no"}),
            (State.CONNECTED, ""),
            {(State.UNKNOWN, "unknown_unit")},
            "unknown_unit",
        ),
        (
            Answer(200, {"data": 1}),
            (State.CONNECTED, ""),
            {(State.UNKNOWN, "malformed_answer")},
            "malformed_answer",
        ),
    ],
)
async def test_failures_are_told_apart(
    watched: Rounds,
    toolzz: ToolzzSimulator,
    fault: Fault,
    provider: tuple[State, str],
    connection: set[tuple[State, str]],
    integrations: str,
) -> None:
    """The provider is down, the credentials are refused, or only the check failed; integrations are
    unknown.
    """
    toolzz.fail(fault, times=None)
    await watched.round()
    states = await watched.states()
    assert (states[PROVIDER], states[CONNECTION]) == ({provider}, connection)
    assert states[INTEGRATIONS] == {(State.UNKNOWN, integrations)}
    check = await watched.check()
    assert check is not None
    assert (check.error, check.checked_at) == (integrations, int(watched.clock.now))
    assert check.answered_at == int(watched.clock.now) - INTERVAL


async def test_an_unexpected_error_stops_one_check(
    watched: Rounds, clients: dict[str, Provider], sensay: SensaySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The integrations of one connection are unknown, and the error is logged once."""

    async def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    await watched.connect("sensay")
    await watched.link(sensay.ACTIVE, "sensay")
    await watched.tick()
    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(clients["toolzz"], "reports", broken)
        assert await watched.cost(sensay) == [1]
        await watched.round()
        states = await watched.states()
    assert states[INTEGRATIONS] == {(State.UNKNOWN, "unexpected")}
    assert states["connection", "sensay"] == CONNECTED
    assert "unexpected" not in {detail for _, detail in states["integration", "sensay"]}
    (line,) = logs
    assert (line["event"], line["error"], type(line["exc_info"])) == (
        "check_failed",
        "unexpected",
        ZeroDivisionError,
    )
    with capture_logs() as logs:
        await watched.round()
        await watched.round()
    assert [(line["event"], line["provider"]) for line in logs] == [("check_back", "toolzz")]
    assert (await watched.states())[CONNECTION] == CONNECTED


async def test_the_log_says_why_a_provider_cannot_be_reached(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """Once for each connection, and once for the host when it counts as down."""
    toolzz.fail(Reset(), times=None)
    with capture_logs() as logs:
        for _ in range(MAX_FAILURES):
            await watched.round()
    failed, down = logs
    assert (failed["event"], failed["error"], failed["fault"]) == ("check_failed", "unreachable", "broken")
    assert (down["event"], down["why"]) == ("host_down", "broken")


async def test_unreadable_credentials_stop_no_other_check(watched: Rounds, database: Database) -> None:
    """A connection that cannot be decrypted is unknown; another guild's connection is checked."""
    await watched.connect("toolzz", "other", OTHER_GUILD)
    row = await watched.connections.find(GUILD, "toolzz", None)
    await ConnectionStore(database).replace_secret(replace(row, secret=b"-"))
    await watched.round()
    assert (await watched.states())[CONNECTION] == {(State.UNKNOWN, "unreadable_secret")}
    assert (await watched.states(OTHER_GUILD))[CONNECTION] == CONNECTED


async def test_a_result_that_cannot_be_stored_stops_no_other_check(watched: Rounds, path: Path) -> None:
    """It is logged once, and the other results are stored."""
    await watched.connect("toolzz", "other", OTHER_GUILD)
    await watched.tick()
    trigger = f"""CREATE TRIGGER refuse BEFORE UPDATE ON last_check WHEN NEW.guild_id = {GUILD}
        BEGIN SELECT RAISE(ABORT, 'refused'); END"""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(trigger)
    with capture_logs() as logs:
        await watched.round()
        await watched.round()
    assert [(line["event"], line["error"], line["guild"]) for line in logs] == [
        ("check_failed", "not_recorded", GUILD)
    ]
    (other,) = await watched.store.checks(OTHER_GUILD)
    assert other.answered_at == int(watched.clock.now)


async def test_a_removed_connection_is_no_longer_checked(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Nothing that was read through it stays stored, even if a check was under way."""
    toolzz.fail(held := Held())
    check = asyncio.create_task(watched.round())
    await held.arrived.wait()
    await watched.connections.remove(GUILD, "toolzz", "default")
    held.let_go.set()
    await check
    assert await watched.cost(toolzz) == [0]
    assert (await watched.store.watched(GUILD), await watched.store.checks(GUILD)) == ([], [])


async def test_a_guild_without_the_bot_is_not_checked(
    watched: Rounds, toolzz: ToolzzSimulator, database: Database
) -> None:
    """No request is sent for a guild that the bot is not in, does not serve, or was removed from."""
    watched.away.add(GUILD)
    assert await watched.cost(toolzz) == [0]
    watched.away.clear()
    assert await watched.cost(toolzz) == [1]
    await PrivacyStore(database).remove(GUILD, int(watched.clock.now))
    await watched.poller.check_guild(GUILD)
    assert await watched.cost(toolzz) == [0]


async def test_many_members_read_the_list_of_connections_once(
    watched: Rounds, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who ask while a transaction is under way wait for it together, and not one after the other."""
    change, lists = ConnectionService.watch_list_change, list[WatchListChange]()

    async def counted(self: ConnectionService) -> WatchListChange:
        lists.append(found := await change(self))
        return found

    monkeypatch.setattr(ConnectionService, "watch_list_change", counted)
    async with database._turn:
        checks = [asyncio.create_task(watched.poller.check_guild(GUILD)) for _ in range(20)]
        await asyncio.sleep(
            0
        )  # the first one has begun to read the list, so that the others need a later one
        await asyncio.sleep(0)
        checks += [asyncio.create_task(watched.poller.check_guild(GUILD)) for _ in range(20)]
        await asyncio.sleep(0)
        checks[0].cancel()
    await asyncio.gather(*checks[1:])
    assert len(lists) == 2


async def test_members_join_a_check_under_way(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Two members and a tick at the same time cost one request, and all return when its result is stored."""
    toolzz.fail(held := Held())
    toolzz.requests.clear()
    watched.clock.now += INTERVAL
    waiting = [
        asyncio.create_task(each)
        for each in (watched.tick(), *(watched.poller.check_guild(GUILD) for _ in range(2)))
    ]
    await held.arrived.wait()
    toolzz.break_integration(toolzz.CONNECTED)
    held.let_go.set()
    await asyncio.gather(*waiting)
    assert len(toolzz.requests) == 1
    found = await watched.find(f"toolzz:{toolzz.CONNECTED}")
    assert (found.state, found.answered_at) == (State.DISCONNECTED, int(watched.clock.now))


async def test_a_member_waits_for_some_time_at_most(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """The member goes on without the result; the check goes on as well."""
    toolzz.fail(held := Held())
    watched.clock.now += 1
    await watched.poller.check_guild(GUILD, max_wait=0.01)
    held.let_go.set()
    await asyncio.gather(*watched.running)
    check = await watched.check()
    assert check is not None
    assert check.answered_at == int(watched.clock.now)


async def test_a_check_that_takes_too_long_is_given_up(
    service: ConnectionService, database: Database, vault: Vault, clock: Clock, toolzz: ToolzzSimulator
) -> None:
    """It counts as a provider that is down, and other checks may follow."""
    rounds = Rounds.of(service, database, vault, clock, max_check_seconds=0.01)
    await rounds.connect("toolzz")
    toolzz.fail(Held(), times=None)
    await rounds.tick()
    await rounds.round()
    assert (await rounds.states())[PROVIDER] == {(State.DISCONNECTED, "timeout")}


async def test_the_loop_survives_errors_and_ends_its_checks(
    service: ConnectionService, database: Database, vault: Vault, clock: Clock, toolzz: ToolzzSimulator
) -> None:
    """An error in a tick is logged, and the next tick comes. Cancelling the loop cancels its checks."""
    rounds = Rounds.of(service, database, vault, clock, interval=1)
    await rounds.connect("toolzz")
    toolzz.fail(held := Held())
    failures = iter((True,))

    def is_served(_: int) -> bool:
        if next(failures, False):
            raise ZeroDivisionError
        return True

    with capture_logs() as logs:
        loop = asyncio.create_task(rounds.poller.run(is_served))
        while not held.arrived.is_set():
            clock.now += 1
            await asyncio.sleep(0.01)
        loop.cancel()
        await asyncio.wait({loop})
    assert [line["event"] for line in logs] == ["tick_failed"]
    (check,) = rounds.running
    await asyncio.wait({check})
    assert (loop.cancelled(), check.cancelled()) == (True, True)


async def test_old_history_is_deleted(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Transitions that were over before the kept days go, but the one whose state held then stays."""
    (row,) = [row for row in await watched.store.watched(GUILD) if row.id == toolzz.CONNECTED]
    now = int(watched.clock.now)

    async def write(unit: UnitOfWork) -> None:
        for days in (100, 95, 80):
            await unit.transitions([(row, now - days * 86_400)])

    await watched.store.transact(write)
    before = await watched.history(toolzz.CONNECTED)
    assert before[0].at == now - 100 * 86_400
    await watched.poller.compact()
    kept = await watched.history(toolzz.CONNECTED)
    assert kept[:3] == before[1:4]
