"""What becomes of a bot token: sent once at most, and no more claimed than the list proves."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ForbiddenError, ProviderError, UnauthorizedError
from bot.providers.base.credentials import Credentials
from bot.providers.base.outcome import LookupResult
from bot.providers.base.simulator import Answer, Fault, Reset, Slow, Truncated
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.handover import hand_over, judge, look_before, try_look_up, was_connected
from bot.providers.sensay.models import DiscordIntegration, ListedReplica, Replica
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.open_provider import open_provider
from tests.support.sensay_client import linked, organization, user
from tests.support.shutdown import cancel_at_once, run_to_end

CREATION = "integrations/discord"
LIST = "/v1/replicas?"
REPLICAS = st.builds(
    Replica,
    uuid=st.just(SensaySimulator.UNCONNECTED),
    discord_integration=st.none() | st.builds(DiscordIntegration, is_active=st.none() | st.booleans()),
)
LISTED_REPLICAS = st.builds(ListedReplica, st.none() | REPLICAS, complete=st.booleans())
BEFORE = st.none() | st.booleans()


@pytest.fixture
def client(sensay: SensayProvider, simulator: SensaySimulator) -> SensayClient:
    """Sensay as the organization reaches it."""
    return sensay.client(organization(sensay, simulator))


@given(LISTED_REPLICAS, BEFORE)
def test_every_look_has_one_result(found: ListedReplica, before: bool | None) -> None:
    """It is there only if it was not before and is listed now; not there only if listed without a bot."""
    replica = found.replica
    listed = replica is not None and replica.discord_integration is not None
    result = judge(found, was_connected=before)
    assert (result is LookupResult.THERE) is (listed and before is False)
    assert (result is LookupResult.NOT_THERE) is (replica is not None and not listed)


@given(LISTED_REPLICAS)
def test_less_knowledge_never_gives_a_bolder_result(listed: ListedReplica) -> None:
    """Not to know what was before is treated as if there had been one; an unread list proves nothing."""
    assert judge(listed, was_connected=None) is judge(listed, was_connected=True)
    for complete in (True, False):
        for before in (None, True, False):
            assert judge(ListedReplica(None, complete=complete), was_connected=before) is LookupResult.UNKNOWN


@pytest.mark.parametrize(
    ("listed", "remembered", "known"),
    [
        (True, True, True),
        (True, False, True),
        (None, True, None),
        (None, False, None),
        (False, True, None),
        (False, False, False),
    ],
)
def test_our_own_record_takes_a_no_away(*, listed: bool | None, remembered: bool, known: bool | None) -> None:
    """A list may lag behind: what was connected from here may be there although it is not listed."""
    assert was_connected(listed, remembered=remembered) is known


@pytest.mark.parametrize(
    ("replica", "on_discord", "is_missing"),
    [
        ("ACTIVE", True, False),
        ("INACTIVE", True, False),
        ("UNDECIDED", True, False),
        ("UNCONNECTED", False, False),
        ("UNKNOWN", None, True),
        ("FOREIGN", None, True),
    ],
)
async def test_what_was_there_is_read_off_the_list(
    client: SensayClient,
    simulator: SensaySimulator,
    replica: str,
    on_discord: bool | None,
    is_missing: bool,
) -> None:
    """An integration in whatever state counts; a replica that the whole list lacks is certainly missing."""
    listed = await look_before(client, getattr(simulator, replica))
    assert listed is not None
    assert (listed.on_discord, listed.is_missing) == (on_discord, is_missing)


@pytest.mark.parametrize("acting", [user, linked])
@pytest.mark.parametrize("ignores_owner", [True, False])
async def test_somebody_elses_replica_is_missing(
    sensay: SensayProvider,
    simulator: SensaySimulator,
    acting: Callable[[SensayProvider, SensaySimulator], Credentials],
    ignores_owner: bool,
) -> None:
    """A user's replicas are the user's own: a public one of another owner is not, even if Sensay lists it."""
    if ignores_owner:
        items = list(simulator.replicas.values())
        simulator.fail(Answer(200, {"items": items, "total": len(items)}), times=None, path=LIST)
    for replica in (simulator.FOREIGN, simulator.ACTIVE, simulator.UNKNOWN):
        listed = await look_before(sensay.client(acting(sensay, simulator)), replica)
        assert listed is not None
        assert listed.is_missing


@pytest.mark.parametrize(
    "fault", [Answer(500), Answer(429), Answer(200, b"{"), Reset(), Answer(404, {"error": "no"})]
)
async def test_what_was_there_may_stay_unknown(
    client: SensayClient, simulator: SensaySimulator, fault: Fault
) -> None:
    """A list that cannot be had says nothing, and one that goes on after its end denies nothing."""
    simulator.fail(fault, times=None)
    assert await look_before(client, simulator.ACTIVE) is None
    simulator.heal()
    simulator.fail(Answer(200, {"items": [], "total": 3}), times=None)
    assert await look_before(client, simulator.ACTIVE) == ListedReplica(None, complete=False)


@pytest.mark.parametrize(("status", "error"), [(401, UnauthorizedError), (403, ForbiddenError)])
async def test_credentials_that_do_not_work_are_told_before_anything_is_sent(
    client: SensayClient, simulator: SensaySimulator, status: int, error: type[ProviderError]
) -> None:
    """A refusal of the credentials is no reason to go on."""
    simulator.fail(Answer(status, {"error": "no"}))
    with pytest.raises(error):
        await look_before(client, simulator.ACTIVE)


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("fault", [Answer(500), Answer.html(200), Reset(), Truncated(), Slow(30)], ids=repr)
async def test_doubt_is_settled_by_the_list(simulator: SensaySimulator, fault: Fault, acted: bool) -> None:
    """Whatever the answer, and with none in time, the token is sent once and the list decides."""
    simulator.fail(type(fault)(**{**vars(fault), "after_handling": acted}), times=None, path=CREATION)
    async with open_provider(SensayProvider, simulator, deadline_of=lambda _: 0.5) as sensay:
        outcome = await hand_over(
            sensay.client(organization(sensay, simulator)),
            simulator.UNCONNECTED,
            simulator.discord_token,
            was_connected=False,
            cancel_on_shutdown=run_to_end,
        )
    assert outcome.doubt is not None
    assert outcome.result is (LookupResult.THERE if acted else LookupResult.NOT_THERE)
    assert outcome.found is not None
    assert (outcome.found.discord_integration is not None) is acted
    assert len([request for request in simulator.requests if request.method == "POST"]) == 1
    assert len(simulator.creations) == int(acted)
    assert simulator.discord_token not in repr(outcome)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 422, 429])
async def test_a_refusal_is_raised(client: SensayClient, simulator: SensaySimulator, status: int) -> None:
    """What Sensay refuses in so many words was not done, and nobody looks into the list."""
    simulator.fail(Answer(status, {"error": "no"}))
    with pytest.raises(ProviderError) as raised:
        await hand_over(
            client,
            simulator.UNCONNECTED,
            simulator.discord_token,
            was_connected=False,
            cancel_on_shutdown=run_to_end,
        )
    assert not raised.value.outcome_unknown
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("before", [True, False, None])
async def test_a_yes_needs_no_proof(
    client: SensayClient, simulator: SensaySimulator, before: bool | None
) -> None:
    """Sensay's own yes counts whatever was before and although the list cannot be read."""
    simulator.fail(Answer(500), times=None, path=LIST)
    outcome = await hand_over(
        client,
        simulator.UNCONNECTED,
        simulator.discord_token,
        was_connected=before,
        cancel_on_shutdown=run_to_end,
    )
    assert (outcome.doubt, outcome.result, outcome.found) == (None, LookupResult.THERE, None)


async def test_a_bot_that_is_stopped_still_tells_what_it_did(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """The look into the list is given up, not the outcome of what was sent."""
    assert await try_look_up(client, simulator.ACTIVE, cancel_at_once) == ListedReplica(None, complete=False)
    simulator.fail(Reset(after_handling=True), path=CREATION)
    outcome = await hand_over(
        client,
        simulator.UNCONNECTED,
        simulator.discord_token,
        was_connected=False,
        cancel_on_shutdown=cancel_at_once,
    )
    assert outcome.result is LookupResult.UNKNOWN
    assert len(simulator.creations) == 1


async def test_two_tokens_at_once_are_two_requests(client: SensayClient, simulator: SensaySimulator) -> None:
    """Each of several handovers sends its own token, once."""
    tokens = [f"{simulator.discord_token[:-1]}{number}" for number in range(5)]
    await asyncio.gather(
        *(
            hand_over(client, simulator.UNCONNECTED, token, was_connected=None, cancel_on_shutdown=run_to_end)
            for token in tokens
        )
    )
    assert sorted(token for _, token in simulator.creations) == tokens
