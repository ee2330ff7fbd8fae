"""Requests to Sensay follow its contract, and only what Patchbay shows is kept of the replies."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.errors import (
    InvalidInputError,
    MalformedAnswerError,
    NotFoundError,
    ProviderError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.providers.base.credentials import read_credentials
from bot.providers.base.simulator import Answer, Reset
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import PAGE_SIZE
from bot.providers.sensay.models import DiscordIntegration, ReplicaPage
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted
from tests.support.sensay_client import WHERE, Acting, linked, organization, page, replica, user

SAMPLES = Path(__file__).parents[2] / "samples" / "sensay"
TOKEN = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
OURS = {
    "X-ORGANIZATION-SECRET": SensaySimulator.credentials["organization_secret"],
    "X-API-Version": "2025-03-25",
    "Content-Type": "application/json",
    "Accept": "application/json",
}


def sent(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that Sensay reads, without those of the HTTP connection."""
    theirs = ("x-", "authorization", "cookie", "content-type", "accept")
    return {
        name: value
        for name, value in headers.items()
        if name.lower().startswith(theirs) and name.lower() != "accept-encoding"
    }


@pytest.mark.parametrize(
    ("credentials", "more"),
    [
        pytest.param(organization, {}, id="organization"),
        pytest.param(user, {"X-USER-ID": SensaySimulator.OWNER}, id="user"),
        pytest.param(
            linked,
            {"X-USER-ID": SensaySimulator.OWNER_DISCORD_ID, "X-USER-ID-TYPE": "discord"},
            id="linked-account",
        ),
    ],
)
async def test_headers_are_exactly_these(
    sensay: SensayProvider, simulator: SensaySimulator, credentials: Acting, more: dict[str, str]
) -> None:
    """Every call, reads included, has the secret, the pinned version, a content type, and the user if any."""
    client = sensay.client(credentials(sensay, simulator))
    await client.own_replicas()
    await client.create_discord_integration(simulator.UNCONNECTED, TOKEN)
    if client.acts_as_user:
        await client.me()
    assert len(simulator.requests) == (4 if more else 2)
    expected = {name.lower(): value for name, value in (OURS | more).items()}
    for received in simulator.requests:
        assert {name.lower(): value for name, value in sent(received.headers).items()} == expected


async def test_every_call_is_as_documented(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """All operations, as the organization and as a user, are requests that the contract describes."""
    contract = Contract.of("sensay")
    for credentials in (organization, user, linked):
        client = sensay.client(credentials(sensay, simulator))
        await client.own_replicas(on_discord=True)
        await client.replicas(page=2, page_size=3, search="care")
        await client.replica(simulator.UNCONNECTED)
        await client.create_discord_integration(simulator.UNCONNECTED, TOKEN)
        await client.ask(simulator.UNCONNECTED, "Are you open?", WHERE, keep=True)
        await client.sources(simulator.UNCONNECTED)
        await client.history(simulator.UNCONNECTED)
        await client.try_removal(simulator.UNCONNECTED)
        if client.acts_as_user:
            await client.usage()
    called = [
        contract.check_request(received.method, received.path, received.headers, received.body)
        for received in simulator.requests
    ]
    assert set(called) == {operation for operation, _ in contract.replies()}


async def test_the_version_is_pinned() -> None:
    """Every request names the pinned version, so that a later version changes nothing for us."""
    (endpoint,) = SensayProvider.endpoints
    assert endpoint.version is not None
    assert (endpoint.version.header, endpoint.version.pinned) == ("X-API-Version", "2025-03-25")


async def test_verifying_costs_one_small_request(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """With a user id the user is read; without one, as there is no such call, a single replica."""
    await sensay.verify(user(sensay, simulator))
    await sensay.verify(organization(sensay, simulator))
    paths = [received.path for received in simulator.requests]
    assert paths == ["/v1/users/me", "/v1/replicas?page_index=1&page_size=1"]


@pytest.mark.parametrize("kind", ["", "discord"])
async def test_an_unknown_user_is_refused(
    sensay: SensayProvider, simulator: SensaySimulator, kind: str
) -> None:
    """A right secret with a wrong user id is not accepted."""
    with pytest.raises(UnauthorizedError):
        await sensay.verify(accepted(sensay, simulator, user_id="nobody", user_id_type=kind))


async def test_create_sends_the_token_and_nothing_else(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """Connecting sends one POST to the replica's own path, whose body has the token alone."""
    client = sensay.client(organization(sensay, simulator))
    await client.create_discord_integration(simulator.UNCONNECTED, TOKEN)
    (received,) = simulator.requests
    assert received.method == "POST"
    assert received.path == f"/v1/replicas/{simulator.UNCONNECTED}/integrations/discord"
    assert received.body == {"discordToken": TOKEN}
    assert simulator.creations == [(simulator.UNCONNECTED, TOKEN)]


@pytest.mark.parametrize("body", [{"success": False}, {"success": False, "error": f"bad {TOKEN}"}])
async def test_success_false_is_a_failure(
    sensay: SensayProvider, simulator: SensaySimulator, body: object
) -> None:
    """A 200 with success false is a certain refusal."""
    simulator.fail(Answer(200, body))
    with pytest.raises(RejectedError) as caught:
        await sensay.client(organization(sensay, simulator)).create_discord_integration(
            simulator.UNCONNECTED, TOKEN
        )
    assert not caught.value.outcome_unknown
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_success_false_is_no_list(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """An empty list with success false does not verify credentials."""
    failed = page([], 0) | {"success": False, "error": "Not now", "request_id": "abc1::01"}
    simulator.fail(Answer(200, failed))
    with pytest.raises(RejectedError) as caught:
        await sensay.verify(organization(sensay, simulator))
    assert (caught.value.status, caught.value.detail, caught.value.request_id) == (200, "Not now", "abc1::01")


@pytest.mark.parametrize("body", [{}, {"success": None}, {"success": "perhaps"}, {"ok": True}, []])
async def test_a_create_that_does_not_say_is_unknown(
    sensay: SensayProvider, simulator: SensaySimulator, body: object
) -> None:
    """A 200 that says neither yes nor no leaves the outcome unknown."""
    simulator.fail(Answer(200, body, after_handling=True))
    with pytest.raises(MalformedAnswerError) as caught:
        await sensay.client(organization(sensay, simulator)).create_discord_integration(
            simulator.UNCONNECTED, TOKEN
        )
    assert caught.value.outcome_unknown
    assert len(simulator.creations) == 1


@pytest.mark.parametrize(
    ("uuid", "kind", "says"),
    [
        (SensaySimulator.UNKNOWN, NotFoundError, "Replica not found"),
        (SensaySimulator.FOREIGN, NotFoundError, "Replica not found"),
        ("not-a-uuid", RejectedError, "replicaUUID is not a UUID"),
        (SensaySimulator.BROKEN, ServerFaultError, "Internal error"),
    ],
)
async def test_a_refused_create_brings_sensays_words(
    sensay: SensayProvider, simulator: SensaySimulator, uuid: str, kind: type[ProviderError], says: str
) -> None:
    """Each refusal has its own error with Sensay's text and reference, without stack trace and token."""
    with pytest.raises(kind) as caught:
        await sensay.client(organization(sensay, simulator)).create_discord_integration(uuid, TOKEN)
    error = caught.value
    assert (error.detail, simulator.creations) == (says, [])
    assert error.outcome_unknown is (kind is ServerFaultError)  # a fault may come half-way
    assert error.request_id
    assert error.request_id.startswith("sim1::")
    said = everything_said(error)
    assert "FAKE-TOKEN" not in said
    assert "run.ts" not in said


async def test_a_lost_answer_to_a_create_is_not_repeated(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """Where Sensay took the token and its answer was lost, the request is not repeated."""
    simulator.fail(Reset(after_handling=True), times=None)
    with pytest.raises(ProviderError) as caught:
        await sensay.client(organization(sensay, simulator)).create_discord_integration(
            simulator.UNCONNECTED, TOKEN
        )
    assert caught.value.outcome_unknown
    assert simulator.creations == [(simulator.UNCONNECTED, TOKEN)]


async def test_a_user_gets_his_own_replicas(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Foreign public replicas, which Sensay shows to every user, are no choices."""
    choices = await sensay.choices(linked(sensay, simulator))
    assert [choice.label for choice in choices] == [
        "Atendimento ao Cliente",
        "Billing Questions",
        "Customer Care",
        "Job Applications",
    ]


async def test_strangers_are_left_out_whatever_sensay_sends(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """Where Sensay ignores the owner, the replicas of others are dropped here."""
    items = [replica(1), replica(2, "open-gallery"), {**replica(3), "ownerID": None}, replica(4)]
    simulator.fail(Answer(200, page(items, 4)), path="/v1/replicas")
    choices = await sensay.choices(user(sensay, simulator))
    assert [choice.label for choice in choices] == ["Replica 1", "Replica 4"]
    assert "ownerID=northwind-care" in simulator.requests[-1].path


async def test_an_organization_gets_all_its_users_replicas(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """Without a user no owner is sent, and Sensay lists the organization's replicas only."""
    choices = await sensay.choices(organization(sensay, simulator))
    assert len(choices) == 6
    assert "ownerID" not in simulator.requests[-1].path


async def test_pages_are_read_to_the_end(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """For 250 replicas three pages are read, counted from 1, each once."""
    replicas = [replica(number) for number in range(250)]
    simulator.replicas = {entry["uuid"]: {**entry, "private": True} for entry in replicas}
    choices = await sensay.choices(organization(sensay, simulator))
    assert {choice.id for choice in choices} == simulator.replicas.keys()
    assert [received.path for received in simulator.requests] == [
        f"/v1/replicas?page_index={number}&page_size=100" for number in (1, 2, 3)
    ]


async def test_a_full_last_page_is_the_last(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """Where the replicas fill their pages exactly, no empty page is asked for."""
    simulator.fail(Answer(200, page([replica(number) for number in range(PAGE_SIZE)], PAGE_SIZE)))
    assert len(await sensay.choices(organization(sensay, simulator))) == PAGE_SIZE
    assert len(simulator.requests) == 1


async def test_pages_may_be_smaller_than_asked_for(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """A list with smaller pages than asked for is read to the end."""
    for start in (0, 2, 4):
        items = [replica(number) for number in range(start, min(start + 2, 5))]
        simulator.fail(Answer(200, page(items, 5)))
    assert len(await sensay.choices(organization(sensay, simulator))) == 5
    assert len(simulator.requests) == 3


async def test_no_replica_is_an_answer(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """An empty list verifies the credentials and has no choices."""
    simulator.replicas.clear()
    await sensay.verify(organization(sensay, simulator))
    assert await sensay.choices(organization(sensay, simulator)) == []


def test_nulls_break_nothing() -> None:
    """An integration and each of its fields may be null; is_active has three states."""
    read = ReplicaPage.model_validate_json((SAMPLES / "nulls.json").read_bytes())
    assert [entry.discord_integration for entry in read.items] == [
        None,
        DiscordIntegration(),
        DiscordIntegration(),
        DiscordIntegration(service_name="some_runner", is_active=False),
        None,
    ]
    assert (read.items[-1].uuid, read.items[-1].name, read.items[-1].owner_id) == (None, None, None)


async def test_a_replica_without_a_name_goes_by_its_uuid(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """A replica without a UUID cannot be picked; one without a name can."""
    nameless = {**replica(7), "name": None}
    simulator.fail(Answer(200, page([nameless, {"uuid": None, "name": "Ghost"}], 2)))
    (choice,) = await sensay.choices(organization(sensay, simulator))
    assert choice.label == choice.id == nameless["uuid"]


def test_tokens_end_at_the_parser() -> None:
    """The bot tokens that Sensay lists in clear text are in no model: not in fields, dump or repr."""
    raw = (SAMPLES / "nulls.json").read_text("utf-8")
    assert "FAKE-TOKEN" in raw
    read = ReplicaPage.model_validate_json(raw)
    for value in (read, *read.items, read.items[3].discord_integration):
        assert "FAKE-TOKEN" not in everything_said(value)
    assert "FAKE-TOKEN" not in read.model_dump_json()
    fields = json.loads(read.model_dump_json())["items"][3].keys()
    assert fields == {"uuid", "name", "short_description", "owner_id", "discord_integration"}


async def test_the_simulators_tokens_end_there_too(
    sensay: SensayProvider, simulator: SensaySimulator
) -> None:
    """The list that is sent has tokens; what the client returns has none."""
    assert "FAKE-TOKEN-simulated" in str(simulator.replicas)
    client = sensay.client(organization(sensay, simulator))
    read = await client.replicas()
    assert len(read.items) == 6
    for value in (client, read, await client.own_replicas(), await client.look_up(simulator.ACTIVE)):
        assert "FAKE-TOKEN" not in everything_said(value)


def test_a_kind_of_user_id_wants_a_user_id() -> None:
    """An id type without an id is refused by the form."""
    values = {"organization_secret": "FAKE-TOKEN-x", "user_id_type": "discord"}
    with pytest.raises(InvalidInputError) as caught:
        read_credentials(SensayProvider.slug, SensayProvider.fields, values)
    assert caught.value.field == "needs"
