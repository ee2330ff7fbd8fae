"""Each request goes to the right host of Toolzz, with the token in one header only."""

import ssl

import pytest

from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    MalformedAnswerError,
    NotFoundError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnknownUnitError,
    UnreachableError,
)
from bot.providers.base.api_client import ApiClient, open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.integration import Choice, State
from bot.providers.base.redaction import Redactor
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.toolzz import AGENTS, ToolzzProvider
from bot.providers.toolzz import client as client_module
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.open_provider import open_provider
from tests.support.toolzz_settings import OPERATIONS, SETTINGS, UNIT

LIST = "/discord/integration/unit/"


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
        api = ApiClient(
            http, "toolzz", simulator.environment().values(), redactor, ToolzzProvider.error_format
        )
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
    for unit, is_there in ((UNIT, True), (simulator.UNKNOWN, False)):
        listed = await getattr(client, name)(unit)
        assert bool(listed.data if name == "integrations" else listed) is is_there


async def test_without_a_unit_there_is_no_list(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit the error says what is missing, and nothing is sent."""
    for list_all in (toolzz.choices, lambda credentials: toolzz.other_choices(AGENTS, credentials)):
        with pytest.raises(InvalidInputError) as caught:
            await list_all(token_alone)
        assert caught.value.field == "unit"
    assert not simulator.requests


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_a_wrong_unit_is_told_from_a_wrong_token(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, status: int
) -> None:
    """If Toolzz refuses to list the unit but accepts the token, the error names the unit, with its reason."""
    simulator.fail(Answer(status, {"statusCode": status, "message": "Unit not found"}), times=None, path=LIST)
    for ask in (
        toolzz.verify(credentials),
        toolzz.choices(credentials),
        toolzz.reports(credentials, Wanted(), ResponseCache()),
    ):
        with pytest.raises(UnknownUnitError) as caught:
            await ask
        assert (caught.value.status, caught.value.detail) == (status, "Unit not found")
    with pytest.raises(InvalidInputError) as refused:
        await toolzz.client(credentials).integrations("another")
    assert refused.value.values == {"field": "no_such_unit", "unit": "another"}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, UnauthorizedError), (403, ForbiddenError), (500, ServerFaultError)]
)
async def test_a_token_that_is_not_accepted_is_named_first(
    toolzz: ToolzzProvider,
    simulator: ToolzzSimulator,
    credentials: Credentials,
    status: int,
    kind: type[Exception],
) -> None:
    """If Toolzz accepts neither the unit nor the token, the error is about the token."""
    simulator.fail(Answer(404, {"statusCode": 404, "message": "Unit not found"}), times=None, path=LIST)
    simulator.fail(Answer(status, {"statusCode": status, "message": "no"}), times=None)
    with pytest.raises(kind):
        await toolzz.verify(credentials)


async def test_a_success_that_says_no_is_not_about_the_unit(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Only a status of refusal means the unit."""
    simulator.fail(Answer(200, {"success": False, "message": "Busy"}), path=LIST)
    with pytest.raises(RejectedError):
        await toolzz.verify(credentials)
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("unit_is_known", [True, False])
async def test_agents_are_refused_for_another_reason_if_the_unit_is_known(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials, unit_is_known: bool
) -> None:
    """A refusal to list agents is about the unit only if Toolzz does not list its integrations either."""
    simulator.fail(Answer(404, {"statusCode": 404, "message": "no"}), times=None, path="/bot/unity/")
    if not unit_is_known:
        simulator.fail(Answer(404, {"statusCode": 404, "message": "no"}), times=None, path=LIST)
    with pytest.raises(NotFoundError) as caught:
        await toolzz.other_choices(AGENTS, credentials)
    assert isinstance(caught.value, UnknownUnitError) is not unit_is_known


async def test_choices_leave_out_what_is_deleted(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The choices are all integrations except deleted ones, each with its state."""
    choices = {choice.id: choice for choice in await toolzz.choices(credentials)}
    assert choices.keys() == simulator.integrations.keys() - {simulator.DELETED}
    assert choices[simulator.DISCONNECTED] == Choice(
        simulator.DISCONNECTED, "Pedidos e entregas", State.DISCONNECTED, "1102345678901234567"
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
    simulator.fail(Answer(200, {"status": "gone", "message": "FAKE-TOKEN-in-words"}))
    with pytest.raises(MalformedAnswerError) as caught:
        await toolzz.client(credentials).integration(simulator.CONNECTED)
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_clear_tokens_end_at_the_parser(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A bot token in the list is in nothing that the client returns."""
    assert "FAKE-TOKEN-toolzz-clear" in str(simulator.integrations)
    client = toolzz.client(credentials)
    reports = (await client.integrations(UNIT)).data
    assert [report.is_token_masked for report in reports].count(False) == 1
    for value in (client, *reports, *(report.model_dump_json() for report in reports)):
        assert "FAKE-TOKEN" not in everything_said(value)
