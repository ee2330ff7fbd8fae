"""Proves that what fails for one server stops no check of another one, and that the other is told nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from structlog.testing import capture_logs

from bot.errors import RateLimitedError, ServerFaultError
from bot.features.monitoring.breaker import MAX_FAILURES
from bot.providers.base.current_guild import working_for
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.connections import SENSAY
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.only_for import OnlyFor
from tests.support.rounds import INTERVAL, Rounds

PROVIDER = ("provider", "sensay")
CONNECTED = {(State.CONNECTED, "")}
NOISY, QUIET = SensaySimulator.OWNER, SensaySimulator.OTHER_OWNER


async def connect(rounds: Rounds, guild_id: int, user: str, name: str = "default") -> None:
    """Add a connection that acts as a user."""
    values = {**SENSAY, "user_id": user}
    await rounds.connections.add(guild_id, "sensay", name, values, member_id=MEMBER)


def sent(sensay: SensaySimulator, user: str) -> int:
    """Return how many requests a user's connections have sent since the list was cleared."""
    return sum(request.headers.get("X-USER-ID") == user for request in sensay.requests)


@pytest.fixture
async def two(rounds: Rounds) -> Rounds:
    """A poller with a connection of each of two servers, which were checked once."""
    await connect(rounds, GUILD, NOISY)
    await connect(rounds, OTHER_GUILD, QUIET)
    await rounds.tick()
    await rounds.round()
    return rounds


def seconds_of(days: int) -> str:
    """Return the header in seconds."""
    return str(86_400 * days)


def date_of(days: int) -> str:
    """Return the header as a date."""
    return format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("written", [seconds_of, date_of])
@pytest.mark.parametrize("days", [1, 9999])
async def test_a_connection_obeys_its_own_retry_after(
    two: Rounds, sensay: SensaySimulator, status: int, written: Callable[[int], str], days: int
) -> None:
    """That connection sends nothing for a day, a longer pause counts as one, and the other server goes on."""
    sensay.fail(OnlyFor(NOISY, Answer(status, headers={"Retry-After": written(days)})), times=None)
    await two.round()
    sensay.heal()
    sensay.requests.clear()
    for _ in range(20):
        await two.round()
        await two.poller.check_guild(GUILD)
    ((paused, until),) = two.poller.paused_until(GUILD).items()
    assert paused == ("sensay", "default")
    assert abs(until - (two.clock.now + 86_400 - 20 * INTERVAL)) < 5
    assert two.poller.paused_until(OTHER_GUILD) == {}
    assert (sent(sensay, NOISY), sent(sensay, QUIET)) == (0, 20)
    assert (await two.states(OTHER_GUILD))[PROVIDER] == CONNECTED
    two.clock.now += 86_400
    await two.round()
    assert sent(sensay, NOISY) == 1
    assert two.poller.paused_until(GUILD) == {}
    assert (await two.states(GUILD))[PROVIDER] == CONNECTED


async def test_a_members_request_obeys_the_pause_of_a_check(two: Rounds, sensay: SensaySimulator) -> None:
    """It is not sent, and its error says what is left of the pause; another server's is answered."""
    sensay.fail(OnlyFor(NOISY, Answer(503, headers={"Retry-After": "600"})), times=None)
    await two.round()
    sensay.heal()
    sensay.requests.clear()
    two.clock.now += 100
    with working_for(GUILD), pytest.raises(ServerFaultError) as caught:
        await two.connections.test(GUILD, "sensay", None)
    assert (caught.value.retry_after, caught.value.status, caught.value.is_unsent) == (500, 503, True)
    with working_for(OTHER_GUILD):
        await two.connections.test(OTHER_GUILD, "sensay", None)
    assert (sent(sensay, NOISY), sent(sensay, QUIET)) == (0, 1)


async def test_a_check_obeys_the_pause_of_a_members_request(two: Rounds, sensay: SensaySimulator) -> None:
    """It sends nothing, and says nothing of the host: the server's own state is known nevertheless."""
    sensay.fail(Answer(503, headers={"Retry-After": "600"}), times=1)
    with working_for(GUILD), pytest.raises(ServerFaultError):
        await two.connections.test(GUILD, "sensay", None)
    sensay.requests.clear()
    with capture_logs() as logs:
        for _ in range(MAX_FAILURES + 1):
            await two.round()
    assert (sent(sensay, NOISY), sent(sensay, QUIET)) == (0, MAX_FAILURES + 1)
    assert list(two.poller.paused_until(GUILD)) == [("sensay", "default")]
    assert (await two.states(GUILD))[PROVIDER] == {(State.DISCONNECTED, "server_fault")}
    assert (await two.states(OTHER_GUILD))[PROVIDER] == CONNECTED
    assert "host_down" not in [line["event"] for line in logs]


async def test_the_pause_after_a_single_read_is_obeyed(two: Rounds, sensay: SensaySimulator) -> None:
    """Where the list was answered and only a read of one agent was limited, the next check waits as well."""
    gone = "6a7b8c9d-0000-4000-8000-000000000001"
    await two.link(gone, "sensay")
    sensay.fail(Answer(429, headers={"Retry-After": "600"}), path=gone)
    await two.round()
    sensay.requests.clear()
    await two.round()
    assert sent(sensay, NOISY) == 0
    with working_for(GUILD), pytest.raises(RateLimitedError) as caught:
        await two.connections.test(GUILD, "sensay", None)
    assert caught.value.retry_after == 600 - INTERVAL


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "86400"}], ids=["", "a day"])
async def test_ten_failing_connections_of_one_server_stop_nobody_else(
    two: Rounds, sensay: SensaySimulator, headers: dict[str, str]
) -> None:
    """While the provider still fails for them, each check of another server is answered, and it is told
    nothing.
    """
    for number in range(9):
        await connect(two, GUILD, NOISY, f"team-{number}")
    await two.tick()
    sensay.fail(OnlyFor(NOISY, Answer(503, headers=headers)), times=None)
    sensay.requests.clear()
    with capture_logs() as logs:
        for number in range(10):
            await two.round()
            with working_for(OTHER_GUILD):
                await two.connections.test(OTHER_GUILD, "sensay", None)
            assert sent(sensay, QUIET) == 2 * (number + 1)
    assert "host_down" not in [line["event"] for line in logs]
    assert (await two.states(OTHER_GUILD))[PROVIDER] == CONNECTED
    assert {row.error for row in await two.store.checks(OTHER_GUILD)} == {""}
    assert (await two.states(GUILD))[PROVIDER] == {(State.DISCONNECTED, "server_fault")}
