"""Toolzz is asked at the right one of its hosts, with the token in one header and nowhere else."""

from collections.abc import AsyncIterator

import pytest

from bot.errors import (
    ForbiddenError,
    MalformedAnswerError,
    NotFoundError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from bot.kit.credentials import Credentials
from bot.kit.integration import Choice, State
from bot.kit.simulator import Answer
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.exposure import everything_said
from tests.providers.contract import Contract
from tests.providers.office import accepted, open_provider

UNIT = ToolzzSimulator.credentials["unit_id"]


@pytest.fixture
async def simulator() -> AsyncIterator[ToolzzSimulator]:
    """Both hosts of Toolzz on loopback."""
    async with ToolzzSimulator() as simulator:
        yield simulator


@pytest.fixture
async def toolzz(simulator: ToolzzSimulator) -> AsyncIterator[ToolzzProvider]:
    """The provider that talks to them."""
    async with open_provider(ToolzzProvider, simulator) as provider:
        yield provider


@pytest.fixture
def credentials() -> Credentials:
    """A token and its unit."""
    return accepted(ToolzzProvider, ToolzzSimulator())


@pytest.fixture
def token_alone(credentials: Credentials) -> Credentials:
    """A token whose unit the admin has left empty."""
    return Credentials({"access_token": credentials["access_token"]})


async def test_each_operation_goes_to_its_host(credentials: Credentials) -> None:
    """One integration is read from the one host, the list of a unit from the other, and never the reverse."""
    async with ToolzzSimulator() as chat, ToolzzSimulator() as converflow:
        urls = {
            "PATCHBAY_TOOLZZ_URL": chat.environment()["PATCHBAY_TOOLZZ_URL"],
            "PATCHBAY_TOOLZZ_UNIT_URL": converflow.environment()["PATCHBAY_TOOLZZ_UNIT_URL"],
        }
        async with open_provider(ToolzzProvider, chat, urls) as toolzz:
            client = toolzz.client(credentials)
            await client.integration(chat.CONNECTED)
            await client.integrations(UNIT)
            await toolzz.verify(credentials)
            await toolzz.choices(credentials)
        listing = f"/converflow/api/v1/discord/integration/unit/{UNIT}"
        assert [received.path for received in chat.requests] == [
            f"/chat/api/v1/discord/integration/{chat.CONNECTED}"
        ]
        assert [received.path for received in converflow.requests] == [listing] * 3


async def test_the_token_is_borne(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Every request is as documented, with the bearer token and as JSON, and the unit is in no header."""
    client = toolzz.client(credentials)
    await client.integration(simulator.CONNECTED)
    await client.integrations(UNIT)
    contract = Contract.of("toolzz")
    called = []
    for received in simulator.requests:
        called.append(contract.check_request(received.method, received.path, received.headers, received.body))
        assert received.headers["Authorization"] == "Bearer FAKE-TOKEN-toolzz-access-0001"
        assert received.headers["Content-Type"] == received.headers["Accept"] == "application/json"
        assert UNIT not in received.headers.values()
    assert called == ["getDiscordIntegration", "listDiscordIntegrationsByUnit"]


async def test_a_token_alone_is_tried_on_nothing(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Without a unit an integration that cannot exist is asked for: its 404 means that the token is good."""
    await toolzz.verify(token_alone)
    (received,) = simulator.requests
    assert received.path == "/chat/api/v1/discord/integration/00000000-0000-0000-0000-000000000000"


async def test_a_token_alone_can_be_bad(toolzz: ToolzzProvider, simulator: ToolzzSimulator) -> None:
    """The same question tells a bad token."""
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
    """Any other refusal of that question is a refusal."""
    simulator.fail(Answer(status, {"statusCode": status, "message": "no"}))
    with pytest.raises(kind):
        await toolzz.verify(token_alone)


async def test_without_a_unit_there_is_no_list(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, token_alone: Credentials
) -> None:
    """Nothing is guessed and nothing is asked where Toolzz cannot list."""
    assert await toolzz.choices(token_alone) == []
    assert not simulator.requests


async def test_a_unit_that_must_exist_is_missed(toolzz: ToolzzProvider, simulator: ToolzzSimulator) -> None:
    """With a unit a 404 is not let pass: the unit is wrong."""
    simulator.fail(Answer(404, {"statusCode": 404, "message": "Unit not found"}))
    with pytest.raises(NotFoundError) as caught:
        await toolzz.verify(accepted(toolzz, simulator))
    assert caught.value.detail == "Unit not found"


async def test_choices_leave_out_what_is_deleted(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """What was softly deleted is still listed by Toolzz and no choice; all else is, with its state."""
    choices = {choice.id: choice for choice in await toolzz.choices(credentials)}
    assert choices.keys() == simulator.integrations.keys() - {simulator.DELETED}
    assert choices[simulator.DISCONNECTED] == Choice(
        simulator.DISCONNECTED, "Pedidos e entregas", State.DISCONNECTED
    )
    assert choices[simulator.STRANGE].state is State.UNKNOWN


async def test_a_choice_always_has_a_label(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Without a title the server's name stands for it, without that the id."""
    entries = [{"id": "a", "title": ""}, {"id": "b", "guildName": "Harbour"}, {"id": "c", "title": {}}]
    simulator.fail(Answer(200, {"data": entries}))
    assert [choice.label for choice in await toolzz.choices(credentials)] == ["a", "Harbour", "c"]


async def test_a_deleted_integration_can_still_be_read(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """Asked for by its id it comes with the time of its end, and counts as inactive."""
    report = await toolzz.client(credentials).integration(simulator.DELETED)
    assert report.deleted_at is not None
    assert report.state is State.INACTIVE


async def test_failures_of_one_integration(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """An unknown id and a connection that is reset are told apart."""
    client = toolzz.client(credentials)
    with pytest.raises(NotFoundError) as caught:
        await client.integration(simulator.UNKNOWN)
    assert caught.value.detail == "Integration not found"
    with pytest.raises(UnreachableError):
        await client.integration(simulator.UNREACHABLE)


async def test_a_body_without_an_id_is_no_report(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """A 200 that holds an error in place of an integration is a failure without the text that came along."""
    simulator.fail(Answer(200, {"statusCode": 500, "message": "FAKE-TOKEN-in-words"}))
    with pytest.raises(MalformedAnswerError) as caught:
        await toolzz.client(credentials).integration(simulator.CONNECTED)
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_clear_tokens_end_at_the_parser(
    toolzz: ToolzzProvider, simulator: ToolzzSimulator, credentials: Credentials
) -> None:
    """The list holds a bot token in clear; what the client returns holds it nowhere."""
    assert "FAKE-TOKEN-toolzz-clear" in str(simulator.integrations)
    client = toolzz.client(credentials)
    reports = await client.integrations(UNIT)
    assert [report.is_token_masked for report in reports].count(False) == 1
    for value in (client, *reports, *(report.model_dump_json() for report in reports)):
        assert "FAKE-TOKEN" not in everything_said(value)
