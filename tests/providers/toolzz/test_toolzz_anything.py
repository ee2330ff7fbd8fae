"""Whatever Toolzz answers, the client gives a model or one of our errors, and no token goes through it."""

import json
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ProviderError
from bot.kit.integration import State
from bot.kit.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Agent, Integration, Settings
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.exposure import everything_said
from tests.providers.office import accepted, open_provider
from tests.providers.toolzz.plans import OPERATIONS
from tests.providers.toolzz.replies import CLEAR, CONTRACT, allowed, anything, bent, broken, reply_schema

FEW = settings(max_examples=40)
SCHEMAS = {name: reply_schema(name) for name in OPERATIONS}


async def answered(call: Callable[[ToolzzClient], Awaitable[object]], *answers: Answer) -> list[object]:
    """Return what the client makes of each answer, errors of ours included."""
    outcomes: list[object] = []
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        client = toolzz.client(accepted(toolzz, simulator))
        for answer in answers:
            simulator.heal()
            simulator.fail(answer, times=None)
            try:
                outcomes.append(await call(client))
            except ProviderError as error:
                outcomes.append(error)
    return outcomes


def said_of(outcome: object) -> str:
    """Use an outcome in every way that there is, and return all that can be seen of it."""
    said = everything_said(outcome)
    for model in outcome if isinstance(outcome, tuple) else [outcome]:
        if isinstance(model, Integration):
            assert isinstance(model.state, State)
            assert model.completed_by(model) == model
            said += repr((model.channels, model.channels_disagree, model.is_short, Settings.of(model)))
        if isinstance(model, Integration | Agent):
            assert model.id is not None
            said += everything_said(model) + model.model_dump_json() + repr(model.model_dump())
    return said


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
async def test_what_the_contract_allows_is_read(name: str, data: st.DataObject) -> None:
    """Every reply of the contract is a model; so is one with numbers for text, text for numbers, and gaps."""
    reply = data.draw(allowed(SCHEMAS[name]))
    other = data.draw(bent(reply))
    bodies = [reply, other]
    if entries := reply.get("data") or reply.get("items"):
        bodies += [entries, {"items": entries}, {"data": entries}]
    for outcome in await answered(OPERATIONS[name], *(Answer(200, body) for body in bodies)):
        assert isinstance(outcome, Integration | tuple), outcome
        assert "CANARY" not in said_of(outcome)


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
async def test_what_the_contract_does_not_allow_does_no_harm(name: str, data: st.DataObject) -> None:
    """Of anything else the client makes a model or one of our errors, never another exception."""
    reply = data.draw(allowed(SCHEMAS[name]))
    answers = [Answer(200, data.draw(broken(reply))) for _ in range(3)]
    answers.append(
        Answer(data.draw(st.integers(200, 599).filter(lambda code: code not in {204, 304})), reply)
    )
    for outcome in await answered(OPERATIONS[name], *answers):
        assert isinstance(outcome, Integration | tuple | ProviderError), outcome
        assert "CANARY" not in said_of(outcome)


@FEW
@given(
    reply=allowed(SCHEMAS["getDiscordIntegration"]), listed=allowed(SCHEMAS["listDiscordIntegrationsByUnit"])
)
async def test_two_replies_make_one_report(reply: dict[str, object], listed: dict[str, object]) -> None:
    """The single read and the list together are a report, whatever each of them leaves out."""
    if listed["data"]:
        listed["data"][0]["id"] = reply["id"]  # type: ignore[index]
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        simulator.fail(Answer(200, reply), path="/chat/")
        simulator.fail(Answer(200, listed), path="/converflow/")
        report = await toolzz.client(accepted(toolzz, simulator)).full("a")
    assert report.id == reply["id"]
    assert "CANARY" not in said_of(report)


@FEW
@given(message=anything, status=st.sampled_from([200, 201, 400, 401, 404, 422, 500, 503]))
async def test_no_error_repeats_a_token(message: object, status: int) -> None:
    """A bot token in an error is masked by its shape, and in one without a word for it there is nothing."""
    body = {"statusCode": status, "message": f"{json.dumps(message)} {CLEAR} end", "error": message}
    for name, call in OPERATIONS.items():
        (outcome,) = await answered(call, Answer(status, body))
        assert isinstance(outcome, ProviderError), name
        assert "CANARY" not in said_of(outcome)


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
def test_the_replies_are_the_contracts(name: str, data: st.DataObject) -> None:
    """What is made up here as allowed is what the contract allows."""
    pointer = next(
        where for where in CONTRACT.operations() if CONTRACT.resolve(where)[1]["operationId"] == name
    )
    schema = (*pointer, "responses", "200", "content", "application/json", "schema")
    assert CONTRACT.problems(schema, data.draw(allowed(SCHEMAS[name]))) == []
