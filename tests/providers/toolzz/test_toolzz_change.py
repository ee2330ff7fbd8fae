"""A change is written once; what became of it without a clear answer is read back."""

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import ForbiddenError, ProviderError, RejectedError
from bot.providers.base.outcome import LookupResult, Outcome
from bot.providers.base.simulator import Answer, Fault, Reset
from bot.providers.toolzz.change import write_once
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Channel, Integration, IntegrationSettings
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.shutdown import cancel_at_once, run_to_end

ID = ToolzzSimulator.CONNECTED
LOST: list[Fault] = [
    Reset(after_handling=True),
    Answer(204, after_handling=True),
    Answer.html(200),
    Answer(502, after_handling=True),
]


async def settings(client: ToolzzClient) -> IntegrationSettings:
    """Return what Toolzz has now."""
    found = IntegrationSettings.of(await client.full(ID))
    assert found is not None
    return found


async def written(
    client: ToolzzClient, before: IntegrationSettings, after: IntegrationSettings
) -> Outcome[Integration]:
    """Write the settings."""
    return await write_once(client, ID, before, after, cancel_on_shutdown=run_to_end)


async def test_a_clear_answer_needs_no_reading(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """What Toolzz says it has written is there, and its answer is handed on."""
    before = await settings(client)
    simulator.requests.clear()
    outcome = await written(client, before, replace(before, scope="all"))
    assert (outcome.doubt, outcome.result) == (None, LookupResult.THERE)
    assert outcome.found is not None
    assert outcome.found.scope == "all"
    assert [request.method for request in simulator.requests] == ["PUT"]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_is_read_back(
    client: ToolzzClient, simulator: ToolzzSimulator, fault: Fault
) -> None:
    """New settings are there, old ones are not; it is never written twice."""
    before = await settings(client)
    simulator.requests.clear()
    simulator.fail(fault)
    outcome = await written(client, before, replace(before, scope="all"))
    carried_out = bool(simulator.updates)
    assert outcome.doubt is not None
    assert outcome.result is (LookupResult.THERE if carried_out else LookupResult.NOT_THERE)
    assert carried_out is fault.after_handling
    assert [request.method for request in simulator.requests] == ["PUT", "GET"]


async def test_what_toolzz_writes_in_its_own_way_is_no_difference(
    client: ToolzzClient, simulator: ToolzzSimulator
) -> None:
    """The order and the names of the channels do not count; any of their ids does."""
    before = await settings(client)
    ids = [str(1188765432109870001 + number) for number in range(3)]
    after = replace(before, channels=tuple(Channel(id=each, name="as sent") for each in ids))
    simulator.fail(Reset(after_handling=True))
    detail = [{"id": each, "name": "renamed"} for each in reversed(ids)]
    report = simulator.integrations[ID] | {"channelIds": ids[::-1], "channelsDetail": detail}
    simulator.fail(Answer(200, report))
    assert (await written(client, before, after)).result is LookupResult.THERE
    simulator.fail(Reset())
    simulator.fail(Answer(200, report | {"channelIds": ids[:2], "channelsDetail": detail[1:]}))
    assert (await written(client, before, after)).result is LookupResult.UNKNOWN


@pytest.mark.parametrize("report", [{"id": ID}, {"id": ID, "title": "Renamed", "scope": "none"}])
async def test_a_report_that_proves_nothing_is_unknown(
    client: ToolzzClient, simulator: ToolzzSimulator, report: dict[str, Any]
) -> None:
    """What is too short to compare, or is neither the old nor the new, says nothing of the change."""
    before = await settings(client)
    simulator.fail(Reset(after_handling=True))
    simulator.fail(Answer(200, report))
    simulator.fail(Answer(500), times=None, path="/converflow/")
    outcome = await written(client, before, replace(before, scope="all"))
    assert outcome.result is LookupResult.UNKNOWN
    assert outcome.found is not None


async def test_who_cannot_read_back_cannot_tell(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """Neither a failing read nor a bot that has to stop says anything, and neither is an error."""
    before = await settings(client)
    after = replace(before, scope="all")
    simulator.fail(Reset(after_handling=True), times=None)
    assert (await written(client, before, after)).result is LookupResult.UNKNOWN
    outcome = await write_once(client, ID, before, after, cancel_on_shutdown=cancel_at_once)
    assert (outcome.result, outcome.found) == (LookupResult.UNKNOWN, None)


@pytest.mark.parametrize(("status", "kind"), [(400, RejectedError), (403, ForbiddenError)])
async def test_a_refusal_is_raised(
    client: ToolzzClient, simulator: ToolzzSimulator, status: int, kind: type[ProviderError]
) -> None:
    """A clear no is no doubt, and nothing is read back."""
    before = await settings(client)
    simulator.requests.clear()
    simulator.fail(Answer(status, {"message": "no"}))
    with pytest.raises(kind):
        await written(client, before, replace(before, scope="all"))
    assert len(simulator.requests) == 1
    assert simulator.updates == []
