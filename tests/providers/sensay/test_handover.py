"""What becomes of a bot token: sent once at most, and no more claimed than the list proves."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ForbiddenError, ProviderError, RestartingError, UnauthorizedError
from bot.kit.integration import Verdict
from bot.kit.simulator import Answer, Fault, Reset, Slow, Truncated
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.handover import glance, had_one, hand_over, judge, was_there
from bot.providers.sensay.models import DiscordIntegration, Replica, Sighting
from bot.providers.sensay.simulator import SensaySimulator
from tests.providers.sensay.acting import organization

CREATION = "integrations/discord"
LIST = "/v1/replicas?"
REPLICAS = st.builds(
    Replica,
    uuid=st.just(SensaySimulator.UNCONNECTED),
    discord_integration=st.none() | st.builds(DiscordIntegration, is_active=st.none() | st.booleans()),
)
SIGHTINGS = st.builds(Sighting, st.none() | REPLICAS, complete=st.booleans())
BEFORE = st.none() | st.booleans()


@pytest.fixture
def client(sensay: SensayProvider, simulator: SensaySimulator) -> SensayClient:
    """Sensay as the organization reaches it."""
    return sensay.client(organization(sensay, simulator))


async def at_leisure(work: Coroutine[Any, Any, Sighting]) -> Sighting:
    """Await, as a bot does that nobody stops."""
    return await work


async def in_a_hurry(work: Coroutine[Any, Any, Sighting]) -> Sighting:
    """Be stopped, as a bot that is being restarted."""
    work.close()
    raise RestartingError


@given(SIGHTINGS, BEFORE)
def test_every_sighting_has_one_verdict(sighting: Sighting, had_one: bool | None) -> None:
    """It is there only if it was not before and is listed now; not there only if listed without a bot."""
    replica = sighting.replica
    listed = replica is not None and replica.discord_integration is not None
    verdict = judge(sighting, had_one=had_one)
    assert (verdict is Verdict.THERE) is (listed and had_one is False)
    assert (verdict is Verdict.NOT_THERE) is (replica is not None and not listed)


@given(SIGHTINGS)
def test_less_knowledge_never_gives_a_bolder_verdict(sighting: Sighting) -> None:
    """Not to know what was before is treated as if there had been one; an unread list proves nothing."""
    assert judge(sighting, had_one=None) is judge(sighting, had_one=True)
    for complete in (True, False):
        for before in (None, True, False):
            assert judge(Sighting(None, complete=complete), had_one=before) is Verdict.UNKNOWN


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
    assert had_one(listed, remembered=remembered) is known


@pytest.mark.parametrize(
    ("replica", "expected"),
    [
        ("ACTIVE", True),
        ("INACTIVE", True),
        ("UNDECIDED", True),
        ("UNCONNECTED", False),
        ("UNKNOWN", None),
        ("STRANGER", None),
    ],
)
async def test_what_was_there_is_read_off_the_list(
    client: SensayClient, simulator: SensaySimulator, replica: str, expected: bool | None
) -> None:
    """One with an integration in whatever state has one, another own one has not; of no other is it known."""
    assert await was_there(client, getattr(simulator, replica)) is expected


@pytest.mark.parametrize("fault", [Answer(500), Answer(429), Answer(200, b"{"), Reset(), Answer(404)])
async def test_what_was_there_may_stay_unknown(
    client: SensayClient, simulator: SensaySimulator, fault: Fault
) -> None:
    """A list that cannot be had, and one that goes on after its end, say neither yes nor no."""
    simulator.fail(fault, times=None)
    assert await was_there(client, simulator.ACTIVE) is None
    simulator.heal()
    simulator.fail(Answer(200, {"items": [], "total": 3}), times=None)
    assert await was_there(client, simulator.ACTIVE) is None


@pytest.mark.parametrize(("status", "error"), [(401, UnauthorizedError), (403, ForbiddenError)])
async def test_credentials_that_do_not_work_are_told_before_anything_is_sent(
    client: SensayClient, simulator: SensaySimulator, status: int, error: type[ProviderError]
) -> None:
    """A refusal of the credentials is no reason to go on."""
    simulator.fail(Answer(status, {}))
    with pytest.raises(error):
        await was_there(client, simulator.ACTIVE)


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("fault", [Answer(500), Answer.html(200), Reset(), Truncated(), Slow(30)], ids=repr)
async def test_doubt_is_settled_by_the_list(
    sensay: SensayProvider, client: SensayClient, simulator: SensaySimulator, fault: Fault, acted: bool
) -> None:
    """Whatever the answer, and with none in time, the token is sent once and the list decides."""
    sensay._api._deadline = 0.5
    simulator.fail(type(fault)(**{**vars(fault), "after_handling": acted}), times=None, path=CREATION)
    outcome = await hand_over(
        client, simulator.UNCONNECTED, simulator.discord_token, had_one=False, unless_stopping=at_leisure
    )
    assert outcome.doubt is not None
    assert outcome.verdict is (Verdict.THERE if acted else Verdict.NOT_THERE)
    assert outcome.replica is not None
    assert (outcome.replica.discord_integration is not None) is acted
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
            had_one=False,
            unless_stopping=at_leisure,
        )
    assert not raised.value.outcome_unknown
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("had_one", [True, False, None])
async def test_a_yes_needs_no_proof(
    client: SensayClient, simulator: SensaySimulator, had_one: bool | None
) -> None:
    """Sensay's own yes counts whatever was before and although the list cannot be read."""
    simulator.fail(Answer(500), times=None, path=LIST)
    outcome = await hand_over(
        client,
        simulator.UNCONNECTED,
        simulator.discord_token,
        had_one=had_one,
        unless_stopping=at_leisure,
    )
    assert (outcome.doubt, outcome.verdict, outcome.replica) == (None, Verdict.THERE, None)


async def test_a_bot_that_is_stopped_still_tells_what_it_did(
    client: SensayClient, simulator: SensaySimulator
) -> None:
    """The look into the list is given up, not the outcome of what was sent."""
    assert await glance(client, simulator.ACTIVE, in_a_hurry) == Sighting(None, complete=False)
    simulator.fail(Reset(after_handling=True), path=CREATION)
    outcome = await hand_over(
        client, simulator.UNCONNECTED, simulator.discord_token, had_one=False, unless_stopping=in_a_hurry
    )
    assert outcome.verdict is Verdict.UNKNOWN
    assert len(simulator.creations) == 1


async def test_two_tokens_at_once_are_two_requests(client: SensayClient, simulator: SensaySimulator) -> None:
    """Each of several handovers sends its own token, once."""
    tokens = [f"{simulator.discord_token[:-1]}{number}" for number in range(5)]
    await asyncio.gather(
        *(
            hand_over(client, simulator.UNCONNECTED, token, had_one=None, unless_stopping=at_leisure)
            for token in tokens
        )
    )
    assert sorted(token for _, token in simulator.creations) == tokens
