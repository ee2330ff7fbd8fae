"""Hundreds of malformed answers of a provider."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator

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
    """Yield the value with each part of it removed, and replaced by each odd value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: odd} for odd in [*ODD, *swapped(inner)])
    elif isinstance(value, list):
        yield [*value, *value]
        for index, inner in enumerate(value):
            yield from ([*value[:index], odd, *value[index + 1 :]] for odd in [*ODD, *swapped(inner)])


def damaged(text: str) -> Iterator[bytes]:
    """Yield a good body that is cut short, extended, or in another encoding."""
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
    """Yield every malformed answer; some are malformed for one read and good for another."""
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
