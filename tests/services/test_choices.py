"""Suggestions: one request for all who type, never an old list for new credentials, no error kept."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import RateLimitedError, ServerFaultError, UnauthorizedError
from bot.kit.credentials import Credentials
from bot.kit.integration import Choice, State
from bot.kit.provider import Provider
from bot.kit.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.services import choices as choices_module
from bot.services.choices import ChoiceService
from bot.services.connections import Connection
from tests.services.pace import Held

ADMIN = Connection(1, "sensay", "default", 100, Credentials(SensaySimulator.credentials))
UNIT = Connection(1, "toolzz", "default", 100, Credentials(ToolzzSimulator.credentials))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up waiting at once where a member would be given two seconds."""
    monkeypatch.setattr(choices_module, "PATIENCE", 0.05)


@pytest.fixture
async def complaints() -> AsyncIterator[list[dict[str, Any]]]:
    """What the event loop has to say of errors that nobody looked at; complete after `gc.collect()`."""
    heard: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: heard.append(context))
    yield heard
    loop.set_exception_handler(None)


def asking() -> list[asyncio.Task[Any]]:
    """Return the services' requests that are under way."""
    return [task for task in asyncio.all_tasks() if "Provider.choices" in repr(task.get_coro())]


async def test_the_providers_list_is_offered(choices: ChoiceService) -> None:
    """What the credentials own is offered by id and name; what is deleted is not."""
    replicas = await choices.offered(ADMIN)
    assert SensaySimulator.UNCONNECTED in [choice.id for choice in replicas]
    assert SensaySimulator.STRANGER not in [choice.id for choice in replicas]
    integrations = await choices.offered(UNIT)
    assert ToolzzSimulator.DELETED not in [choice.id for choice in integrations]


async def test_many_who_type_cost_one_request(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Fifty questions at once, and fifty more after the answer, are one request to the provider."""
    for _ in range(2):
        lists = await asyncio.gather(*(choices.offered(ADMIN) for _ in range(50)))
        assert all(offered == lists[0] for offered in lists)
    assert len(sensay.requests) == 1


async def test_each_connection_has_its_own_list(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Another guild, another name and another provider are asked for on their own."""
    for connection in (ADMIN, replace(ADMIN, guild_id=2), replace(ADMIN, name="second")):
        await choices.offered(connection)
    assert len(sensay.requests) == 3


async def test_new_credentials_get_a_new_list(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """After a rotation the old credentials' list is not shown for another minute."""
    await choices.offered(ADMIN)
    values = {**SensaySimulator.credentials, "user_id": SensaySimulator.OWNER}
    rotated = replace(ADMIN, set_at=200, credentials=Credentials(values))
    assert len(await choices.offered(rotated)) < len(await choices.offered(ADMIN))
    assert [request.path for request in sensay.requests if "ownerID=northwind-care" in request.path]


async def test_an_error_is_kept_for_seconds_only(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Each letter typed does not ask a failing provider again; a few seconds later it is asked anew."""
    sensay.fail(Answer(500))
    for _ in range(3):
        with pytest.raises(ServerFaultError):
            await choices.offered(ADMIN)
    assert len(sensay.requests) == 1
    choices._failures.expire(choices._failures.timer() + 6)
    assert await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_a_failure_is_told_once(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Who wants to look into it hears of each request that failed, not of each question; never of success."""
    told: list[BaseException] = []
    await choices.offered(ADMIN, failed=told.append)
    assert not told
    choices.forget(ADMIN)
    sensay.fail(Answer(401))
    for _ in range(3):
        with pytest.raises(UnauthorizedError) as caught:
            await choices.offered(ADMIN, failed=told.append)
    assert told == [caught.value]


async def test_a_list_is_kept_for_a_minute(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Who types two minutes later sees what has changed meanwhile."""
    await choices.offered(ADMIN)
    choices._lists.expire(choices._lists.timer() + 50)
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 1
    choices._lists.expire(choices._lists.timer() + 61)
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_an_old_failure_does_not_hide_a_new_list(
    choices: ChoiceService, sensay: SensaySimulator
) -> None:
    """A request that was forgotten and then fails takes neither the place of a newer one nor its answer."""
    sensay.fail(held := Held(answer=Answer(500)))
    forgotten = asyncio.create_task(choices.offered(ADMIN))
    await held.arrived.wait()
    choices.forget(ADMIN)
    offered = await choices.offered(ADMIN)
    held.let_go.set()
    with pytest.raises(ServerFaultError):
        await forgotten
    assert await choices.offered(ADMIN) == offered
    assert len(sensay.requests) == 2


async def test_forgetting_forgets_a_failure_too(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """After something was changed with the provider, its last refusal says nothing any more."""
    sensay.fail(Answer(429))
    with pytest.raises(RateLimitedError):
        await choices.offered(ADMIN)
    choices.forget(ADMIN)
    assert await choices.offered(ADMIN)


async def test_a_slow_answer_serves_a_later_question(
    choices: ChoiceService, sensay: SensaySimulator, impatient: None
) -> None:
    """Whoever runs out of patience gets TimeoutError, the request goes on, and its answer is used."""
    sensay.fail(held := Held())
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await choices.offered(ADMIN)
    assert choices.known(ADMIN, SensaySimulator.UNCONNECTED) is None
    held.let_go.set()
    await asyncio.wait(asking())
    assert choices.known(ADMIN, SensaySimulator.UNCONNECTED) is not None
    assert await choices.offered(ADMIN)
    assert len(sensay.requests) == 1


async def test_who_has_more_patience_waits(
    choices: ChoiceService, sensay: SensaySimulator, impatient: None
) -> None:
    """A list that is too slow for a suggestion is there for who may take longer."""
    sensay.fail(held := Held())
    waiting = asyncio.ensure_future(choices.offered(ADMIN, patience=30))
    with pytest.raises(TimeoutError):
        await choices.offered(ADMIN)
    held.let_go.set()
    assert await waiting


async def test_one_who_leaves_does_not_take_the_list_along(
    choices: ChoiceService, sensay: SensaySimulator
) -> None:
    """A question that is cancelled does not cancel the request that others wait for."""
    sensay.fail(held := Held())
    leaving, staying = (asyncio.create_task(choices.offered(ADMIN)) for _ in range(2))
    await held.arrived.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    held.let_go.set()
    assert await staying
    assert len(sensay.requests) == 1


async def test_a_failure_that_nobody_waits_for_makes_no_noise(
    clients: dict[str, Provider],
    sensay: SensaySimulator,
    impatient: None,
    complaints: list[dict[str, Any]],
) -> None:
    """A request that fails after all have given up is dropped without a traceback from the event loop."""
    choices = ChoiceService(clients)
    sensay.fail(held := Held(answer=Answer(500)))
    with pytest.raises(TimeoutError):
        await choices.offered(ADMIN)
    held.let_go.set()
    await asyncio.wait(asking())
    del choices
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_forgetting_asks_again(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """After something was changed with the provider the next question is a new request."""
    await choices.offered(ADMIN)
    choices.forget(ADMIN)
    assert choices.known(ADMIN, SensaySimulator.UNCONNECTED) is None
    await choices.offered(ADMIN)
    assert len(sensay.requests) == 2


async def test_what_was_typed_is_found_by_id_or_name(choices: ChoiceService) -> None:
    """An id or a name that was listed is known in any case and with blanks around; nothing else is."""
    await choices.offered(ADMIN)
    listed = Choice(SensaySimulator.UNCONNECTED, "Job Applications")
    for text in (listed.id, listed.id.upper(), " job applications "):
        assert choices.known(ADMIN, text) == listed
    for text in ("", "job", "Poem of the Day", SensaySimulator.STRANGER):
        assert choices.known(ADMIN, text) is None


async def test_a_name_that_two_have_is_no_answer(choices: ChoiceService, sensay: SensaySimulator) -> None:
    """Where two entries have the same name only their ids tell which is meant."""
    sensay.replicas[SensaySimulator.BROKEN]["name"] = "Job Applications"
    await choices.offered(ADMIN)
    assert choices.known(ADMIN, "Job Applications") is None
    assert choices.known(ADMIN, SensaySimulator.BROKEN) is not None


def test_nothing_is_known_before_anybody_asked(clients: dict[str, Provider]) -> None:
    """Looking something up sends no request."""
    assert ChoiceService(clients).known(ADMIN, SensaySimulator.UNCONNECTED) is None


async def test_another_list_of_the_same_connection_is_kept_apart(
    choices: ChoiceService, toolzz: ToolzzSimulator
) -> None:
    """Agents and integrations are asked for once each; what is known of one list is not of the other."""
    for _ in range(2):
        agents, integrations = await choices.offered(UNIT, "agents"), await choices.offered(UNIT)
    assert len(toolzz.requests) == 2
    assert not {choice.id for choice in agents} & {choice.id for choice in integrations}
    assert choices.known(UNIT, ToolzzSimulator.AGENT, "agents") is not None
    assert choices.known(UNIT, ToolzzSimulator.AGENT) is None
    assert choices.known(UNIT, ToolzzSimulator.CONNECTED, "agents") is None


async def test_agents_that_are_switched_off_are_marked(choices: ChoiceService) -> None:
    """Only what Toolzz says is switched off has a state."""
    states = {choice.id: choice.state for choice in await choices.offered(UNIT, "agents")}
    assert states.pop(ToolzzSimulator.RESTING_AGENT) is State.INACTIVE
    assert set(states.values()) == {None}


async def test_without_a_unit_there_are_no_agents(choices: ChoiceService, toolzz: ToolzzSimulator) -> None:
    """A connection that cannot list has nothing to offer, and nobody is asked."""
    token = {"access_token": ToolzzSimulator.credentials["access_token"]}
    assert not await choices.offered(replace(UNIT, credentials=Credentials(token)), "agents")
    assert not toolzz.requests


async def test_forgetting_leaves_the_other_list_alone(
    choices: ChoiceService, toolzz: ToolzzSimulator
) -> None:
    """What was changed with the provider changes none of its agents; those are forgotten by their name."""
    await choices.offered(UNIT, "agents")
    choices.forget(UNIT)
    await choices.offered(UNIT, "agents")
    assert len(toolzz.requests) == 1
    choices.forget(UNIT, "agents")
    await choices.offered(UNIT, "agents")
    assert len(toolzz.requests) == 2


@pytest.mark.parametrize("connection", [ADMIN, UNIT])
async def test_a_list_that_a_provider_has_not_is_a_mistake_of_ours(
    choices: ChoiceService, connection: Connection
) -> None:
    """No provider takes a kind that it does not know for another one."""
    with pytest.raises(NotImplementedError):
        await choices.offered(connection, "replies")
