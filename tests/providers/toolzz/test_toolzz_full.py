"""Short reports are completed from the unit's list, and agents are read without their secrets."""

import pytest

from bot.errors import NotFoundError, UnreachableError
from bot.providers.base.credentials import Credentials
from bot.providers.base.simulator import Answer, Fault, Reset
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import MAX_ENTRIES, Agent, IntegrationSettings
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.toolzz_settings import UNIT

LIST = "/converflow/"


async def test_a_short_form_is_filled_from_the_list(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """Fields of the single read are kept, also null, and missing ones come from the list."""
    simulator.fail(
        Answer(200, {"id": simulator.DISCONNECTED, "title": "Renamed", "lastConnectionErrorCode": None})
    )
    report = await client.full(simulator.DISCONNECTED)
    assert (report.title, report.error_code) == ("Renamed", None)
    assert report.error_message == "The bot token was refused."
    assert IntegrationSettings.of(report) is not None
    assert [received.path for received in simulator.requests] == [
        f"/chat/api/v1/discord/integration/{simulator.DISCONNECTED}",
        f"/converflow/api/v1/discord/integration/unit/{UNIT}",
    ]


async def test_the_short_form_of_the_sample_becomes_whole(
    client: ToolzzClient, simulator: ToolzzSimulator
) -> None:
    """A report of the sample's eight fields has all settings only once it is completed."""
    assert IntegrationSettings.of(await client.integration(simulator.INACTIVE)) is None
    report = await client.full(simulator.INACTIVE)
    assert report.title == "Campanha de inverno"
    assert report.bot_client_id is not None
    assert IntegrationSettings.of(report) is not None


async def test_a_full_form_needs_no_list(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """For a report with all fields the list is not read."""
    assert await client.full(simulator.CONNECTED) == await client.integration(simulator.CONNECTED)
    assert all(LIST not in received.path for received in simulator.requests)


@pytest.mark.parametrize(
    "fault",
    [Reset(), Answer(401, {"message": "no"}), Answer(500), Answer.html(200), Answer(200, {"data": []})],
    ids=str,
)
async def test_a_list_that_does_not_help_does_no_harm(
    client: ToolzzClient, simulator: ToolzzSimulator, fault: Fault
) -> None:
    """If the list fails or lacks the integration, the single read is returned as it is."""
    simulator.fail(fault, times=None, path=LIST)
    assert await client.full(simulator.INACTIVE) == await client.integration(simulator.INACTIVE)


async def test_without_a_unit_there_is_the_single_read(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit only the integration is read."""
    report = await toolzz.client(token_alone).full(simulator.INACTIVE)
    assert report.title is None
    assert len(simulator.requests) == 1


async def test_what_cannot_be_read_is_no_list_entry(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """If the single read fails, the list is not used in its place."""
    with pytest.raises(UnreachableError):
        await client.full(simulator.UNREACHABLE)
    with pytest.raises(NotFoundError):
        await client.full(simulator.UNKNOWN)


@pytest.mark.parametrize("envelope", ["documented", "data", "items", None])
async def test_agents_come_in_three_envelopes(
    client: ToolzzClient, simulator: ToolzzSimulator, envelope: str | None
) -> None:
    """Both lists are read in every envelope."""
    simulator.envelope = envelope  # type: ignore[assignment]
    agents = await client.agents()
    assert [agent.name for agent in agents] == [agent["name"] for agent in simulator.agents]
    assert [agent.id for agent in agents if agent.is_activated is False] == [simulator.RESTING_AGENT]
    assert len((await client.integrations()).data) == len(simulator.integrations)


async def test_agents_come_without_prompts_and_keys(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """An agent's prompt and keys are in nothing that the client returns."""
    assert "FAKE-TOKEN-toolzz-virtual-key" in str(simulator.agents)
    agents = await client.agents()
    assert len(agents) == 5
    for agent in agents:
        assert "FAKE-TOKEN" not in everything_said(agent) + agent.model_dump_json()


async def test_of_an_agent_the_id_is_enough(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """An agent needs only an id; a list of too many agents is cut."""
    entries = [{"id": 7}, {"id": "b", "name": None, "isActivated": "perhaps"}, {"id": "c", "name": "Clerk"}]
    simulator.fail(Answer(200, {"items": entries}))
    assert await client.agents() == (Agent(id="7"), Agent(id="b"), Agent(id="c", name="Clerk"))
    simulator.fail(Answer(200, {"items": [{"id": number} for number in range(1, MAX_ENTRIES + 2)]}))
    assert len(await client.agents()) == MAX_ENTRIES
