"""The list of Sensay's replicas: it is read to its end, and a part of it proves no absence."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import MalformedAnswerError, ProviderError
from bot.providers.base.api_client import open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer, Fault
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import MAX_PAGES, PAGE_SIZE, SensayClient
from bot.providers.sensay.models import MAX_ENTRIES, ListedReplica, ReplicaPage, Replicas
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.sensay_client import Acting, linked, organization, page, replica, user

LIST = "/v1/replicas"


@dataclass(frozen=True)
class Pages(Fault):
    """A list in pages of at most `most` replicas. heeds_number: False where it ignores the page number."""

    replicas: Sequence[Mapping[str, Any]]
    most: int
    heeds_number: bool = True

    async def strike(self, request: web.Request) -> web.StreamResponse:
        """Return the page."""
        size = min(self.most, int(request.query["page_size"]))
        start = (int(request.query["page_index"]) - 1) * size if self.heeds_number else 0
        items = [dict(entry) for entry in islice(self.replicas, start, start + size)]
        return web.json_response(page(items, len(self.replicas)))


def many(number: int) -> list[dict[str, Any]]:
    """Return so many replicas of the owner's, all on Discord."""
    connected = {"discord_integration": {"token": None, "service_name": None, "is_active": True}}
    return [replica(index) | connected for index in range(number)]


async def read_own(
    credentials: Mapping[str, str], *faults: Fault, times: int | None = 1
) -> tuple[Replicas, int]:
    """Read the list from a new simulator with these faults; return it and the number of pages read."""
    async with SensaySimulator() as simulator, open_http(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        for fault in faults:
            simulator.fail(fault, path=LIST, times=times)
        switches = {switch.setting: False for switch in SensayProvider.switches}
        sensay = SensayProvider(http, simulator.environment(), switches, Redactor())
        replicas = await sensay.client(Credentials({**simulator.credentials, **credentials})).own_replicas()
        return replicas, sum(received.path.startswith(LIST) for received in simulator.requests)


@pytest.fixture
def client(sensay: SensayProvider, simulator: SensaySimulator) -> SensayClient:
    """A client that acts for the whole organization."""
    return sensay.client(organization(sensay, simulator))


async def test_a_list_can_be_narrowed(client: SensayClient, simulator: SensaySimulator) -> None:
    """The list can be filtered by owner, part of a name and Discord, by the contract's parameters."""
    found = await client.replicas(page_size=5, owner=simulator.OWNER, search="C", on_discord=True)
    assert [entry.name for entry in found.items] == ["Atendimento ao Cliente", "Customer Care"]
    (received,) = simulator.requests
    assert received.path == (
        f"{LIST}?page_index=1&page_size=5&ownerID={simulator.OWNER}&search=C&integration=discord"
    )


async def test_a_search_is_sent_as_typed(client: SensayClient, simulator: SensaySimulator) -> None:
    """A search is sent as one parameter's value, whatever it contains."""
    assert (await client.replicas(search="a&page_size=1 ção")).total == 0
    assert simulator.requests[0].path.count("page_size=") == 1


async def test_a_replica_says_what_it_is(client: SensayClient, simulator: SensaySimulator) -> None:
    """A replica has its owner and its tagline besides its name."""
    found = (await client.own_replicas()).get(simulator.PORTUGUESE)
    assert found is not None
    assert (found.name, found.owner_id) == ("Atendimento ao Cliente", simulator.OWNER)
    assert found.short_description == "Trocas e devoluções"


@pytest.mark.parametrize(
    "more",
    [{}, {"llm": None}, {"llm": {"model": 5}}, {"llm": "model"}, {"greeting": 7}, {"private": "perhaps"}],
    ids=repr,
)
def test_a_replica_may_say_little_and_anything_beside_it(more: dict[str, object]) -> None:
    """A replica may lack most fields, and fields that we do not read may have any value."""
    read = ReplicaPage.model_validate({"items": [{"uuid": "a", **more}]})
    assert read.items[0].model_dump(exclude_none=True) == {"uuid": "a"}


@pytest.mark.parametrize("acting", [organization, user, linked])
async def test_only_those_on_discord(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting
) -> None:
    """Replicas without an integration and foreign ones are left out, by Sensay and by us."""
    client = sensay.client(acting(sensay, simulator))
    expected = {simulator.PORTUGUESE, simulator.INACTIVE, simulator.UNDECIDED}
    if acting is organization:
        expected.add(simulator.ACTIVE)
    replicas = await client.own_replicas(on_discord=True)
    assert {entry.uuid for entry in replicas.items} == expected
    assert replicas.complete
    assert "integration=discord" in simulator.requests[-1].path

    everything = Pages(list(simulator.replicas.values()), PAGE_SIZE)
    simulator.fail(everything, path=LIST)
    replicas = await client.own_replicas(on_discord=True)
    assert {entry.uuid for entry in replicas.items} - {simulator.FOREIGN} == expected
    assert (simulator.FOREIGN in {entry.uuid for entry in replicas.items}) is (acting is organization)


async def test_an_owner_is_asked_for(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A user's list is requested by Sensay's own id of the user, not by the Discord account."""
    await sensay.client(linked(sensay, simulator)).own_replicas()
    assert f"ownerID={simulator.OWNER}" in simulator.requests[-1].path


@pytest.mark.parametrize(("number", "complete"), [(500, True), (501, False)])
async def test_a_long_list_is_cut_and_says_so(
    client: SensayClient, simulator: SensaySimulator, number: int, complete: bool
) -> None:
    """Five pages of a hundred are read; with one replica more the list is incomplete."""
    simulator.replicas = {entry["uuid"]: {**entry, "private": True} for entry in many(number)}
    replicas = await client.own_replicas()
    assert (len(replicas.items), replicas.complete) == (PAGE_SIZE * MAX_PAGES, complete)
    assert len(simulator.requests) == MAX_PAGES


async def test_a_list_that_shifts_is_a_part(client: SensayClient, simulator: SensaySimulator) -> None:
    """A replica that is listed twice is returned once, and the list is incomplete: another one was missed."""
    first, second, third, _ = many(4)
    simulator.fail(Answer(200, page([first, second], 4)))
    simulator.fail(Answer(200, page([second, third], 4)))
    simulator.fail(Answer(200, page([], 4)))
    replicas = await client.own_replicas()
    assert [entry.name for entry in replicas.items] == ["Replica 0", "Replica 1", "Replica 2"]
    assert not replicas.complete
    assert len(simulator.requests) == 3


@pytest.mark.parametrize(
    ("total", "complete", "pages"),
    [(2, True, 1), (1, True, 1), (0, True, 1), (3, False, 2), (10**9, False, 2), (None, False, 2)],
)
async def test_a_total_decides(
    client: SensayClient, simulator: SensaySimulator, total: int | None, complete: bool, pages: int
) -> None:
    """A list is complete where as many replicas were read as the total says, and never without a total."""
    simulator.fail(Answer(200, page(many(2), total)), times=None)
    replicas = await client.own_replicas()
    assert (len(replicas.items), replicas.complete, len(simulator.requests)) == (2, complete, pages)


@pytest.mark.parametrize("total", [-1, 1.5, "many", 10**30])
async def test_a_total_is_a_number(client: SensayClient, simulator: SensaySimulator, total: object) -> None:
    """A list with an impossible total is malformed."""
    simulator.fail(Answer(200, page([], 0) | {"total": total}))
    with pytest.raises(MalformedAnswerError):
        await client.own_replicas()


async def test_new_pages_for_ever_end(client: SensayClient, simulator: SensaySimulator) -> None:
    """A list that never ends is read up to the limit of pages."""
    for number in range(MAX_PAGES + 1):
        simulator.fail(Answer(200, page([replica(number)], 1_000_000)))
    replicas = await client.own_replicas()
    assert (len(replicas.items), replicas.complete) == (MAX_PAGES, False)
    assert len(simulator.requests) == MAX_PAGES


async def test_no_page_has_too_many(client: SensayClient, simulator: SensaySimulator) -> None:
    """A page with too many entries is malformed."""
    simulator.fail(Answer(200, page([{}] * (MAX_ENTRIES + 1), 1)))
    with pytest.raises(MalformedAnswerError):
        await client.own_replicas()


async def test_a_replica_without_a_uuid_is_not_there(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """A replica without a UUID is left out, and the list is complete all the same."""
    simulator.fail(Answer(200, page([replica(1), {"uuid": None, "name": "Ghost"}, {"uuid": ""}], 3)))
    replicas = await client.own_replicas()
    assert [entry.name for entry in replicas.items] == ["Replica 1"]
    assert replicas.complete


async def test_letters_of_a_uuid_have_no_case(client: SensayClient, simulator: SensaySimulator) -> None:
    """A UUID in upper case names the same replica."""
    entry = many(1)[0]
    simulator.fail(Answer(200, page([entry | {"uuid": entry["uuid"].upper()}], 1)), times=None)
    for uuid in (entry["uuid"], entry["uuid"].upper()):
        found = (await client.look_up(uuid)).replica
        assert found is not None
        assert found.uuid == entry["uuid"]


@pytest.mark.parametrize(
    ("uuid", "active"),
    [
        (SensaySimulator.ACTIVE, True),
        (SensaySimulator.INACTIVE, False),
        (SensaySimulator.UNDECIDED, None),
    ],
)
async def test_a_replica_on_discord_is_seen(client: SensayClient, uuid: str, active: bool | None) -> None:
    """A replica on Discord is found with the state that Sensay gives: active, inactive or unknown."""
    listed = await client.look_up(uuid)
    assert listed.on_discord is True
    assert listed.replica is not None
    assert listed.replica.discord_integration is not None
    assert listed.replica.discord_integration.is_active is active


async def test_a_replica_that_is_not_on_discord_is_seen(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """A replica that is not on Discord is found among all own replicas, without an integration."""
    listed = await client.look_up(simulator.UNCONNECTED)
    assert listed.on_discord is False
    assert listed.replica is not None
    assert listed.replica.name == "Job Applications"
    assert ["integration=discord" in request.path for request in simulator.requests] == [True, False]


async def test_one_list_is_enough_for_a_replica_on_discord(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """A replica that is on Discord is found with one request, as those are read first."""
    await client.look_up(simulator.ACTIVE)
    (request,) = simulator.requests
    assert "integration=discord" in request.path


@pytest.mark.parametrize("uuid", [SensaySimulator.UNKNOWN, SensaySimulator.FOREIGN])
async def test_a_replica_that_is_not_listed_says_nothing_of_its_bot(client: SensayClient, uuid: str) -> None:
    """A foreign and an unknown replica are not found, and whether they are on Discord is unknown."""
    listed = await client.look_up(uuid)
    assert listed == ListedReplica(None, complete=True)
    assert listed.on_discord is None


@pytest.mark.parametrize(("acting", "on_discord"), [(organization, True), (user, None), (linked, None)])
async def test_another_users_replica_is_not_denied(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting, on_discord: bool | None
) -> None:
    """The organization's list has another user's active bot; a user's own list lacks it."""
    assert (await sensay.client(acting(sensay, simulator)).look_up(simulator.ACTIVE)).on_discord is on_discord


async def test_part_of_a_list_denies_nothing(client: SensayClient, simulator: SensaySimulator) -> None:
    """In an incomplete list, a replica that is listed is found, and the absence of one proves nothing."""
    replicas = many(PAGE_SIZE * MAX_PAGES + 1)
    simulator.fail(Pages(replicas, PAGE_SIZE), path=LIST, times=None)
    assert (await client.look_up(replicas[-2]["uuid"])).on_discord is True
    missed = await client.look_up(replicas[-1]["uuid"])
    assert missed == ListedReplica(None, complete=False)
    assert missed.on_discord is None


async def test_a_part_of_all_replicas_is_no_end_either(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """Where only the list of those on Discord is complete, the absence of a replica proves nothing."""
    simulator.fail(Pages([], PAGE_SIZE), path="integration=discord", times=None)
    simulator.fail(Pages(many(PAGE_SIZE * MAX_PAGES + 1), PAGE_SIZE), path=LIST, times=None)
    assert await client.look_up(simulator.UNKNOWN) == ListedReplica(None, complete=False)


async def test_a_page_that_fails_is_no_end(client: SensayClient, simulator: SensaySimulator) -> None:
    """An error on a later page is raised, and no shorter list is returned."""
    simulator.fail(Answer(200, page(many(2), 4)))
    simulator.fail(Answer.html(502))
    with pytest.raises(ProviderError):
        await client.own_replicas()


@settings(max_examples=30)
@given(st.integers(0, 30), st.integers(1, 9), st.booleans())
async def test_any_page_size_gives_the_same_list(number: int, most: int, heeds_number: bool) -> None:
    """Whatever the page size, replicas are returned once and in order, and a part is called incomplete."""
    entries = many(number)
    replicas, asked = await read_own({}, Pages(entries, most, heeds_number), times=None)
    reached = min(number, most * MAX_PAGES if heeds_number else most)
    assert [entry.uuid for entry in replicas.items] == [entry["uuid"] for entry in entries[:reached]]
    assert replicas.complete is (reached == number)
    assert asked <= (MAX_PAGES if heeds_number else 2)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.integers(0, 5), st.sampled_from([SensaySimulator.OWNER, "open-gallery", None])),
                max_size=4,
            ),
            st.none() | st.integers(0, 12),
        ),
        min_size=MAX_PAGES,
        max_size=MAX_PAGES,
    ),
    st.sampled_from([{}, {"user_id": SensaySimulator.OWNER}]),
)
async def test_any_pages_give_a_list(
    sent: list[tuple[list[tuple[int, str | None]], int | None]], credentials: dict[str, str]
) -> None:
    """Whatever the pages contain, no replica comes twice, none is foreign, and no part is complete."""
    answers = [
        Answer(200, page([replica(number, owner) for number, owner in items], total)) for items, total in sent
    ]
    replicas, asked = await read_own(credentials, *answers)
    uuids = [entry.uuid for entry in replicas.items]
    assert len(uuids) == len(set(uuids))
    read = sent[:asked]
    seen = {number for items, _ in read for number, _ in items}
    assert set(uuids) <= {replica(number)["uuid"] for number in seen}
    if credentials:
        assert {entry.owner_id for entry in replicas.items} <= {SensaySimulator.OWNER}
    else:
        assert len(uuids) == len(seen)
    total = read[-1][1]
    repeated = 0
    known: set[int] = set()
    for items, _ in read:
        numbers = {number for number, _ in items}
        # What a page repeats is counted by the total, unless the page repeats an earlier one.
        repeated += len(items) - len(numbers) if numbers - known else 0
        known |= numbers
    assert replicas.complete is (total is not None and len(seen) + repeated >= total)
