"""Proves how long lists are cached, and that many callers send one request."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from cachetools import TTLCache

from bot.errors import (
    InvalidInputError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.features.connections import choices as module
from bot.features.connections.choices import ChoiceService
from bot.features.connections.service import Connection
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import Choice, State
from bot.providers.base.provider import Provider
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.clock import Held

ADMIN = Connection(1, "sensay", "default", 100, Credentials(SensaySimulator.credentials))
UNIT = Connection(1, "toolzz", "default", 100, Credentials(ToolzzSimulator.credentials))


@pytest.fixture
def impatient(clients: dict[str, Provider]) -> ChoiceService:
    """A service that waits for 0.05 seconds instead of two."""
    return ChoiceService(clients, patience=0.05)


@pytest.fixture
async def unhandled() -> AsyncIterator[list[dict[str, Any]]]:
    """The errors of tasks that nobody looked at, complete after `gc.collect()`."""
    found: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(context))
    yield found
    loop.set_exception_handler(None)


def requests_under_way() -> list[asyncio.Task[Any]]:
    """Return the tasks of requests that are under way."""
    return [task for task in asyncio.all_tasks() if "ChoiceService._read" in repr(task.get_coro())]


async def test_the_list_of_the_provider_is_offered(choices: ChoiceService) -> None:
    """It contains what belongs to the credentials, without deleted entries."""
    replicas = await choices.offered(ADMIN)
    assert SensaySimulator.UNCONNECTED in [choice.id for choice in replicas]
    assert SensaySimulator.FOREIGN not in [choice.id for choice in replicas]
    integrations = await choices.offered(UNIT)
    assert ToolzzSimulator.DELETED not in [choice.id for choice in integrations]


async def test_many_members_cost_one_request(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Fifty callers at once, and fifty more after the answer, send one request."""
    for _ in range(2):
        lists = await asyncio.gather(*(choices.offered(ADMIN) for _ in range(50)))
        assert all(offered == lists[0] for offered in lists)
    assert len(sensay.requests) == 1


async def test_each_connection_has_its_own_list(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Another guild and another name send requests of their own."""
    for connection in (ADMIN, replace(ADMIN, guild_id=2), replace(ADMIN, name="second")):
        await choices.offered(connection)
    assert len(sensay.requests) == 3


async def test_new_credentials_get_a_new_list(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """After a rotation the list of the old credentials is not used."""
    await choices.offered(ADMIN)
    values = {**SensaySimulator.credentials, "user_id": SensaySimulator.OWNER}
    rotated = replace(ADMIN, set_at=200, credentials=Credentials(values))
    assert len(await choices.offered(rotated)) < len(await choices.offered(ADMIN))
    assert [request.path for request in sensay.requests if "ownerID=northwind-care" in request.path]


async def test_an_error_is_cached_for_seconds(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """A provider that fails is not asked for each letter, but again after a few seconds."""
    sensay.fail(Answer(500))
    for _ in range(3):
        with pytest.raises(ServerFaultError):
            await choices.offered(ADMIN)
    assert len(sensay.requests) == 1
    kept = choices._failures.of(ADMIN.guild_id)
    assert isinstance(kept, TTLCache)
    kept.expire(kept.timer() + 6)
    assert await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_a_failure_is_reported_once(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """The callback is called for each request that failed, not for each caller, and not for a success."""
    failures: list[BaseException] = []
    await choices.offered(ADMIN, failed=failures.append)
    assert not failures
    choices.forget(ADMIN)
    sensay.fail(Answer(401, {"error": "no"}))
    for _ in range(3):
        with pytest.raises(UnauthorizedError) as caught:
            await choices.offered(ADMIN, failed=failures.append)
    assert failures == [caught.value]


async def test_a_list_is_cached_for_a_minute(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """After a minute the list is requested again."""
    await choices.offered(ADMIN)
    kept = choices._lists.of(ADMIN.guild_id)
    assert isinstance(kept, TTLCache)
    kept.expire(kept.timer() + 50)
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 1
    kept.expire(kept.timer() + 61)
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_one_server_drops_no_list_of_another(
    clients: dict[str, Provider], sensay: SensaySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lists one server reads, another one's is not asked for again, nor is its failure."""
    monkeypatch.setattr(module, "_KEPT_LISTS", 3)
    choices = ChoiceService(clients)
    elsewhere, failing = replace(ADMIN, guild_id=2), replace(ADMIN, guild_id=2, name="failing")
    await choices.offered(elsewhere)
    sensay.fail(Answer(500), times=9)
    for connection in (failing, *(replace(ADMIN, set_at=number) for number in range(8))):
        with pytest.raises(ServerFaultError):
            await choices.offered(connection)
    for number in range(8):
        await choices.offered(replace(ADMIN, set_at=100 + number))
    sensay.requests.clear()
    assert await choices.offered(elsewhere)
    with pytest.raises(ServerFaultError):
        await choices.offered(failing)
    assert not sensay.requests
    assert len(choices._lists.of(ADMIN.guild_id)) == 3


async def test_an_old_failure_does_not_hide_a_new_list(
    choices: ChoiceService, sensay: SensaySimulator
) -> None:
    """A dropped request that fails later does not replace a list read with newer credentials."""
    sensay.fail(held := Held(answer=Answer(500)))
    forgotten = asyncio.create_task(choices.offered(ADMIN))
    await held.arrived.wait()
    choices.forget(ADMIN)
    replaced = replace(ADMIN, credentials=Credentials(SensaySimulator.further_credentials("new")))
    offered = await choices.offered(replaced)
    held.let_go.set()
    with pytest.raises(ServerFaultError):
        await forgotten
    assert await choices.offered(ADMIN) == offered
    assert len(sensay.requests) == 2


async def test_forget_drops_a_failure(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """The next caller sends a request."""
    sensay.fail(Answer(429))
    with pytest.raises(RateLimitedError):
        await choices.offered(ADMIN)
    choices.forget(ADMIN)
    assert await choices.offered(ADMIN)


async def test_a_slow_answer_serves_a_later_caller(impatient: ChoiceService, sensay: SensaySimulator) -> None:
    """The first caller gets TimeoutError; the request goes on, and its answer is used."""
    sensay.fail(held := Held())
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await impatient.offered(ADMIN)
    assert impatient.known(ADMIN, SensaySimulator.UNCONNECTED) is None
    held.let_go.set()
    await asyncio.wait(requests_under_way())
    assert impatient.known(ADMIN, SensaySimulator.UNCONNECTED) is not None
    assert await impatient.offered(ADMIN)
    assert len(sensay.requests) == 1


async def test_a_caller_may_wait_longer(impatient: ChoiceService, sensay: SensaySimulator) -> None:
    """A caller with more patience gets a list that is too slow for a suggestion."""
    sensay.fail(held := Held())
    waiting = asyncio.ensure_future(impatient.offered(ADMIN, patience=30))
    with pytest.raises(TimeoutError):
        await impatient.offered(ADMIN)
    held.let_go.set()
    assert await waiting


async def test_a_cancelled_caller_does_not_cancel_the_request(
    choices: ChoiceService, sensay: SensaySimulator
) -> None:
    """Other callers still get the list."""
    sensay.fail(held := Held())
    leaving, staying = (asyncio.create_task(choices.offered(ADMIN)) for _ in range(2))
    await held.arrived.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    held.let_go.set()
    assert await staying
    assert len(sensay.requests) == 1


async def test_a_failure_that_nobody_waits_for_is_not_reported_by_the_loop(
    clients: dict[str, Provider], sensay: SensaySimulator, unhandled: list[dict[str, Any]]
) -> None:
    """A request that fails after all callers have given up leaves no traceback of the event loop."""
    choices = ChoiceService(clients, patience=0.05)
    sensay.fail(held := Held(answer=Answer(500)))
    with pytest.raises(TimeoutError):
        await choices.offered(ADMIN)
    held.let_go.set()
    await asyncio.wait(requests_under_way())
    del choices
    gc.collect()
    await asyncio.sleep(0)
    assert unhandled == []


async def test_forget_drops_a_list(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """The next caller sends a request."""
    await choices.offered(ADMIN)
    choices.forget(ADMIN)
    assert choices.known(ADMIN, SensaySimulator.UNCONNECTED) is None
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_an_entry_is_found_by_id_or_name(choices: ChoiceService) -> None:
    """Upper and lower case and blanks around do not matter; other text finds nothing."""
    await choices.offered(ADMIN)
    listed = Choice(SensaySimulator.UNCONNECTED, "Job Applications")
    for text in (listed.id, listed.id.upper(), " job applications "):
        assert choices.known(ADMIN, text) == listed
    for text in ("", "job", "Poem of the Day", SensaySimulator.FOREIGN):
        assert choices.known(ADMIN, text) is None


async def test_a_name_of_two_entries_finds_none(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Only their ids find them; people see no difference between these names."""
    sensay.replicas[SensaySimulator.BROKEN]["name"] = "JOB\u00a0 \uff21pplications\u200b"
    await choices.offered(ADMIN)
    for typed in ("Job Applications", sensay.replicas[SensaySimulator.BROKEN]["name"]):
        with pytest.raises(InvalidInputError) as caught:
            choices.known(ADMIN, typed)
        assert caught.value.values == {"field": "same_name", "name": typed}
    assert choices.known(ADMIN, SensaySimulator.BROKEN) is not None


def test_nothing_is_found_before_a_list_is_cached(clients: dict[str, Provider]) -> None:
    """A search sends no request."""
    assert ChoiceService(clients).known(ADMIN, SensaySimulator.UNCONNECTED) is None


async def test_each_list_of_a_connection_is_cached(choices: ChoiceService, toolzz: ToolzzSimulator) -> None:
    """Agents and integrations cost one request each, and an entry is found only in its own list."""
    for _ in range(2):
        agents, integrations = await choices.offered(UNIT, "agents"), await choices.offered(UNIT)
    assert len(toolzz.requests) == 2
    assert not {choice.id for choice in agents} & {choice.id for choice in integrations}
    assert choices.known(UNIT, ToolzzSimulator.AGENT, "agents") is not None
    assert choices.known(UNIT, ToolzzSimulator.AGENT) is None
    assert choices.known(UNIT, ToolzzSimulator.CONNECTED, "agents") is None


async def test_inactive_agents_are_marked(choices: ChoiceService) -> None:
    """Only agents that Toolzz reports as inactive have a state."""
    states = {choice.id: choice.state for choice in await choices.offered(UNIT, "agents")}
    assert states.pop(ToolzzSimulator.RESTING_AGENT) is State.INACTIVE
    assert set(states.values()) == {None}


async def test_without_a_unit_there_are_no_agents(choices: ChoiceService, toolzz: ToolzzSimulator) -> None:
    """A connection without a unit has no list: the reason is kept for seconds, and costs no request."""
    token = {"access_token": ToolzzSimulator.credentials["access_token"]}
    without = replace(UNIT, credentials=Credentials(token))
    with pytest.raises(InvalidInputError):
        await choices.offered(without, "agents")
    assert isinstance(choices.failure(without, "agents"), InvalidInputError)
    assert choices.failure(without) is None
    assert not choices.is_empty(without, "agents")
    assert not toolzz.requests


async def test_forget_drops_one_list(choices: ChoiceService, toolzz: ToolzzSimulator) -> None:
    """The main list and each other list are dropped separately."""
    await choices.offered(UNIT, "agents")
    choices.forget(UNIT)
    await choices.offered(UNIT, "agents")
    assert len(toolzz.requests) == 1
    choices.forget(UNIT, "agents")
    await choices.offered(UNIT, "agents")
    assert len(toolzz.requests) == 2


@pytest.mark.parametrize("connection", [ADMIN, UNIT])
async def test_an_unknown_list_is_a_defect(choices: ChoiceService, connection: Connection) -> None:
    """A provider raises NotImplementedError for a kind that it does not know."""
    with pytest.raises(NotImplementedError):
        await choices.offered(connection, "replies")
