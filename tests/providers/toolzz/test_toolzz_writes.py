"""Each write is sent once with all documented fields, and tells if its outcome is unknown."""

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import NotFoundError, ProviderError, RejectedError
from bot.providers.base.simulator import Answer, Fault, Reset, Truncated
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Integration, IntegrationSettings
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.toolzz_settings import CHANNELS, OPERATIONS, SETTINGS, TOKEN, UNIT

WRITES = ("createDiscordIntegration", "updateDiscordIntegration")
COMMON: dict[str, Any] = {
    "botId": ToolzzSimulator.AGENT,
    "unitId": UNIT,
    "title": "Island Line",
    "guildId": "1102345678901234568",
    "guildName": "Island Line Passengers",
    "channelIds": ["1197654321098765432", "1197654321098765433"],
    "permissions": "9007199254740993",
    "autoReplyOnMention": True,
    "threadAutoCreate": False,
    "scope": "mentions",
}


async def test_a_create_says_everything(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """The body of a creation has the settings, Discord's channel objects and the token, and nothing else."""
    made = await client.create(SETTINGS, CHANNELS, TOKEN)
    (received,) = simulator.requests
    assert (received.method, received.path) == ("POST", "/chat/api/v1/discord/integration")
    assert received.body == COMMON | {"channelsDetail": CHANNELS, "botToken": TOKEN}
    assert simulator.creations == [(simulator.AGENT, TOKEN)]
    assert made.title == "Island Line"
    assert "FAKE-TOKEN" not in everything_said(made) + str(simulator.integrations[made.id])
    (listed,) = [entry for entry in (await client.integrations()).data if entry.id == made.id]
    assert IntegrationSettings.of(listed) == replace(
        SETTINGS, channels=(SETTINGS.channels[0], listed.channels[1]), title="Island Line"
    )
    assert listed.channels[1].name == "lost-property"


async def test_the_new_one_runs_as_the_tokens_bot(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """The simulated Toolzz reads the application's id from the token."""
    made = await client.create(SETTINGS, CHANNELS, simulator.discord_token)
    assert (await client.integration(made.id)).bot_client_id == "1219876543210987654"


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_success_is_one(client: ToolzzClient, simulator: ToolzzSimulator, status: int) -> None:
    """Every status from 200 to 202 is a success."""
    simulator.fail(Answer(status, {"id": "a"}, after_handling=True))
    assert await client.create(SETTINGS, CHANNELS, TOKEN) == Integration(id="a")
    simulator.fail(Answer(status, {"id": "a"}, after_handling=True))
    assert await client.update(simulator.CONNECTED, SETTINGS) == Integration(id="a")


async def test_an_update_says_everything(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """The body of an update has all settings, channels by id and name, and nothing else."""
    before = dict(simulator.integrations[simulator.CONNECTED])
    written = await client.update(simulator.CONNECTED, SETTINGS)
    (received,) = simulator.requests
    details = [{"id": "1197654321098765432", "name": "timetable"}, {"id": "1197654321098765433"}]
    path = f"/chat/api/v1/discord/integration/{simulator.CONNECTED}"
    assert (received.method, received.path) == ("PUT", path)
    assert received.body == COMMON | {"channelsDetail": details}
    assert simulator.updates == [received.body]
    assert IntegrationSettings.of(written) == SETTINGS
    after = simulator.integrations[simulator.CONNECTED]
    untouched = before.keys() - COMMON.keys() - {"channelsDetail", "updatedAt"}
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert after["updatedAt"] != before["updatedAt"]


@pytest.mark.parametrize("name", ["CONNECTED", "DISCONNECTED", "INACTIVE", "CROWDED", "ELSEWHERE", "DELETED"])
async def test_what_was_read_can_be_written_back(
    client: ToolzzClient, simulator: ToolzzSimulator, name: str
) -> None:
    """Settings that are read and written back change nothing."""
    uuid = getattr(simulator, name)
    before = dict(simulator.integrations[uuid])
    settings = IntegrationSettings.of(await client.full(uuid))
    assert settings is not None
    await client.update(uuid, settings)
    assert simulator.integrations[uuid] == before | {"updatedAt": simulator.integrations[uuid]["updatedAt"]}


async def test_a_word_that_toolzz_does_not_take_is_refused(
    client: ToolzzClient, simulator: ToolzzSimulator
) -> None:
    """An undocumented scope can be read but not written."""
    settings = IntegrationSettings.of(await client.full(simulator.STRANGE))
    assert settings is not None
    assert settings.scope == "threads-only"
    with pytest.raises(RejectedError):
        await client.update(simulator.STRANGE, settings)
    await client.update(simulator.STRANGE, replace(settings, scope="none"))
    assert not (await client.integration(simulator.STRANGE)).channels_disagree


async def test_what_is_not_there_cannot_be_changed(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """An update of an unknown id is an error."""
    with pytest.raises(NotFoundError):
        await client.update(simulator.UNKNOWN, SETTINGS)
    assert simulator.updates == []


@pytest.mark.parametrize("warm", [False, True], ids=["new-connection", "kept-connection"])
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Reset(), "unreachable"),
        (Reset(after_handling=True), "unreachable"),
        (Truncated(after_handling=True), "unreachable"),
        (Answer.html(502), "server_fault"),
        (Answer(204, after_handling=True), "not_json"),
        (Answer(200, {"ok": True}, after_handling=True), "malformed_answer"),
    ],
    ids=str,
)
async def test_a_write_is_sent_once(
    client: ToolzzClient, simulator: ToolzzSimulator, name: str, fault: Fault, key: str, warm: bool
) -> None:
    """If the answer is lost or useless, the write is not repeated, and its outcome is unknown."""
    if warm:
        await client.integration(simulator.CONNECTED)
        simulator.requests.clear()
    simulator.fail(fault)
    with pytest.raises(ProviderError) as caught:
        await OPERATIONS[name](client)
    assert (caught.value.key, caught.value.outcome_unknown) == (key, True)
    assert len(simulator.requests) == 1
    assert len(simulator.creations) + len(simulator.updates) == int(fault.after_handling)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
async def test_a_refused_write_is_not_done(
    client: ToolzzClient, simulator: ToolzzSimulator, name: str, status: int
) -> None:
    """The outcome of a refused write is known, and the error has no token."""
    said = f"{TOKEN} and {simulator.credentials['access_token']} are no good"
    simulator.fail(Answer(status, {"statusCode": status, "message": said}))
    with pytest.raises(ProviderError) as caught:
        await OPERATIONS[name](client)
    assert not caught.value.outcome_unknown
    assert "are no good" in (caught.value.detail or "")
    if name == "createDiscordIntegration":
        assert TOKEN not in everything_said(caught.value)
    assert simulator.credentials["access_token"] not in everything_said(caught.value)


async def test_nobody_there_means_not_done(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """If no connection is possible, it is certain that nothing was written."""
    await simulator.stop()
    for name in WRITES:
        with pytest.raises(ProviderError) as caught:
            await OPERATIONS[name](client)
        assert (caught.value.key, caught.value.outcome_unknown) == ("unreachable", False)


@pytest.mark.parametrize("field", ["botToken", "isActive", "welcomeMessage"])
def test_the_contract_has_no_place_for_what_an_update_may_not_say(field: str) -> None:
    """The contract forbids a token, a switch and a greeting in an update."""
    schema = ("components", "schemas", "ChangedIntegration")
    body = COMMON | {"channelsDetail": [{"id": "1197654321098765432"}]}
    assert Contract.of("toolzz").problems(schema, body) == []
    assert Contract.of("toolzz").problems(schema, body | {field: "x"})
