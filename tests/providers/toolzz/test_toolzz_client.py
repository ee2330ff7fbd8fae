"""Each request goes to the right host of Toolzz, with the token in one header only."""

import ssl

import pytest

from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    MalformedAnswerError,
    NotFoundError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from bot.providers.base.api_client import ApiClient, open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import Choice, State
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz import client as client_module
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted, open_provider
from tests.support.toolzz_settings import OPERATIONS, SETTINGS, UNIT


def test_the_table_of_hosts_is_the_contracts(toolzz: ToolzzProvider) -> None:
    """The table has method, path and host of exactly the contract's operations."""
    contract = Contract.of("toolzz")
    hosts = {endpoint.setting: endpoint.default for endpoint in toolzz.endpoints}
    documented = {}
    for _, path, method in contract.operations():
        item = contract.document["paths"][path]
        (server,) = item.get("servers", contract.document["servers"])
        documented[item[method]["operationId"]] = (server["url"], method.upper(), path)
    assert documented == {
        name: (hosts[operation.setting], operation.method, operation.path)
        for name, operation in client_module.OPERATIONS.items()
    }
    assert documented.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
async def test_each_operation_goes_to_its_host(credentials: Credentials, name: str) -> None:
    """The documented host receives the request and the token, and the other host receives nothing."""
    async with ToolzzSimulator() as chat, ToolzzSimulator() as converflow:
        urls = {
            client_module.CHAT: chat.environment()[client_module.CHAT],
            client_module.UNIT: converflow.environment()[client_module.UNIT],
        }
        async with open_provider(ToolzzProvider, chat, urls) as toolzz:
            await OPERATIONS[name](toolzz.client(credentials))
        asked = {client_module.CHAT: chat, client_module.UNIT: converflow}
        (received,) = asked.pop(client_module.OPERATIONS[name].setting).requests
        (other,) = asked.values()
        assert not other.requests
    checked = Contract.of("toolzz").check_request(
        received.method, received.path, received.headers, received.body
    )
    assert checked == name


async def test_both_are_tried_with_the_unit(credentials: Credentials) -> None:
    """With a unit, verifying and suggesting ask only the host of the lists."""
    async with ToolzzSimulator() as chat, ToolzzSimulator() as converflow:
        urls = {
            client_module.CHAT: chat.environment()[client_module.CHAT],
            client_module.UNIT: converflow.environment()[client_module.UNIT],
        }
        async with open_provider(ToolzzProvider, chat, urls) as toolzz:
            await toolzz.verify(credentials)
            await toolzz.choices(credentials)
        listing = f"/converflow/api/v1/discord/integration/unit/{UNIT}"
        assert [received.path for received in converflow.requests] == [listing] * 2
        assert not chat.requests


async def test_no_other_host_can_be_asked(
    simulator: ToolzzSimulator, credentials: Credentials, redactor: Redactor
) -> None:
    """A host that the operator has not configured receives no request."""
    async with (
        ToolzzSimulator() as stranger,
        open_http(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http,
    ):
        api = ApiClient(http, "toolzz", simulator.environment().values(), redactor)
        client = ToolzzClient(api, stranger.environment(), {}, credentials)
        for call in OPERATIONS.values():
            with pytest.raises(KeyError):
                await call(client)
        assert not stranger.requests


@pytest.mark.parametrize("name", OPERATIONS)
async def test_the_token_is_borne(client: ToolzzClient, simulator: ToolzzSimulator, name: str) -> None:
    """Every request has the bearer token and is JSON, and no header has the unit."""
    await OPERATIONS[name](client)
    (received,) = simulator.requests
    assert received.headers["Authorization"] == "Bearer FAKE-TOKEN-toolzz-access-0001"
    assert received.headers["Content-Type"] == received.headers["Accept"] == "application/json"
    assert UNIT not in received.headers.values()
    assert "FAKE-TOKEN" not in received.path


@pytest.mark.parametrize("odd", ["", ".", ".."])
async def test_an_id_cannot_lead_elsewhere(
    client: ToolzzClient, simulator: ToolzzSimulator, odd: str
) -> None:
    """An id that would change the path is not sent, and a slash stays inside one segment."""
    for call in (client.integration(odd), client.update(odd, SETTINGS)):
        with pytest.raises(InvalidInputError):
            await call
    assert not simulator.requests
    with pytest.raises(NotFoundError):
        await client.integration(f"a/{odd}/b?c")
    assert simulator.requests[0].path.startswith("/chat/api/v1/discord/integration/a%2F")


async def test_a_token_alone_is_tried_on_nothing(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit the token is good if Toolzz answers 404 to an id that does not exist."""
    await toolzz.verify(token_alone)
    (received,) = simulator.requests
    assert received.path == "/chat/api/v1/discord/integration/00000000-0000-0000-0000-000000000000"


async def test_a_token_alone_can_be_bad(toolzz: ToolzzProvider, simulator: ToolzzSimulator) -> None:
    """Without a unit a bad token is refused."""
    bad = Credentials({"access_token": simulator.refused_credentials["access_token"]})
    with pytest.raises(UnauthorizedError):
        await toolzz.verify(bad)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, UnauthorizedError), (403, ForbiddenError), (400, RejectedError)]
)
async def test_only_a_missing_integration_is_let_pass(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    token_alone: Credentials,
    status: int,
    kind: type[Exception],
) -> None:
    """Without a unit every error except 404 is raised."""
    simulator.fail(Answer(status, {"statusCode": status, "message": "no"}))
    with pytest.raises(kind):
        await toolzz.verify(token_alone)


@pytest.mark.parametrize("name", ["integrations", "agents"])
async def test_a_list_wants_a_unit(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials, name: str
) -> None:
    """The connection's unit is listed unless another is named; without both nothing is sent."""
    client = toolzz.client(token_alone)
    assert client.unit_id is None
    with pytest.raises(InvalidInputError) as caught:
        await getattr(client, name)()
    assert caught.value.field == "unit"
    assert not simulator.requests
    assert len(await getattr(client, name)(UNIT)) > 1
    assert await getattr(client, name)(simulator.UNKNOWN) == ()


async def test_without_a_unit_there_is_no_list(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit there are no choices, and nothing is sent."""
    assert await toolzz.choices(token_alone) == []
    assert not simulator.requests


async def test_a_unit_that_must_exist_is_missed(toolzz: ToolzzProvider, simulator: ToolzzSimulator) -> None:
    """With a unit a 404 is an error."""
    simulator.fail(Answer(404, {"statusCode": 404, "message": "Unit not found"}))
    with pytest.raises(NotFoundError) as caught:
        await toolzz.verify(accepted(toolzz, simulator))
    assert caught.value.detail == "Unit not found"


async def test_choices_leave_out_what_is_deleted(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The choices are all integrations except deleted ones, each with its state."""
    choices = {choice.id: choice for choice in await toolzz.choices(credentials)}
    assert choices.keys() == simulator.integrations.keys() - {simulator.DELETED}
    assert choices[simulator.DISCONNECTED] == Choice(
        simulator.DISCONNECTED, "Pedidos e entregas", State.DISCONNECTED
    )
    assert choices[simulator.STRANGE].state is State.UNKNOWN


async def test_a_choice_always_has_a_label(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A choice without a title has the server's name as its label, or else its id."""
    entries = [{"id": "a", "title": ""}, {"id": "b", "guildName": "Harbour"}, {"id": "c", "title": {}}]
    simulator.fail(Answer(200, {"data": entries}))
    assert [choice.label for choice in await toolzz.choices(credentials)] == ["a", "Harbour", "c"]


async def test_a_deleted_integration_can_still_be_read(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A deleted integration can be read by its id, with the time of its deletion, and is inactive."""
    report = await toolzz.client(credentials).integration(simulator.DELETED)
    assert report.deleted_at is not None
    assert report.state is State.INACTIVE


async def test_failures_of_one_integration(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """An unknown id and a reset connection lead to different errors."""
    client = toolzz.client(credentials)
    with pytest.raises(NotFoundError) as caught:
        await client.integration(simulator.UNKNOWN)
    assert caught.value.detail == "Integration not found"
    with pytest.raises(UnreachableError):
        await client.integration(simulator.UNREACHABLE)


async def test_a_body_without_an_id_is_no_report(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A reply with status 200 and without an id is an error that does not have the reply's text."""
    simulator.fail(Answer(200, {"statusCode": 500, "message": "FAKE-TOKEN-in-words"}))
    with pytest.raises(MalformedAnswerError) as caught:
        await toolzz.client(credentials).integration(simulator.CONNECTED)
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_clear_tokens_end_at_the_parser(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A bot token in the list is in nothing that the client returns."""
    assert "FAKE-TOKEN-toolzz-clear" in str(simulator.integrations)
    client = toolzz.client(credentials)
    reports = await client.integrations(UNIT)
    assert [report.is_token_masked for report in reports].count(False) == 1
    for value in (client, *reports, *(report.model_dump_json() for report in reports)):
        assert "FAKE-TOKEN" not in everything_said(value)
