"""One integration is read in every envelope that Toolzz may use, and nothing else is taken for one."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import MalformedAnswerError, NotFoundError
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import State
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import IntegrationSettings, SingleIntegration, SingleOutline
from bot.providers.toolzz.simulator import ToolzzSimulator

ENVELOPES: dict[str, Callable[[object], object]] = {
    "none": lambda found: found,
    "data": lambda found: {"data": found},
    "items": lambda found: {"items": found},
    "integration": lambda found: {"integration": found},
    "result": lambda found: {"result": found},
    "list": lambda found: [found],
    "list in data": lambda found: {"data": [found], "total": 1},
    "two": lambda found: {"success": True, "data": {"integration": found}},
    "with words": lambda found: {"statusCode": 200, "message": "OK", "data": found},
    "with nulls": lambda found: {"data": None, "result": found},
}
ONE: dict[str, Any] = {"id": "a", "title": "Front desk", "isActive": True, "connectionStatus": "connected"}
OTHER: dict[str, Any] = {"id": "b", "title": "Back office"}
every_envelope = pytest.mark.parametrize("wrap", ENVELOPES.values(), ids=ENVELOPES)


@every_envelope
async def test_a_single_read_is_unwrapped(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    token_alone: Credentials,
    wrap: Callable[[object], object],
) -> None:
    """The status, a report and the last check are read from any envelope."""
    cache, client = ResponseCache(), toolzz.client(token_alone)
    simulator.fail(Answer(200, wrap(ONE)), times=None)
    assert (await client.integration("a")).title == "Front desk"
    (report,) = (await toolzz.reports(token_alone, Wanted(("a",)), cache)).items
    assert (report.id, report.label, report.state) == ("a", "Front desk", State.CONNECTED)
    assert (await toolzz.reports(token_alone, Wanted(("a",)), cache)).items == (report,)


@every_envelope
async def test_the_answer_to_a_write_is_unwrapped(
    client: ToolzzClient, simulator: ToolzzSimulator, wrap: Callable[[object], object]
) -> None:
    """What was created or changed is read from any envelope, so that nothing is in doubt."""
    settings = IntegrationSettings.of(await client.full(simulator.CONNECTED))
    assert settings is not None
    simulator.fail(Answer(201, wrap(ONE)), times=None)
    assert (await client.create(settings, [], "FAKE-TOKEN-for-a-bot")).id == "a"
    assert (await client.update("a", settings)).id == "a"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"data": []},
        {"data": {}},
        [ONE, OTHER],
        {"data": [ONE, OTHER]},
        {"data": ONE, "integration": OTHER},
        {"data": ONE, "result": [OTHER]},
        {"id": None, "data": ONE},
        {"id": [], "integration": ONE},
        {"other": ONE},
        [[[[ONE]]]],
        {"data": {"data": {"data": {"data": ONE}}}},
        7,
    ],
    ids=repr,
)
async def test_what_may_be_another_integration_is_none(
    client: ToolzzClient, simulator: ToolzzSimulator, answer: object
) -> None:
    """Of several integrations, of an envelope with an id, and of an unknown one, none is guessed."""
    simulator.fail(Answer(200, answer))
    with pytest.raises(MalformedAnswerError):
        await client.integration("a")


async def test_what_has_an_id_is_no_envelope(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """An integration may have fields that are called like envelopes."""
    simulator.fail(Answer(200, {**ONE, "data": OTHER, "result": [OTHER]}))
    assert (await client.integration("a")).title == "Front desk"


async def test_a_refusal_in_an_envelope_is_one(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """A status in the body counts before anything that is in the envelope."""
    simulator.fail(Answer(200, {"statusCode": 404, "message": "Not here", "data": ONE}))
    with pytest.raises(NotFoundError) as caught:
        await client.integration("a")
    assert caught.value.detail == "Not here"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([ONE, OTHER]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "items", "integration", "result", "id", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def integrations_in(answer: object) -> list[dict[str, Any]]:
    """Return every object with an id that may be what an answer is about."""
    if isinstance(answer, dict) and "id" in answer:
        return [answer]
    if isinstance(answer, dict):
        answer = [value for name, value in answer.items() if name in ENVELOPES]
    return [each for inner in answer for each in integrations_in(inner)] if isinstance(answer, list) else []


@given(anything)
def test_no_envelope_confuses(answer: object) -> None:
    """Whatever comes, both forms read the same integration or none, and never one beside another."""
    try:
        found = SingleIntegration.model_validate(answer).data.id
    except ValidationError:
        found = None
    try:
        outline = SingleOutline.model_validate(answer).data.id
    except ValidationError:
        outline = None
    assert found == outline
    if found is not None:
        (only,) = integrations_in(answer)
        assert str(only["id"]) == found
