"""Checks: one per connection and round, whatever becomes of the others, and none where nobody wants it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, NoReturn

import pytest
from structlog.testing import capture_logs

from bot.kit.integration import State
from bot.kit.simulator import Answer, Reset, Truncated
from bot.monitors import poller as module
from bot.monitors.breaker import MOST_FAILURES
from bot.services.refusals import note_refusal
from bot.store.connections import ConnectionStore
from bot.store.guilds import GuildStore
from tests.monitors.round import CREDENTIALS, GUILD, INTERVAL, MEMBER, OTHER_GUILD, Rounds
from tests.services.pace import Clock, Held

if TYPE_CHECKING:
    from pathlib import Path

    from bot.kit.provider import Provider
    from bot.kit.simulator import Fault
    from bot.providers.sensay.simulator import SensaySimulator
    from bot.providers.toolzz.simulator import ToolzzSimulator
    from bot.services.connections import ConnectionService
    from bot.store.database import Database
    from bot.store.vault import Vault
    from bot.store.watching import Ledger

CONNECTED = {(State.CONNECTED, "")}
INTEGRATIONS, CONNECTION, PROVIDER = ((kind, "toolzz") for kind in ("integration", "connection", "provider"))


@pytest.fixture
def rounds(service: ConnectionService, database: Database, vault: Vault, clock: Clock) -> Rounds:
    """A poller with nothing to check yet."""
    return Rounds.of(service, database, vault, clock)


@pytest.fixture
async def watched(rounds: Rounds, toolzz: ToolzzSimulator) -> Rounds:
    """One connection with Toolzz, checked once."""
    toolzz.place_in_guild(str(GUILD), "Harbour Ops", [])
    await rounds.tick()
    await rounds.connect("toolzz")
    await rounds.tick()
    return rounds


async def test_a_round_is_one_request_per_connection(
    rounds: Rounds, sensay: SensaySimulator, toolzz: ToolzzSimulator
) -> None:
    """However many integrations a connection has, a check is one list; all of them are known then."""
    await rounds.tick()
    for number in range(3):
        await rounds.connect("sensay", f"team-{number}")
        await rounds.connect("toolzz", f"team-{number}", OTHER_GUILD)
    assert await rounds.cost(sensay, toolzz) == [3, 3]
    assert await rounds.cost(sensay, toolzz) == [3, 3]
    known = {row.id for row in await rounds.store.watched(GUILD) if row.kind == "integration"}
    assert known == set(sensay.discord_integrations())
    assert (await rounds.states(OTHER_GUILD))[CONNECTION] == CONNECTED


async def test_a_new_connection_is_checked_at_the_next_tick(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """Those that are there at the start get their moments within an interval; a new one does not wait."""
    await rounds.connect("toolzz")
    toolzz.requests.clear()
    await rounds.tick()
    assert not toolzz.requests
    await rounds.tick(INTERVAL / 2)
    assert len(toolzz.requests) == 1
    await rounds.connect("toolzz", "second")
    toolzz.requests.clear()
    await rounds.tick(1)
    assert len(toolzz.requests) == 1


@pytest.mark.parametrize(
    ("fault", "provider", "connection", "integrations"),
    [
        (Answer(500), (State.DISCONNECTED, "server_fault"), CONNECTED, "server_fault"),
        (Answer.html(200), (State.DISCONNECTED, "not_json"), CONNECTED, "not_json"),
        (Reset(), (State.DISCONNECTED, "unreachable"), CONNECTED, "unreachable"),
        (Truncated(), (State.DISCONNECTED, "unreachable"), CONNECTED, "unreachable"),
        (Answer(401), (State.CONNECTED, ""), {(State.ERROR, "unauthorized")}, "unauthorized"),
        (Answer(403), (State.CONNECTED, ""), {(State.ERROR, "forbidden")}, "forbidden"),
        (Answer(404), (State.CONNECTED, ""), {(State.UNKNOWN, "not_found")}, "not_found"),
        (
            Answer(200, {"data": 1}),
            (State.CONNECTED, ""),
            {(State.UNKNOWN, "malformed_answer")},
            "malformed_answer",
        ),
    ],
)
async def test_each_failure_is_told_apart(
    watched: Rounds,
    toolzz: ToolzzSimulator,
    fault: Fault,
    provider: tuple[State, str],
    connection: set[tuple[State, str]],
    integrations: str,
) -> None:
    """A provider that is down, credentials that are refused and anything else; integrations are unknown."""
    toolzz.fail(fault, times=None)
    await watched.round()
    states = await watched.states()
    assert (states[PROVIDER], states[CONNECTION]) == ({provider}, connection)
    assert states[INTEGRATIONS] == {(State.UNKNOWN, integrations)}
    check = await watched.check()
    assert check is not None
    assert (check.error, check.checked_at) == (integrations, int(watched.clock.now))
    assert check.answered_at == int(watched.clock.now) - INTERVAL


async def test_a_bug_costs_one_check(
    watched: Rounds, clients: dict[str, Provider], sensay: SensaySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw makes one connection's integrations unknown, and is logged once."""

    async def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    await watched.connect("sensay")
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


async def test_what_cannot_be_opened_stops_no_other(watched: Rounds, database: Database) -> None:
    """A connection that no key opens any more is unknown; its neighbour is checked as ever."""
    await watched.connect("toolzz", "other", OTHER_GUILD)
    row = await watched.connections.find(GUILD, "toolzz", None)
    await ConnectionStore(database).replace_secret(
        type(row)(row.guild_id, row.provider, row.name, b"-", row.set_by, row.set_at, row.verified_at)
    )
    await watched.round()
    assert (await watched.states())[CONNECTION] == {(State.UNKNOWN, "unreadable_secret")}
    assert (await watched.states(OTHER_GUILD))[CONNECTION] == CONNECTED


async def test_what_cannot_be_written_stops_no_other(watched: Rounds, tmp_path: Path) -> None:
    """A reading that the database does not take is logged once, and is all that is lost."""
    await watched.connect("toolzz", "other", OTHER_GUILD)
    await watched.tick()
    trigger = f"""CREATE TRIGGER refuse BEFORE UPDATE ON last_check WHEN NEW.guild_id = {GUILD}
        BEGIN SELECT RAISE(ABORT, 'refused'); END"""
    with closing(sqlite3.connect(tmp_path / "patchbay.db")) as raw:
        raw.execute(trigger)
    with capture_logs() as logs:
        await watched.round()
        await watched.round()
    assert [(line["event"], line["error"], line["guild"]) for line in logs] == [
        ("check_failed", "not_recorded", GUILD)
    ]
    (other,) = await watched.store.checks(OTHER_GUILD)
    assert other.answered_at == int(watched.clock.now)


class TestRetryAfter:
    """A provider that names a time is not asked before."""

    @pytest.mark.parametrize("as_date", [False, True])
    async def test_it_is_obeyed(self, watched: Rounds, toolzz: ToolzzSimulator, *, as_date: bool) -> None:
        """In seconds or as a date: no early request, not even for a member, and nothing is made up."""
        before = await watched.check()
        when = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
        toolzz.fail(Answer(429, headers={"Retry-After": when if as_date else "299"}))
        await watched.round()
        toolzz.requests.clear()
        for _ in range(9):
            await watched.tick(32)
            await watched.poller.check_guild(GUILD)
        assert (len(toolzz.requests), await watched.check()) == (0, before)
        await watched.tick(12)
        assert len(toolzz.requests) == 1
        assert await watched.check() != before

    async def test_without_a_time_it_is_the_next_interval(
        self, watched: Rounds, toolzz: ToolzzSimulator
    ) -> None:
        """A member's wish is no reason to ask sooner."""
        toolzz.fail(Answer(429))
        await watched.round()
        toolzz.requests.clear()
        await watched.tick(INTERVAL - 1)
        await watched.poller.check_guild(GUILD)
        assert not toolzz.requests
        await watched.tick(1)
        assert len(toolzz.requests) == 1

    async def test_a_host_that_asks_for_it_is_left_alone(
        self, watched: Rounds, toolzz: ToolzzSimulator
    ) -> None:
        """503 with Retry-After counts for each connection there: all are down, and none is asked."""
        await watched.connect("toolzz", "other", OTHER_GUILD)
        await watched.tick()
        toolzz.fail(Answer(503, headers={"Retry-After": "100"}), times=1)
        await watched.poller.check_guild(GUILD)
        assert await watched.cost(toolzz) == [0]
        for guild_id in (GUILD, OTHER_GUILD):
            assert (await watched.states(guild_id))[PROVIDER] == {(State.DISCONNECTED, "server_fault")}
        assert await watched.cost(toolzz) == [2]


async def test_a_host_that_is_down_is_tried_with_one_request(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """After five failures nobody asks; then one does, for all of them; each check says that it is down."""
    names = [f"team-{number}" for number in range(19)]
    for name in names:
        await watched.connect("toolzz", name)
    await watched.tick()
    toolzz.fail(Answer(500), times=None)
    (asked,) = await watched.cost(toolzz)
    assert MOST_FAILURES <= asked < MOST_FAILURES + 4
    assert await watched.cost(toolzz) == [1]
    assert {(row.error, row.checked_at) for row in await watched.store.checks(GUILD)} == {
        ("server_fault", int(watched.clock.now))
    }
    toolzz.heal()
    await watched.round()
    assert await watched.cost(toolzz) == [20]
    assert (await watched.states())[PROVIDER] == CONNECTED


class TestRefused:
    """Credentials that the provider does not take any more."""

    async def test_it_is_noted_once(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """Whoever finds out, a check or a command: one entry, and then one question in ten intervals."""
        toolzz.fail(Answer(401), times=None)
        connection = await watched.connections.open(GUILD, "toolzz")
        watched.clock.now += INTERVAL
        await asyncio.gather(
            watched.tick(),
            note_refusal(watched.connections, watched.audit, connection, "unauthorized"),
        )
        await watched.round()
        assert await watched.refusals() == 1
        toolzz.requests.clear()
        for _ in range(20):
            await watched.round()
        assert len(toolzz.requests) == 2
        assert await watched.refusals() == 1

    async def test_it_stays_an_error_that_is_known(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """Although nobody asks, the state is not out of date, its incident opens, and no history piles up."""
        toolzz.fail(Answer(401), times=None)
        for _ in range(15):
            await watched.round()
        assert (await watched.states())[CONNECTION] == {(State.ERROR, "unauthorized")}
        (incident,) = await watched.store.incidents(GUILD, 0)
        assert (incident.kind, incident.closed_at) == ("connection", None)
        rows = await watched.store.history(GUILD, "toolzz", toolzz.CONNECTED, 0)
        assert [(row.state, row.detail) for row in rows] == [("connected", ""), ("unknown", "unauthorized")]

    async def test_what_is_accepted_again_is_well_again(
        self, watched: Rounds, toolzz: ToolzzSimulator
    ) -> None:
        """A member who asks is answered at once, and the connection needs no attention any more."""
        toolzz.fail(Answer(401), times=None)
        await watched.round()
        toolzz.heal()
        await watched.poller.check_guild(GUILD)
        assert (await watched.states())[CONNECTION] == CONNECTED
        (summary,) = await watched.connections.summaries(GUILD)
        assert not summary.needs_attention

    async def test_new_credentials_are_tried_at_once(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """What was refused says nothing of what has taken its place."""
        toolzz.fail(Answer(401), times=None)
        await watched.round()
        toolzz.heal()
        watched.clock.now += 1
        await watched.connections.rotate(GUILD, "toolzz", "default", CREDENTIALS["toolzz"], member_id=MEMBER)
        await watched.tick()
        assert (await watched.states())[CONNECTION] == CONNECTED


async def test_a_removed_connection_is_let_go(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """It is asked no more, and nothing that was known through it stays, even from a check under way."""
    toolzz.fail(held := Held())
    check = asyncio.create_task(watched.round())
    await held.arrived.wait()
    await watched.connections.remove(GUILD, "toolzz", "default")
    held.let_go.set()
    await check
    assert await watched.cost(toolzz) == [0]
    assert (await watched.store.watched(GUILD), await watched.store.checks(GUILD)) == ([], [])


async def test_a_guild_without_the_bot_is_left_alone(
    watched: Rounds, toolzz: ToolzzSimulator, database: Database
) -> None:
    """Where the bot is not, does not serve, or was removed from, nothing is read until it is back."""
    watched.away.add(GUILD)
    assert await watched.cost(toolzz) == [0]
    watched.away.clear()
    assert await watched.cost(toolzz) == [1]
    await GuildStore(database).remove(GUILD, int(watched.clock.now))
    await watched.poller.check_guild(GUILD)
    assert await watched.cost(toolzz) == [0]


async def test_whoever_asks_joins_the_check_under_way(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Two members and the clock at the same time cost one request, and all are told when it is written."""
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


async def test_nobody_waits_for_ever(
    watched: Rounds, toolzz: ToolzzSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has asked for a check goes on without it after a while; the check does too."""
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    toolzz.fail(held := Held())
    watched.clock.now += 1
    await watched.poller.check_guild(GUILD)
    held.let_go.set()
    await watched.rest()
    check = await watched.check()
    assert check is not None
    assert check.answered_at == int(watched.clock.now)


async def test_a_reading_that_never_ends_is_ended(
    watched: Rounds, toolzz: ToolzzSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a provider takes over many requests, it does not keep its place for ever."""
    monkeypatch.setattr(module, "_LONGEST_CHECK", 0.01)
    toolzz.fail(Held(), times=None)
    await watched.round()
    assert (await watched.states())[PROVIDER] == {(State.DISCONNECTED, "timeout")}


async def test_the_loop_goes_on(rounds: Rounds, toolzz: ToolzzSimulator) -> None:
    """Whatever a tick raises is logged, the next one comes, and whoever ends the loop ends its checks."""
    rounds.poller._pace = type(rounds.poller._pace)(1, rounds.clock, lambda: 0.0)
    await rounds.connect("toolzz")
    toolzz.fail(held := Held())
    failures = iter((True,))

    def here(_: int) -> bool:
        if next(failures, False):
            raise ZeroDivisionError
        return True

    with capture_logs() as logs:
        loop = asyncio.create_task(rounds.poller.run(here))
        await held.arrived.wait()
        loop.cancel()
        await asyncio.wait({loop})
    assert [line["event"] for line in logs] == ["tick_failed"]
    (seat,) = rounds.poller._seats.values()
    assert seat.running is not None
    await asyncio.wait({seat.running})
    assert (loop.cancelled(), seat.running.cancelled()) == (True, True)


async def test_history_is_compacted_every_hour(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """What was over before the days for which history is kept goes, though nobody restarts the bot."""
    (row,) = [row for row in await watched.store.watched(GUILD) if row.id == toolzz.CONNECTED]
    now = int(watched.clock.now)

    async def write(ledger: Ledger) -> None:
        for days in (100, 95, 80):
            await ledger.transition(row, now - days * 86_400)

    await watched.store.transact(write)
    await watched.tick(3000)
    before = await watched.store.history(GUILD, "toolzz", toolzz.CONNECTED, 0)
    assert before[0].at == now - 100 * 86_400
    await watched.tick(600)
    kept = await watched.store.history(GUILD, "toolzz", toolzz.CONNECTED, 0)
    assert kept[:3] == before[1:4]
