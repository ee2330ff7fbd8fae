"""An integration is created once; what became of it without a clear answer is for the unit's list to say."""

from dataclasses import replace

import pytest

from bot.errors import ForbiddenError, ProviderError, RejectedError
from bot.providers.base.outcome import LookupResult, Outcome
from bot.providers.base.simulator import Answer, Fault, Reset
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.creation import (
    create_once,
    judge,
    judge_later,
    try_list,
    was_connected,
)
from bot.providers.toolzz.models import Integration, IntegrationList
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.shutdown import cancel_at_once, run_to_end
from tests.support.toolzz_settings import CHANNELS, SETTINGS, TOKEN, UNIT

LIST = "/converflow/"
MANY = 9
LOST: list[Fault] = [
    Reset(after_handling=True),
    Answer(204, after_handling=True),
    Answer(200, {"title": "Island Line"}, after_handling=True),
    Answer(502, after_handling=True),
]


async def created(client: ToolzzClient, known: frozenset[str] | None) -> Outcome[Integration]:
    """Create the planned integration."""
    return await create_once(client, SETTINGS, CHANNELS, TOKEN, known=known, cancel_on_shutdown=run_to_end)


def entry(uuid: str, **differences: object) -> Integration:
    """Return an entry of the list that fits the plan but for what is different about it."""
    fits = {
        "id": uuid,
        "botId": SETTINGS.agent_id,
        "guildId": SETTINGS.guild_id,
        "title": SETTINGS.title,
        **differences,
    }
    return Integration.model_validate(fits)


def unit_list(listed: list[Integration]) -> IntegrationList:
    """Return the unit's list; one of ``MANY`` entries may lack others."""
    return IntegrationList.model_construct(data=tuple(listed), complete=len(listed) < MANY)


async def test_a_clear_answer_needs_no_list(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """What Toolzz says it has created is there."""
    outcome = await created(client, frozenset(simulator.integrations))
    assert (outcome.doubt, outcome.result) == (None, LookupResult.THERE)
    assert outcome.found is not None
    assert outcome.found.id in simulator.integrations
    assert len(simulator.requests) == 1
    assert "FAKE-TOKEN" not in everything_said(outcome)


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_is_found_in_the_list(
    client: ToolzzClient, simulator: ToolzzSimulator, fault: Fault
) -> None:
    """What was created although nobody said so is found by server, agent and title, and not made again."""
    before = await try_list(client, UNIT)
    assert before is not None
    known = frozenset(entry.id for entry in before.data)
    assert known == simulator.integrations.keys()
    simulator.fail(fault, path="/chat/")
    outcome = await created(client, known)
    assert outcome.doubt is not None
    assert outcome.result is LookupResult.THERE
    assert outcome.found is not None
    assert outcome.found.id in simulator.integrations.keys() - known
    assert simulator.creations == [(simulator.AGENT, TOKEN)]
    assert "FAKE-TOKEN" not in everything_said(outcome) + everything_said(outcome.doubt)


@pytest.mark.parametrize("fault", [Reset(), Answer(502), Answer.html(200)], ids=str)
async def test_what_was_not_created_is_not_in_the_list(
    client: ToolzzClient, simulator: ToolzzSimulator, fault: Fault
) -> None:
    """A list that is read and has nothing new says that nothing was created."""
    simulator.fail(fault, path="/chat/")
    outcome = await created(client, frozenset(simulator.integrations))
    assert outcome.doubt is not None
    assert (outcome.result, outcome.found) == (LookupResult.NOT_THERE, None)
    assert simulator.creations == []


async def test_who_did_not_look_before_cannot_tell(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """Where nobody knows what was there before, the list is not even asked."""
    simulator.fail(Answer(401, {"error": "no"}), path=LIST)
    assert await try_list(client, UNIT) is None
    simulator.requests.clear()
    simulator.fail(Reset(after_handling=True), path="/chat/")
    assert (await created(client, None)).result is LookupResult.UNKNOWN
    assert len(simulator.requests) == 1


async def test_a_list_that_cannot_be_read_proves_nothing(
    client: ToolzzClient, simulator: ToolzzSimulator
) -> None:
    """Neither a failing list nor a bot that has to stop says anything, and neither is an error."""
    known = frozenset(simulator.integrations)
    simulator.fail(Reset(after_handling=True), times=None)
    assert (await created(client, known)).result is LookupResult.UNKNOWN
    outcome = await create_once(
        client, SETTINGS, CHANNELS, TOKEN, known=known, cancel_on_shutdown=cancel_at_once
    )
    assert (outcome.result, outcome.found) == (LookupResult.UNKNOWN, None)


@pytest.mark.parametrize(("status", "kind"), [(400, RejectedError), (403, ForbiddenError)])
async def test_a_refusal_is_raised(
    client: ToolzzClient, simulator: ToolzzSimulator, status: int, kind: type[ProviderError]
) -> None:
    """A clear no is no doubt, and nothing is looked for."""
    simulator.fail(Answer(status, {"message": "no"}))
    with pytest.raises(kind):
        await created(client, frozenset())
    assert len(simulator.requests) == 1


async def test_a_refused_body_is_raised(client: ToolzzClient) -> None:
    """What the contract does not allow is refused by the simulated Toolzz as well."""
    with pytest.raises(RejectedError):
        await create_once(
            client,
            replace(SETTINGS, scope="threads-only"),
            CHANNELS,
            TOKEN,
            known=frozenset(),
            cancel_on_shutdown=run_to_end,
        )


@pytest.mark.parametrize(
    ("listed", "result", "found"),
    [
        ([], LookupResult.NOT_THERE, None),
        ([entry("old")], LookupResult.NOT_THERE, None),
        ([entry("old"), entry("new")], LookupResult.THERE, "new"),
        ([entry("new", botId="other")], LookupResult.NOT_THERE, None),
        ([entry("new", guildId="1102345678901234599")], LookupResult.NOT_THERE, None),
        ([entry("new", deletedAt="2026-11-20 08:15:27")], LookupResult.NOT_THERE, None),
        ([entry("new"), entry("newer", botId="other")], LookupResult.THERE, "new"),
        ([entry("new"), entry("newer")], LookupResult.UNKNOWN, None),
        ([entry("new"), entry("newer", title="Other")], LookupResult.UNKNOWN, None),
        ([entry("new"), entry("newer", botId=None)], LookupResult.UNKNOWN, None),
        ([entry("new", title="island line")], LookupResult.UNKNOWN, None),
        ([entry("new", title=None)], LookupResult.UNKNOWN, None),
        ([entry("new", botId=None)], LookupResult.UNKNOWN, None),
        ([entry("new", guildId=None)], LookupResult.UNKNOWN, None),
        ([entry("old")] * MANY, LookupResult.UNKNOWN, None),
    ],
)
def test_a_list_proves_what_it_proves(
    listed: list[Integration], result: LookupResult, found: str | None
) -> None:
    """One new entry of that agent, server and title is it; what could be it and need not be is unknown."""
    judged, integration = judge(unit_list(listed), SETTINGS, frozenset({"old"}))
    assert (judged, integration and integration.id) == (result, found)


LISTS: list[tuple[list[Integration], LookupResult, LookupResult]] = [
    ([], LookupResult.NOT_THERE, LookupResult.NOT_THERE),
    ([entry("a")], LookupResult.THERE, LookupResult.UNKNOWN),
    ([entry("a", title="Other")], LookupResult.THERE, LookupResult.UNKNOWN),
    ([entry("a"), entry("b")], LookupResult.UNKNOWN, LookupResult.UNKNOWN),
    ([entry("a", botId=None)], LookupResult.UNKNOWN, LookupResult.UNKNOWN),
    ([entry("a", guildId=None)], LookupResult.UNKNOWN, LookupResult.UNKNOWN),
    ([entry("a", botId="other")], LookupResult.NOT_THERE, LookupResult.NOT_THERE),
    ([entry("a", guildId="1102345678901234599")], LookupResult.NOT_THERE, LookupResult.NOT_THERE),
    ([entry("a", deletedAt="2026-11-20 08:15:27")], LookupResult.NOT_THERE, LookupResult.NOT_THERE),
    ([entry("a")] * MANY, LookupResult.UNKNOWN, LookupResult.UNKNOWN),
    ([entry("a", botId="other")] * MANY, LookupResult.UNKNOWN, LookupResult.UNKNOWN),
]


@pytest.mark.parametrize(("listed", "had_none", "otherwise"), LISTS)
def test_a_later_list_proves_less(
    listed: list[Integration], had_none: LookupResult, otherwise: LookupResult
) -> None:
    """Without the ids of before only an agent that was not here at all tells its first one; none is none."""
    for before, result in ((False, had_none), (True, otherwise), (None, otherwise)):
        judged, possible = judge_later(
            unit_list(listed), SETTINGS.agent_id, SETTINGS.guild_id, was_connected=before
        )
        assert judged is result
        assert bool(possible) is (result is not LookupResult.NOT_THERE and listed[0].agent_id != "other")


@pytest.mark.parametrize(
    ("before", "had"),
    [
        (None, None),
        ([], False),
        ([entry("a", botId="other")], False),
        ([entry("a")], True),
        ([entry("a", botId=None)], True),
        ([entry("a", botId="other")] * MANY, None),
        ([entry("a")] * MANY, True),
    ],
)
def test_what_there_was_before(before: list[Integration] | None, had: bool | None) -> None:
    """A list that could not be read, or may have been cut, does not say that there was none."""
    assert (
        was_connected(None if before is None else unit_list(before), SETTINGS.agent_id, SETTINGS.guild_id)
        is had
    )
