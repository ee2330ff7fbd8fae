"""Proves when a provider that fails, refuses or asks for a pause gets the next request."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from bot.features.alerts.incident_store import IncidentStore
from bot.features.connections.refusals import note_refusal
from bot.features.monitoring.breaker import FIRST_PAUSE, MAX_FAILURES
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.clock import Held
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.rounds import INTERVAL, SIMULATORS, Rounds

CONNECTED = {(State.CONNECTED, "")}
CONNECTION, PROVIDER = (("connection", "toolzz"), ("provider", "toolzz"))


class TestRetryAfter:
    """Checks after an answer with Retry-After."""

    @pytest.mark.parametrize("as_date", [False, True])
    async def test_no_request_is_sent_before(
        self, watched: Rounds, toolzz: ToolzzSimulator, *, as_date: bool
    ) -> None:
        """This holds for seconds and for a date, and for members who ask. The stored state does not
        change.
        """
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
        """A member who asks does not make the request come earlier."""
        toolzz.fail(Answer(429))
        await watched.round()
        toolzz.requests.clear()
        await watched.tick(INTERVAL - 1)
        await watched.poller.check_guild(GUILD)
        assert not toolzz.requests
        await watched.tick(1)
        assert len(toolzz.requests) == 1

    async def test_a_day_is_one_connections_own(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """After a 503 with Retry-After that connection is not asked, by members neither. Other servers are
        checked on time and told nothing.
        """
        await watched.connect("toolzz", "other", OTHER_GUILD)
        await watched.tick()
        toolzz.fail(Answer(503, headers={"Retry-After": "86400"}), times=1)
        await watched.poller.check_guild(GUILD)
        for _ in range(5):
            assert await watched.cost(toolzz) == [1]
            toolzz.requests.clear()
            await watched.poller.check_guild(GUILD)
            assert not toolzz.requests
        assert (await watched.states(GUILD))[PROVIDER] == {(State.DISCONNECTED, "server_fault")}
        assert (await watched.states(OTHER_GUILD))[PROVIDER] == CONNECTED
        watched.clock.now += 86_400
        assert await watched.cost(toolzz) == [2]
        assert (await watched.states(GUILD))[PROVIDER] == CONNECTED


async def test_failing_connections_of_one_server_are_its_own(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """Ten of them hold nobody else: others are checked on time and told nothing."""
    for number in range(10):
        values = SIMULATORS["toolzz"].further_credentials(f"{number}")
        await watched.connections.add(OTHER_GUILD, "toolzz", f"team-{number}", values, member_id=MEMBER)
    await watched.tick()
    for _ in range(10):
        watched.away = {GUILD}
        toolzz.fail(Answer(500), times=None)
        await watched.round()
        toolzz.heal()
        watched.away = {OTHER_GUILD}
        toolzz.requests.clear()
        await watched.tick()
        assert len(toolzz.requests) == 1
        assert (await watched.states(GUILD))[PROVIDER] == CONNECTED
    assert (await watched.states(OTHER_GUILD))[PROVIDER] == {(State.DISCONNECTED, "server_fault")}


async def test_slow_checks_of_one_server_leave_room(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """However many of its checks wait for the host, another server's check is not behind them."""
    for number in range(10):
        await watched.connect("toolzz", f"team-{number}", OTHER_GUILD)
    await watched.tick()
    watched.away = {GUILD}
    toolzz.fail(held := Held(), times=None)
    watched.clock.now += INTERVAL
    slow = asyncio.create_task(watched.tick())
    await held.arrived.wait()
    toolzz.heal()
    watched.away = {OTHER_GUILD}
    await watched.poller.check_guild(GUILD)
    check = await watched.check()
    assert check is not None
    assert check.answered_at == int(watched.clock.now)
    assert not slow.done()
    held.let_go.set()
    await slow


async def test_a_host_that_is_down_gets_single_requests(watched: Rounds, toolzz: ToolzzSimulator) -> None:
    """Once nobody has been answered for a while one request per pause is sent; all checks record that the
    provider is down.
    """
    names = [f"team-{number}" for number in range(19)]
    for name in names:
        await watched.connect("toolzz", name)
    await watched.tick()
    toolzz.fail(Answer(500), times=None)
    assert await watched.cost(toolzz) == [20]  # the last answer is a minute old
    (asked,) = await watched.cost(toolzz)
    assert 1 <= asked < 4
    assert await watched.cost(toolzz) == [1]
    assert {(row.error, row.checked_at) for row in await watched.store.checks(GUILD)} == {
        ("server_fault", int(watched.clock.now))
    }
    toolzz.heal()
    await watched.round()
    assert await watched.cost(toolzz) == [20]
    assert (await watched.states())[PROVIDER] == CONNECTED


async def test_a_host_that_nobody_uses_any_more_is_forgotten(
    watched: Rounds, toolzz: ToolzzSimulator
) -> None:
    """It is down for nobody, neither in the metrics nor for the host: none could find out that it is back."""
    await watched.connect("sensay")
    for number in range(MAX_FAILURES):
        await watched.connect("toolzz", f"team-{number}")
    await watched.tick()
    toolzz.fail(Answer(500), times=None)
    await watched.round()
    await watched.round()
    poller = watched.poller
    (down,) = [name for name, host in poller.hosts.items() if host.breaker.is_open]
    toolzz.heal()
    new = SIMULATORS["toolzz"].further_credentials("new")
    await watched.connections.rotate(GUILD, "toolzz", "default", new, member_id=MEMBER)
    toolzz.fail(Answer(500), times=None)
    await watched.tick()
    assert poller.hosts[down].breaker.is_open
    for name in ("default", *(f"team-{number}" for number in range(MAX_FAILURES))):
        await watched.connections.remove(GUILD, "toolzz", name)
    await watched.round()
    await watched.round()
    assert down not in poller.hosts
    assert len(poller.hosts) == 1


@pytest.mark.parametrize("is_expected", [True, False])
async def test_any_other_error_of_the_trial_ends_the_pause(
    watched: Rounds,
    clients: dict[str, Provider],
    toolzz: ToolzzSimulator,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_expected: bool,
) -> None:
    """An error that does not mean that the host is down closes the breaker, an unexpected one included."""

    async def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    for number in range(MAX_FAILURES - 1):
        await watched.connect("toolzz", f"team-{number}")
    await watched.tick()
    toolzz.fail(Answer(500), times=None)
    assert await watched.cost(toolzz) == [MAX_FAILURES]
    await watched.round()
    toolzz.heal()
    assert INTERVAL > FIRST_PAUSE
    with monkeypatch.context() as patch, capture_logs() as logs:
        if is_expected:
            toolzz.fail(Answer(404, {"error": "no"}), times=None)
        else:
            patch.setattr(clients["toolzz"], "reports", broken)
        await watched.round()
    assert "host_back" in [line["event"] for line in logs]
    toolzz.heal()
    assert await watched.cost(toolzz) == [MAX_FAILURES]


class TestRefused:
    """Checks of credentials that the provider does not accept any more."""

    async def test_a_refusal_is_recorded_once(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """A check and a command that find out at once make one entry; then one request follows per ten
        intervals.
        """
        toolzz.fail(Answer(401, {"error": "no"}), times=None)
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

    async def test_a_refusal_stays_known(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """Without requests, the state is kept up to date, the incident opens, and the history does not
        grow.
        """
        toolzz.fail(Answer(401, {"error": "no"}), times=None)
        for _ in range(15):
            await watched.round()
        assert (await watched.states())[CONNECTION] == {(State.ERROR, "unauthorized")}
        incidents = await IncidentStore(watched.database).since(GUILD, 0)
        (refused,) = [each for each in incidents if each.kind == "connection"]
        assert refused.closed_at is None
        rows = await watched.history(toolzz.CONNECTED)
        assert [(row.state, row.detail) for row in rows] == [("connected", ""), ("unknown", "unauthorized")]

    async def test_accepted_credentials_are_connected_again(
        self, watched: Rounds, toolzz: ToolzzSimulator
    ) -> None:
        """A member who asks gets a request at once, and the connection needs no attention any more."""
        toolzz.fail(Answer(401, {"error": "no"}), times=None)
        await watched.round()
        toolzz.heal()
        await watched.poller.check_guild(GUILD)
        assert (await watched.states())[CONNECTION] == CONNECTED
        (summary,) = await watched.connections.summaries(GUILD)
        assert not summary.needs_attention

    async def test_new_credentials_are_tried_at_once(self, watched: Rounds, toolzz: ToolzzSimulator) -> None:
        """The refusal of the old credentials does not delay the check of the new ones."""
        toolzz.fail(Answer(401, {"error": "no"}), times=None)
        await watched.round()
        toolzz.heal()
        watched.clock.now += 1
        await watched.connections.rotate(
            GUILD, "toolzz", "default", SIMULATORS["toolzz"].credentials, member_id=MEMBER
        )
        await watched.tick()
        assert (await watched.states())[CONNECTION] == CONNECTED
