"""Whatever Toolzz answers, the client returns a model or raises ProviderError, and no token gets through."""

import json
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ProviderError
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Agent, Integration, IntegrationSettings
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted, open_provider
from tests.support.toolzz_replies import CLEAR, CONTRACT, allowed, anything, bent, broken, reply_schema
from tests.support.toolzz_settings import OPERATIONS

pytestmark = pytest.mark.slow

FEW = settings(max_examples=40)
SCHEMAS = {name: reply_schema(name) for name in OPERATIONS}


async def answered(call: Callable[[ToolzzClient], Awaitable[object]], *answers: Answer) -> list[object]:
    """Return what the client makes of each answer: models, or the errors that it raises."""
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


def visible_text(outcome: object) -> str:
    """Return all text that can be seen of a model or an error."""
    said = everything_said(outcome)
    for model in outcome if isinstance(outcome, tuple) else [outcome]:
        if isinstance(model, Integration):
            assert isinstance(model.state, State)
            assert model.completed_by(model) == model
            said += repr(
                (model.channels, model.channels_disagree, model.is_short, IntegrationSettings.of(model))
            )
        if isinstance(model, Integration | Agent):
            assert model.id is not None
            said += everything_said(model) + model.model_dump_json() + repr(model.model_dump())
    return said


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
async def test_what_the_contract_allows_is_read(name: str, data: st.DataObject) -> None:
    """Every reply that the contract allows is read, also with numbers as text, text as numbers, and gaps."""
    reply = data.draw(allowed(SCHEMAS[name]))
    other = data.draw(bent(reply))
    bodies = [reply, other]
    if entries := reply.get("data") or reply.get("items"):
        bodies += [entries, {"items": entries}, {"data": entries}]
    for outcome in await answered(OPERATIONS[name], *(Answer(200, body) for body in bodies)):
        assert isinstance(outcome, Integration | tuple), outcome
        assert "CANARY" not in visible_text(outcome)


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
async def test_what_the_contract_does_not_allow_does_no_harm(name: str, data: st.DataObject) -> None:
    """Any other reply leads to a model or to a ProviderError, and to no other exception."""
    reply = data.draw(allowed(SCHEMAS[name]))
    answers = [Answer(200, data.draw(broken(reply))) for _ in range(3)]
    answers.append(
        Answer(data.draw(st.integers(200, 599).filter(lambda code: code not in {204, 304})), reply)
    )
    for outcome in await answered(OPERATIONS[name], *answers):
        assert isinstance(outcome, Integration | tuple | ProviderError), outcome
        assert "CANARY" not in visible_text(outcome)


@FEW
@given(
    reply=allowed(SCHEMAS["getDiscordIntegration"]), listed=allowed(SCHEMAS["listDiscordIntegrationsByUnit"])
)
async def test_two_replies_make_one_report(reply: dict[str, object], listed: dict[str, object]) -> None:
    """The single read and the list make a report together, whichever fields each of them lacks."""
    if listed["data"]:
        listed["data"][0]["id"] = reply["id"]  # type: ignore[index]
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        simulator.fail(Answer(200, reply), path="/chat/")
        simulator.fail(Answer(200, listed), path="/converflow/")
        report = await toolzz.client(accepted(toolzz, simulator)).full("a")
    assert report.id == reply["id"]
    assert "CANARY" not in visible_text(report)


@FEW
@given(message=anything, status=st.sampled_from([200, 201, 400, 401, 404, 422, 500, 503]))
async def test_no_error_repeats_a_token(message: object, status: int) -> None:
    """A bot token in an error's text is masked by its shape."""
    body = {"statusCode": status, "message": f"{json.dumps(message)} {CLEAR} end", "error": message}
    for name, call in OPERATIONS.items():
        (outcome,) = await answered(call, Answer(status, body))
        assert isinstance(outcome, ProviderError), name
        assert "CANARY" not in visible_text(outcome)


@pytest.mark.parametrize("name", OPERATIONS)
@FEW
@given(data=st.data())
def test_the_replies_are_the_contracts(name: str, data: st.DataObject) -> None:
    """The generated replies are valid by the contract."""
    pointer = next(
        where for where in CONTRACT.operations() if CONTRACT.resolve(where)[1]["operationId"] == name
    )
    schema = (*pointer, "responses", "200", "content", "application/json", "schema")
    assert CONTRACT.problems(schema, data.draw(allowed(SCHEMAS[name]))) == []
