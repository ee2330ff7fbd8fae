"""Hundreds of malformed answers, each given to every read of both providers over a real socket."""

import gzip
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from bot.errors import ProviderError
from bot.kit.memo import Memo
from bot.kit.simulator import Answer
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.exposure import everything_said
from tests.providers.office import accepted, open_provider

Read = Callable[[], Awaitable[object]]

# Of the shape that Discord's tokens have.
TOKEN = "FAKE-TOKEN-FOR-TESTS-ONLY.not-a-real.value-000000000000000000000000"

INTEGRATION: dict[str, Any] = ToolzzSimulator().integrations[ToolzzSimulator.DISCONNECTED]
INTEGRATION["botToken"] = TOKEN
REPLICA: dict[str, Any] = {
    name: value
    for name, value in SensaySimulator().replicas[SensaySimulator.ACTIVE].items()
    if name in {"uuid", "name", "ownerID", "discord_integration", "llm"}
}
GOOD: list[Any] = [
    INTEGRATION,
    {"data": [{name: INTEGRATION[name] for name in ("id", "title", "deletedAt", "botToken")}]},
    {"success": True, "type": "replicas", "items": [REPLICA], "total": 1},
    {"success": True, "id": "northwind-care", "linkedAccounts": []},
    {"success": True, "content": "We are open."},
    {
        "success": True,
        "conversations": {"currentMonthTotal": 3, "currentMonthByReplica": {REPLICA["uuid"]: 3}},
        "knowledgeBaseEntries": {"total": 1, "byReplica": {REPLICA["uuid"]: 1}},
    },
    {"success": True, "items": [{"source": "discord", "conversations": 3}]},
    {"success": True, "items": [{"date": "2026-11-02", "cumulativeConversations": 3}]},
]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, float("nan"), float("-inf"), "", "maybe", "\0\u202e",
    [], [None], [[]], [{}], {}, {"id": None},
]  # fmt: skip


def swapped(value: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON of any shape
    """Yield the value once for each place in it and each odd thing that could stand there, or nothing."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: odd} for odd in [*ODD, *swapped(inner)])
    elif isinstance(value, list):
        yield [*value, *value]
        for index, inner in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in [*ODD, *swapped(inner)])


def damaged(text: str) -> Iterator[bytes]:
    """Yield a good body cut short, with something added, or in another encoding."""
    whole = text.encode()
    yield from (whole[: len(whole) * part // 20] for part in range(20))
    yield from (whole[:place] + b"\xff" + whole[place:] for place in range(0, len(whole), 50))
    yield from (
        text.encode(name) for name in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp037")
    )
    yield from (whole + b"}", b"//\n" + whole, b"callback(" + whole + b")", text.replace('"', "'").encode())
    yield text.replace("{", "{" * 300).encode()
    yield gzip.compress(whole)


def answers() -> Iterator[Answer]:
    """Yield every malformed answer; some are odd only for one read and good enough for another."""
    for good in GOOD:
        yield from (Answer(200, json.dumps(odd)) for odd in swapped(good))
        yield from (Answer(200, body) for body in damaged(json.dumps(good)))
        for status in (201, 202, 203, 204, 206, 300, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599):
            yield Answer(status, b"" if status == 204 else good)
            echo = {"error": good, "message": f"Bearer {TOKEN}", "request_id": TOKEN}
            yield Answer(status, b"" if status == 204 else echo)
    yield from (Answer(200, odd) for odd in ODD)
    yield from (Answer.html(status) for status in (200, 302, 401, 404, 500, 502, 504))
    for encoding in ("gzip", "deflate", "br", "zstd", "x", ""):
        yield Answer(200, b"{}", {"Content-Encoding": encoding})
    for wait in ("-1", "soon", "9" * 5_000, "1e9", "٣"):
        yield Answer(429, {"error": f"token={TOKEN}"}, {"Retry-After": wait})
    yield Answer(200, b"[" * 200_000)
    yield Answer(200, b'{"a":' * 50_000)
    yield Answer(200, b'{"id": ' + b"9" * 100_000 + b"}")
    yield Answer(200, {"data": [{"id": str(number)} for number in range(1_000)]})
    yield Answer(200, {"items": [{"uuid": str(number)} for number in range(1_000)], "total": 10**9})
    yield Answer(200, {"items": [{"source": TOKEN[:4] * 1_000, "conversations": 9**999}] * 1_000})
    yield Answer(200, {"items": [{"date": "9999-12-31", "cumulativeConversations": 1}] * 50_000})


ANSWERS = {repr(answer): answer for answer in answers()}


async def tried(attempt: Read, fail: Callable[[Answer], None]) -> tuple[Counter[str], list[str]]:
    """Make the attempt once per answer; return how often each outcome came, and what should not have."""
    outcomes: Counter[str] = Counter()
    wrong = []
    for name, answer in ANSWERS.items():
        fail(answer)
        outcome: object
        try:
            outcome = await attempt()
        except ProviderError as error:
            outcome = error
            outcomes[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - that there is none is what is shown
            wrong.append(f"{error!r} for {name:.200}")
            continue
        else:
            outcomes["read"] += 1
        if "FAKE-TOKEN" in everything_said(outcome):
            wrong.append(f"a secret in {outcome!r:.200} for {name:.200}")
    return outcomes, wrong


def check(outcomes: Counter[str], wrong: list[str]) -> None:
    """Fail where anything but a model or one of our errors came, or where the answers were not as diverse."""
    assert wrong == []
    assert outcomes.total() == len(ANSWERS) >= 300
    assert outcomes["read"] > 10
    assert {
        "MalformedAnswerError",
        "NotJsonError",
        "ServerFaultError",
        "UnauthorizedError",
    } <= outcomes.keys()


@pytest.mark.parametrize(
    "read",
    ["me", "replicas", "choices", "reports", "look_up", "ask", "usage", "sources", "history", "removal"],
)
async def test_sensay_may_answer_anything(read: str) -> None:
    """Whatever Sensay answers is a model or one of our errors, with no token in it."""
    async with SensaySimulator() as simulator, open_provider(SensayProvider, simulator) as sensay:
        credentials = accepted(sensay, simulator)
        client = sensay.client(credentials)

        async def choices() -> object:
            return await sensay.choices(credentials)

        async def removal() -> object:
            removal = await client.try_removal(simulator.ACTIVE)
            if removal.error is not None:
                raise removal.error
            return removal

        reads: dict[str, Read] = {
            "me": client.me,
            "replicas": client.replicas,
            "choices": choices,
            "reports": lambda: sensay.reports(credentials, (), Memo()),
            "look_up": partial(client.look_up, simulator.ACTIVE),
            "ask": partial(client.ask, simulator.ACTIVE, "Are you open?", {}, keep=False),
            "usage": client.usage,
            "sources": partial(client.sources, simulator.ACTIVE),
            "history": partial(client.history, simulator.ACTIVE),
            "removal": removal,
        }
        check(*await tried(reads[read], simulator.fail))


@pytest.mark.parametrize("read", ["integration", "choices", "reports"])
async def test_toolzz_may_answer_anything(read: str) -> None:
    """Whatever Toolzz answers is a model or one of our errors, with no token in it."""
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        credentials = accepted(toolzz, simulator)
        client = toolzz.client(credentials)

        async def integration() -> object:
            report = await client.integration(simulator.CONNECTED)
            return report, report.state, report.channels

        async def choices() -> object:
            return await toolzz.choices(credentials)

        reads: dict[str, Read] = {
            "integration": integration,
            "choices": choices,
            "reports": lambda: toolzz.reports(credentials, (), Memo()),
        }
        check(*await tried(reads[read], simulator.fail))
