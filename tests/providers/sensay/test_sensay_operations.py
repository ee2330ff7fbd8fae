"""Questions, figures and the undocumented removal: what is sent, and what is read of the replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from bot.errors import (
    InvalidInputError,
    MalformedAnswerError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.providers.base.simulator import Answer, Fault, Reset, Slow
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import MAX_CONTENT, SensayClient
from bot.providers.sensay.models import MAX_ENTRIES, Removal, RemovalOutcome
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted, open_provider
from tests.support.sensay_client import WHERE, Acting, linked, organization, user

OWN = {
    SensaySimulator.PORTUGUESE,
    SensaySimulator.INACTIVE,
    SensaySimulator.UNDECIDED,
    SensaySimulator.UNCONNECTED,
}
COUNTED = '{"currentMonthTotal": 1, "currentMonthByReplica": {"a": COUNT}}'
OPERATIONS: dict[str, Callable[[SensayClient, str], Awaitable[object]]] = {
    "ask": lambda client, uuid: client.ask(uuid, "Are you open?", WHERE, keep=False),
    "sources": lambda client, uuid: client.sources(uuid),
    "history": lambda client, uuid: client.history(uuid),
}


@pytest.fixture
def client(sensay: SensayProvider, simulator: SensaySimulator) -> SensayClient:
    """A client that acts for the whole organization."""
    return sensay.client(organization(sensay, simulator))


@pytest.mark.parametrize("keep", [True, False])
async def test_a_question_is_sent_with_its_place(
    client: SensayClient, simulator: SensaySimulator, keep: bool
) -> None:
    """A question is one POST with its place on Discord, and whether it is added to the history."""
    await client.ask(simulator.ACTIVE, "Which berths are free?", WHERE, keep=keep)
    (received,) = simulator.requests
    assert (received.method, received.path) == ("POST", f"/v1/replicas/{simulator.ACTIVE}/chat/completions")
    body = {
        "content": "Which berths are free?",
        "skip_chat_history": not keep,
        "source": "discord",
        "discord_data": WHERE,
    }
    assert simulator.questions == [(simulator.ACTIVE, body)]
    assert received.body == body


@pytest.mark.parametrize(
    ("uuid", "words"),
    [
        (SensaySimulator.ACTIVE, ["Harbour Desk", "Hello"]),
        (SensaySimulator.PORTUGUESE, ["Atendimento ao Cliente", "Olá"]),
    ],
)
async def test_a_replica_answers(client: SensayClient, uuid: str, words: list[str]) -> None:
    """The simulated answer is the replica's own, quotes the question, and is the same each time."""
    answers = [(await client.ask(uuid, "É  grátis?\n", WHERE, keep=False)).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert all(word in answers[0] for word in [*words, "“É grátis?”"])


async def test_an_answer_may_be_anything(client: SensayClient, simulator: SensaySimulator) -> None:
    """An answer of any length and script is returned unchanged."""
    simulator.answer = "@everyone \u202e" + "ação " * 20_000
    answer = await client.ask(simulator.ACTIVE, "?", WHERE, keep=False)
    assert answer.content == simulator.answer


async def test_a_question_has_a_longest_length(client: SensayClient, simulator: SensaySimulator) -> None:
    """The contract's largest question is accepted, and one character more is refused."""
    schemas = Contract.of("sensay").document["components"]["schemas"]
    assert schemas["CompletionRequest"]["properties"]["content"]["maxLength"] == MAX_CONTENT
    await client.ask(simulator.ACTIVE, "ã" * MAX_CONTENT, WHERE, keep=False)
    with pytest.raises(RejectedError):
        await client.ask(simulator.ACTIVE, "ã" * (MAX_CONTENT + 1), WHERE, keep=False)


async def test_a_used_up_quota_is_told(client: SensayClient, simulator: SensaySimulator) -> None:
    """The 429 has Sensay's code, so that it differs from too many requests."""
    simulator.quota_used_up = True
    with pytest.raises(RateLimitedError) as caught:
        await client.ask(simulator.ACTIVE, "Are you open?", WHERE, keep=False)
    assert caught.value.code == "CONVERSATION_QUOTA_EXCEEDED"


async def test_a_model_may_think(simulator: SensaySimulator) -> None:
    """A question has a longer deadline than any other request to Sensay."""
    async with open_provider(
        SensayProvider, simulator, deadline_of=lambda request: request.deadline or 0.2
    ) as sensay:
        client = sensay.client(organization(sensay, simulator))
        simulator.fail(Slow(0.5), times=None)
        assert (await client.ask(simulator.ACTIVE, "Are you open?", WHERE, keep=False)).content
        with pytest.raises(ProviderTimeoutError):
            await client.history(simulator.ACTIVE)


@pytest.mark.parametrize(
    "fault", [Reset(after_handling=True), Answer.html(502), Answer(200, {"success": True})], ids=repr
)
async def test_a_question_can_be_asked_again(
    client: SensayClient, simulator: SensaySimulator, fault: Fault
) -> None:
    """A question whose answer is lost leaves no unknown outcome."""
    simulator.fail(fault)
    with pytest.raises(ProviderError) as caught:
        await client.ask(simulator.ACTIVE, "Are you open?", WHERE, keep=True)
    assert not caught.value.outcome_unknown
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("uuid", "kind"),
    [
        (SensaySimulator.UNKNOWN, NotFoundError),
        (SensaySimulator.FOREIGN, NotFoundError),
        ("not-a-uuid", RejectedError),
        (SensaySimulator.BROKEN, ServerFaultError),
    ],
)
async def test_refusals_are_told_apart(
    client: SensayClient, uuid: str, kind: type[ProviderError], operation: str
) -> None:
    """A wrong replica and a fault of Sensay's are different errors, without a stack trace."""
    with pytest.raises(kind) as caught:
        await OPERATIONS[operation](client, uuid)
    assert caught.value.request_id
    assert "run.ts" not in everything_said(caught.value)


@pytest.mark.parametrize("operation", [*OPERATIONS, "removal"])
@pytest.mark.parametrize("uuid", ["", ".", ".."])
async def test_no_id_changes_the_path(
    client: SensayClient, simulator: SensaySimulator, uuid: str, operation: str
) -> None:
    """An id that would change the path is not sent."""
    with pytest.raises(InvalidInputError):
        await (OPERATIONS | {"removal": SensayClient.try_removal})[operation](client, uuid)
    assert not simulator.requests


@pytest.mark.parametrize("acting", [user, linked])
async def test_usage_is_counted_by_replica(
    sensay: SensayProvider, simulator: SensaySimulator, acting: Acting
) -> None:
    """A user sees the counters of their own replicas, whose sums are the totals and fit the histories."""
    client = sensay.client(acting(sensay, simulator))
    usage = await client.usage()
    month = usage.conversations
    assert set(month.current_month_by_replica) == OWN
    assert month.current_month_total == sum(month.current_month_by_replica.values())
    assert usage.knowledge_base_entries.total > 0
    for uuid, count in month.current_month_by_replica.items():
        days = [day.cumulative for day in (await client.history(uuid)).items]
        assert 0 <= count <= days[-1] - days[0]


async def test_usage_is_for_users(client: SensayClient) -> None:
    """Without a user there are no such counters."""
    with pytest.raises(UnauthorizedError):
        await client.usage()


async def test_who_owns_nothing_has_no_usage(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """A user without replicas gets a NotFoundError, which does not refuse the credentials."""
    with pytest.raises(NotFoundError):
        await sensay.client(accepted(sensay, simulator, user_id=simulator.NEWCOMER)).usage()


async def test_sources_and_history_agree(client: SensayClient, simulator: SensaySimulator) -> None:
    """There are thirty consecutive days up to today in UTC; the last total is the sum of all platforms."""
    begun = datetime.now(UTC).date()
    for uuid in (simulator.ACTIVE, simulator.UNCONNECTED):
        sources, history = await client.sources(uuid), await client.history(uuid)
        days = [day.date for day in history.items]
        assert begun <= days[-1] <= datetime.now(UTC).date()
        assert days == [days[-1] - timedelta(days=ago) for ago in reversed(range(30))]
        totals = [day.cumulative for day in history.items]
        assert all(earlier <= later for earlier, later in pairwise(totals))
        assert totals[-1] == sum(entry.conversations for entry in sources.items)
    assert (await client.sources(simulator.ACTIVE)).items[0].source == "discord"
    assert "discord" not in [entry.source for entry in sources.items]


async def test_a_platform_is_any_word(client: SensayClient, simulator: SensaySimulator) -> None:
    """An unknown platform's word is returned unchanged."""
    word = "**carrier pigeon** @everyone \u202e"
    simulator.sources[simulator.ACTIVE] = {word: 3}
    (entry,) = (await client.sources(simulator.ACTIVE)).items
    assert (entry.source, entry.conversations) == (word, 3)


async def test_nothing_said_is_an_answer(client: SensayClient, simulator: SensaySimulator) -> None:
    """A replica without conversations has no platforms and no days, which is no error."""
    simulator.sources.clear()
    simulator.history.clear()
    assert (await client.sources(simulator.ACTIVE)).items == ()
    assert (await client.history(simulator.ACTIVE)).items == ()


@pytest.mark.parametrize(
    "count",
    ["-1", "1.5", "null", '"many"', "[]", "{}", "NaN", "1e13", f"1{'0' * 13}", "9" * 4_000],
    ids=lambda count: f"{count:.9}",
)
@pytest.mark.parametrize(
    ("read", "form"),
    [
        (
            "usage",
            f'{{"conversations": {COUNTED}, "knowledgeBaseEntries": {{"total": 1, "byReplica": {{}}}}}}',
        ),
        ("sources", '{"items": [{"source": "discord", "conversations": COUNT}]}'),
        ("history", '{"items": [{"date": "2026-11-02", "cumulativeConversations": COUNT}]}'),
    ],
)
async def test_a_count_is_a_count(
    client: SensayClient, simulator: SensaySimulator, read: str, form: str, count: str
) -> None:
    """A reply with an impossible number of conversations is malformed."""
    reads: dict[str, Callable[[], Awaitable[object]]] = {
        "usage": client.usage,
        "sources": partial(client.sources, simulator.ACTIVE),
        "history": partial(client.history, simulator.ACTIVE),
    }
    simulator.fail(Answer(200, form.replace("COUNT", "7")))
    assert await reads[read]()
    simulator.fail(Answer(200, form.replace("COUNT", count)))
    with pytest.raises(MalformedAnswerError):
        await reads[read]()


@pytest.mark.parametrize("number", [MAX_ENTRIES, MAX_ENTRIES + 1])
@pytest.mark.parametrize("value", [1, None])
async def test_a_map_is_bounded(
    client: SensayClient, simulator: SensaySimulator, number: int, value: int | None
) -> None:
    """Counters of a thousand replicas are read; a larger map is malformed."""
    counts = {f"{index:032x}": value for index in range(number)}
    simulator.fail(
        Answer(
            200,
            {
                "conversations": {"currentMonthTotal": number, "currentMonthByReplica": counts},
                "knowledgeBaseEntries": {"total": 0, "byReplica": {}},
            },
        )
    )
    if number > MAX_ENTRIES or value is None:
        with pytest.raises(MalformedAnswerError):
            await client.usage()
    else:
        assert len((await client.usage()).conversations.current_month_by_replica) == number


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (None, RemovalOutcome.NOT_FOUND),
        (404, RemovalOutcome.NOT_FOUND),
        (405, RemovalOutcome.NOT_ALLOWED),
        (200, RemovalOutcome.REMOVED),
        (202, RemovalOutcome.ACCEPTED),
    ],
)
async def test_a_removal_is_tried(
    client: SensayClient, simulator: SensaySimulator, status: int | None, outcome: RemovalOutcome
) -> None:
    """The removal is one DELETE without a body, and each reply to it has its own outcome."""
    simulator.removal = status
    assert await client.try_removal(simulator.ACTIVE) == Removal(outcome)
    (received,) = simulator.requests
    assert (received.method, received.body) == ("DELETE", None)
    assert received.path == f"/v1/replicas/{simulator.ACTIVE}/integrations/discord"
    gone = outcome in {RemovalOutcome.REMOVED, RemovalOutcome.ACCEPTED}
    assert (simulator.replicas[simulator.ACTIVE]["discord_integration"] is None) is gone


async def test_a_removal_without_a_word_is_one(client: SensayClient, simulator: SensaySimulator) -> None:
    """A 204, which has no body, means a removal as 200 does."""
    simulator.fail(Answer(204))
    assert await client.try_removal(simulator.ACTIVE) == Removal(RemovalOutcome.REMOVED)


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Answer(200, {"success": False}), "rejected"),
        (Answer(202, {"success": False, "message": "no"}), "rejected"),
        (Answer(400, {"error": "no"}), "rejected"),
        (Answer(401, {"error": "no"}), "unauthorized"),
        (Answer(403, {"error": "no"}), "forbidden"),
        (Answer(415, {"error": "no"}), "unsupported_media"),
        (Answer(429, {"error": "no"}), "rate_limited"),
    ],
    ids=str,
)
async def test_a_removal_that_is_refused_has_removed_nothing(
    client: SensayClient, simulator: SensaySimulator, fault: Fault, key: str
) -> None:
    """A certain refusal is an outcome with its error, and raises nothing."""
    simulator.fail(fault, times=None)
    removal = await client.try_removal(simulator.ACTIVE)
    assert removal.outcome is RemovalOutcome.FAILED
    assert removal.error is not None
    assert (removal.error.key, removal.error.outcome_unknown) == (key, False)


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Answer(200, {}), "malformed_answer"),
        (Answer.html(200), "not_json"),
        (Answer(410, {"error": "no"}), "unexpected_status"),
        (Answer(404), "intermediary"),
        (Answer.html(404), "intermediary"),
        (Answer.html(405), "intermediary"),
        (Answer.html(401), "intermediary_unauthorized"),
        (Answer(404, {"detail": "Not Found"}), "intermediary"),
        (Answer(500, {"error": "no"}), "server_fault"),
        (Answer.html(502), "server_fault"),
        (Reset(), "unreachable"),
        (Reset(after_handling=True), "unreachable"),
    ],
    ids=str,
)
async def test_a_removal_without_a_good_answer_is_in_doubt(
    client: SensayClient, simulator: SensaySimulator, fault: Fault, key: str
) -> None:
    """Any other failure raises nothing either, and its outcome is unknown."""
    simulator.removal = 200
    simulator.fail(fault, times=None)
    removal = await client.try_removal(simulator.ACTIVE)
    assert removal.outcome is RemovalOutcome.FAILED
    assert removal.error is not None
    assert (removal.error.key, removal.error.outcome_unknown) == (key, True)


async def test_a_removal_is_a_guess_in_the_contract() -> None:
    """The contract marks the removal as undocumented, and no other operation."""
    contract = Contract.of("sensay")
    operations = [contract.resolve(pointer)[1] for pointer in contract.operations()]
    guessed = [operation["operationId"] for operation in operations if operation.get("x-undocumented")]
    assert guessed == ["tryDiscordRemoval"]
    (delete,) = [operation for operation in operations if operation["operationId"] == guessed[0]]
    assert delete["x-inferred"]
    assert set(delete["responses"]) == {"200", "202", "404", "405"}


async def test_a_reset_token_silences_the_bot(client: SensayClient, simulator: SensaySimulator) -> None:
    """After a reset of the token the list still has the integration, and it is inactive."""
    simulator.reset_token(simulator.ACTIVE)
    replica = (await client.look_up(simulator.ACTIVE)).replica
    assert replica is not None
    assert replica.discord_integration is not None
    assert replica.discord_integration.is_active is False
