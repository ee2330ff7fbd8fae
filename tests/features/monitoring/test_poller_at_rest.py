"""Proves that a check with the answers of before writes one row, and that nothing else stands still."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.features.monitoring.absence import GONE_CHECKS
from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.incidents import MAX_COUNTED
from bot.features.monitoring.service import NOT_CHECKED, STALE_CHECKS
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import GONE, Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulated_unit import APPLICATION_ID
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.connection import ReadingConnection
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.rounds import INTERVAL, Rounds

BOT = int(APPLICATION_ID)
ABSENT, USABLE = Access(AccessKind.ABSENT), Access(AccessKind.USABLE)


@pytest.fixture
async def resting(watched: Rounds) -> Rounds:
    """A poller whose last check of the one connection has changed nothing."""
    await rest(watched)
    return watched


async def rest(rounds: Rounds) -> None:
    """Check until nothing changes any more: bad checks in a row are counted up to a number."""
    for _ in range(MAX_COUNTED + 1):
        await rounds.round()
    assert is_at_rest(rounds)


def is_at_rest(rounds: Rounds) -> bool:
    """Tell whether the next check writes one row, if all stays as it is."""
    return all(state.rest is not None for state in rounds.poller._states)


@pytest.mark.sqlite
async def test_a_check_at_rest_writes_its_time(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """It asks the provider, and reads and writes nothing of the agents in its transaction."""
    statements: list[str] = []
    await resting.database._engine.connection.set_trace_callback(statements.append)
    assert await resting.cost(toolzz) == [1]
    written = [each for each in statements if not each.startswith("PRAGMA")]
    assert len(written) == 3, written
    assert "INSERT INTO last_check" in written[1]
    check = await resting.check()
    assert check is not None
    assert check.checked_at == check.answered_at == int(resting.clock.now)
    assert not (await resting.find(toolzz.CONNECTED)).is_stale


async def test_what_the_provider_says_anew_is_stored(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """An agent that breaks is shown and counted at once, and one that heals as well."""
    await resting.route(checks=1)
    await rest(resting)
    toolzz.break_integration(toolzz.CONNECTED)
    await resting.round()
    assert (await resting.shown(toolzz.CONNECTED))[0] == State.DISCONNECTED
    assert (await resting.endings())[-1][1:] == (toolzz.CONNECTED, "4004", "")
    toolzz.heal_integration(toolzz.CONNECTED)
    await resting.round()
    await resting.round()
    assert (await resting.endings())[-1][3] == "recovered"


async def test_equal_answers_are_counted(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """An incident opens after two equal bad answers, and closes after two equal good ones."""
    toolzz.break_integration(toolzz.CONNECTED)
    await resting.round()
    before = await resting.endings()
    await resting.round()
    assert len(await resting.endings()) == len(before) + 1
    toolzz.heal_integration(toolzz.CONNECTED)
    await resting.round()
    assert (await resting.endings())[-1][3] == ""
    await resting.round()
    assert (await resting.endings())[-1][3] == "recovered"


async def test_a_changed_route_counts(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """What nobody wanted to hear of opens an incident once a route names it."""
    await resting.route(State.ERROR)
    toolzz.break_integration(toolzz.CONNECTED)
    await rest(resting)
    before = await resting.endings()
    await resting.route(State.ERROR, State.DISCONNECTED)
    await resting.round()
    await resting.round()
    opened = [each[1] for each in await resting.endings()][len(before) :]
    assert toolzz.CONNECTED in opened


async def test_what_discord_says_counts(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """An agent is blocked, and no longer, at the check after Discord has said something else."""
    resting.access.bots[BOT] = USABLE
    await rest(resting)
    asked = len(resting.access.asked)
    await resting.round()
    assert len(resting.access.asked) > asked
    resting.access.bots[BOT] = ABSENT
    await resting.round()
    assert await resting.shown(toolzz.CONNECTED) == (State.BLOCKED, "absent")
    await rest(resting)
    resting.access.bots[BOT] = USABLE
    await resting.round()
    assert await resting.shown(toolzz.CONNECTED) == (State.CONNECTED, "")


async def test_what_members_link_and_ignore_counts(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """The next check begins or ends to watch it."""
    assert toolzz.HOMELESS in await resting.candidates()
    await resting.link(toolzz.HOMELESS)
    await resting.round()
    assert toolzz.HOMELESS in await resting.known()
    await rest(resting)
    await resting.unlink(toolzz.HOMELESS)
    await resting.round()
    assert toolzz.HOMELESS in await resting.candidates()
    await rest(resting)
    await resting.integrations.ignore(GUILD, "toolzz", "default", toolzz.CONNECTED, "x", member_id=MEMBER)
    await resting.round()
    assert toolzz.CONNECTED not in await resting.known()


async def test_time_without_checks_is_in_the_history(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """Also if the first answer after it is the last one before it."""
    await resting.tick((STALE_CHECKS + 1) * INTERVAL)
    details = [each.detail for each in await resting.history(toolzz.CONNECTED)]
    assert details[-2:] == [NOT_CHECKED, ""]


async def test_time_until_the_answer_counts_as_without_checks(
    resting: Rounds, toolzz: ToolzzSimulator
) -> None:
    """A check that began just in time and was answered too late tells the history of it as well."""
    provider = resting.connections.provider("toolzz")
    reports = provider.reports

    async def slow(credentials: Credentials, wanted: Wanted, cache: ResponseCache) -> Reports:
        resting.clock.now += INTERVAL
        return await reports(credentials, wanted, cache)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "reports", slow)
        await resting.tick(STALE_CHECKS * INTERVAL - 1)
    details = [each.detail for each in await resting.history(toolzz.CONNECTED)]
    assert details[-2:] == [NOT_CHECKED, ""]


async def test_answers_that_stop_are_out_of_date(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """A check at rest has stored when it was answered, and one that fails stores no such time."""
    answered = resting.clock.now
    toolzz.fail(Answer(429, headers={"Retry-After": "3600"}), times=None)
    for _ in range(STALE_CHECKS):
        await resting.round()
    assert not (await resting.find(toolzz.CONNECTED)).is_stale
    await resting.round()
    found = await resting.find(toolzz.CONNECTED)
    assert found.is_stale
    assert found.answered_at == int(answered)
    toolzz.heal()
    await resting.tick(3600)
    assert not (await resting.find(toolzz.CONNECTED)).is_stale


async def test_a_missing_agent_is_gone_after_a_while(resting: Rounds, toolzz: ToolzzSimulator) -> None:
    """The answers stay the same until it is certain, and time decides."""
    del toolzz.integrations[toolzz.CONNECTED]
    for _ in range(GONE_CHECKS):
        await resting.round()
    assert (await resting.shown(toolzz.CONNECTED))[1] != GONE
    for _ in range(10):
        await resting.round()
    assert (await resting.shown(toolzz.CONNECTED))[1] == GONE


async def test_another_process_may_erase_everything(
    resting: Rounds, toolzz: ToolzzSimulator, path: Path
) -> None:
    """The connection is no longer checked, and nothing comes back."""
    with closing(sqlite3.connect(path)) as other:
        for table in ("watched", "last_check", "history", "incident", "connection"):
            other.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from here
        other.commit()
    assert await resting.cost(toolzz) == [0]
    assert not await resting.known()
    assert await resting.check() is None
    assert list(resting.poller._states) == []


@pytest.fixture
async def twins(
    clients: dict[str, Provider], redactor: Redactor, clock: Clock, tmp_path: Path, empty_database: Path
) -> AsyncIterator[tuple[Rounds, Rounds]]:
    """Two pollers with a database each, in front of the same providers."""
    async with AsyncExitStack() as stack:
        found = []
        for name in ("one", "other"):
            path = Path(shutil.copy(empty_database, tmp_path / f"{name}.db"))
            database = await stack.enter_async_context(Database.open(path))
            vault = Vault({"k1": bytes(32)})
            service = ConnectionService(
                ConnectionStore(database), vault, clients, redactor, clock, KeyMarks(database, vault)
            )
            found.append(Rounds.of(service, database, vault, clock))
        yield found[0], found[1]


TABLES = ("watched", "last_check", "history", "incident", "alert_incident")


async def stored(rounds: Rounds) -> dict[str, list[tuple[Any, ...]]]:
    """Return what checks write."""

    def read(connection: ReadingConnection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table: sorted(map(tuple, connection.rows(f"SELECT * FROM {table}")), key=repr)  # noqa: S608 - a name from here
            for table in TABLES
        }

    return await rounds.database.examine(read)


def something(choose: random.Random, toolzz: ToolzzSimulator) -> Callable[[Rounds], Awaitable[object]]:
    """Let something happen at the provider, or return what happens in a server; mostly nothing does."""
    agents = [toolzz.CONNECTED, toolzz.DISCONNECTED, toolzz.INACTIVE, toolzz.HOMELESS, toolzz.CROWDED]
    agent, status = choose.choice(agents), choose.choice([401, 404, 500])
    access = choose.choice([ABSENT, USABLE, Access(AccessKind.NO_CHANNEL)])
    states = choose.sample([State.DISCONNECTED, State.ERROR, State.INACTIVE, State.BLOCKED], 2)
    checks = choose.randrange(1, 4)

    async def nothing(_: Rounds) -> None:
        pass

    async def discord_changes(rounds: Rounds) -> None:
        rounds.access.bots[BOT] = access

    at_the_provider = [
        lambda: toolzz.break_integration(agent),
        lambda: toolzz.heal_integration(agent),
        lambda: toolzz.fail(Answer(status), times=None),
    ]
    in_the_server = [
        discord_changes,
        lambda rounds: rounds.route(*states, checks=checks),
        lambda rounds: rounds.link(agent),
        lambda rounds: rounds.unlink(agent),
    ]
    match choose.randrange(24):
        case number if number < len(at_the_provider):
            at_the_provider[number]()
        case number if number < len(at_the_provider) + len(in_the_server):
            return in_the_server[number - len(at_the_provider)]
    return nothing


@pytest.mark.parametrize("seed", range(4))
async def test_checks_at_rest_store_what_whole_ones_store(
    twins: tuple[Rounds, Rounds], toolzz: ToolzzSimulator, seed: int
) -> None:
    """Whatever happens between the checks."""
    choose = random.Random(seed)  # noqa: S311 - which things happen
    toolzz.place_in_guild(str(GUILD), "Harbour Ops", [])
    del toolzz.integrations[toolzz.UNREACHABLE]

    async def both(work: Callable[[Rounds], Awaitable[object]]) -> None:
        for rounds in twins:
            await work(rounds)

    await both(Rounds.tick)
    await both(lambda rounds: rounds.connect("toolzz"))
    await both(Rounds.tick)
    rested = 0
    for _ in range(60):
        await both(something(choose, toolzz))
        twins[0].clock.now += choose.choice([INTERVAL] * 9 + [7 * INTERVAL])
        for state in twins[1].poller._states:
            state.rest = None
        await both(Rounds.tick)
        toolzz.heal()
        rested += is_at_rest(twins[0])
        assert await stored(twins[0]) == await stored(twins[1])
    assert rested
