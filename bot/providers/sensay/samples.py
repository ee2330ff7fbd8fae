"""Requests that together bring out every reply of Sensay's contract from its simulator."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.providers.base.simulator import Sample
from bot.providers.sensay.simulated_organization import Organization

_LIST: Final = "/v1/replicas"
_CREATE: Final = "integrations/discord"
_ASK: Final = "chat/completions"
_UNSIGNED: Final = {"Content-Type": "application/json", "X-API-Version": "2025-03-25"}
_SIGNED: Final = _UNSIGNED | {"X-ORGANIZATION-SECRET": Organization.credentials["organization_secret"]}
_REFUSED: Final = _UNSIGNED | {
    "X-ORGANIZATION-SECRET": Organization.refused_credentials["organization_secret"]
}
_USER: Final = _SIGNED | {"X-USER-ID": Organization.OWNER}
_LINKED: Final = _SIGNED | {"X-USER-ID": Organization.OWNER_DISCORD_ID, "X-USER-ID-TYPE": "discord"}
_UNTYPED: Final = {name: value for name, value in _USER.items() if name != "Content-Type"}
_TOKEN: Final[dict[str, Any]] = {"discordToken": Organization.discord_token}
_WHERE: Final = dict.fromkeys(
    ("channel_id", "channel_name", "author_id", "author_name", "message_id"), "1187654321098765432"
)
_QUESTION: Final = {"content": "Are you open?", "source": "discord", "discord_data": _WHERE}


def stateless_samples() -> Iterator[Sample]:
    """Yield the requests whose replies follow from the simulator's initial state."""
    me, usage = "/v1/users/me", "/v1/users/me/usage"
    reads = (
        (_LIST, _SIGNED),
        (f"{_LIST}?ownerID={Organization.OWNER}&page_index=2&page_size=3", _USER),
        (f"{_LIST}?integration=discord&search=desk", _LINKED),
        (f"{_LIST}?page_index=0", _SIGNED),
        (f"{_LIST}?integration=fax", _SIGNED),
        (f"{_LIST}?ownerID=nobody", _SIGNED),
        (f"{_LIST}?search=%00", _SIGNED),
        (_LIST, _REFUSED),
        (_LIST, _SIGNED | {"X-USER-ID": "nobody"}),
        (_LIST, _UNTYPED),
        (f"{_LIST}/{Organization.ACTIVE}", _SIGNED),
        (f"{_LIST}/{Organization.UNKNOWN}", _SIGNED),
        (f"{_LIST}/{Organization.BROKEN}", _SIGNED),
        (f"{_LIST}/not-a-uuid", _SIGNED),
        (f"{_LIST}/{Organization.ACTIVE}", _REFUSED),
        (f"{_LIST}/{Organization.ACTIVE}", _UNTYPED),
        (me, _USER),
        (me, _LINKED),
        (me, _SIGNED),
        (me, _UNTYPED),
        (usage, _LINKED),
        (f"{usage}?month=5", _USER),
        (usage, _SIGNED),
        (usage, _SIGNED | {"X-USER-ID": Organization.NEWCOMER}),
        (usage, _UNTYPED),
        (usage, _SIGNED | {"X-USER-ID": Organization.OTHER_OWNER}),
    )
    for path, headers in reads:
        yield Sample("GET", path, headers)
    for method, operation, body in (
        ("POST", _CREATE, _TOKEN),
        ("POST", _ASK, _QUESTION),
        ("GET", "analytics/conversations/sources", None),
        ("GET", "analytics/conversations/historical", None),
    ):
        for uuid, headers in (
            (Organization.UNCONNECTED, _SIGNED),
            (Organization.UNKNOWN, _SIGNED),
            (Organization.FOREIGN, _USER),
            ("not-a-uuid", _SIGNED),
            (Organization.UNCONNECTED, _REFUSED),
            (Organization.UNCONNECTED, _UNTYPED),
            (Organization.BROKEN, _SIGNED),
        ):
            yield _sample(method, uuid, operation, headers, body)
    for operation, wrong in (
        (_CREATE, {"discordToken": "FAKE-TOKEN-short"}),
        (_CREATE, _TOKEN | {"mention": "@bot"}),
        (_CREATE, [_TOKEN]),
        (_ASK, {}),
        (_ASK, _QUESTION | {"content": ""}),
        (_ASK, _QUESTION | {"content": "?" * 10_001}),
        (_ASK, _QUESTION | {"skip_chat_history": "yes"}),
        (_ASK, _QUESTION | {"source": "fax"}),
        (_ASK, _QUESTION | {"stream": True}),
        (_ASK, _QUESTION | {"discord_data": {}}),
        (_ASK, _QUESTION | {"discord_data": _WHERE | {"channel_id": 1187654321098765432}}),
        (_ASK, _QUESTION | {"discord_data": _WHERE | {"guild_id": "1187654321098765432"}}),
    ):
        yield _sample("POST", Organization.UNCONNECTED, operation, _SIGNED, wrong)


def question(uuid: str) -> Sample:
    """Return a question to a replica."""
    return _sample("POST", uuid, _ASK, _SIGNED, _QUESTION)


def removal(uuid: str) -> Sample:
    """Return a request to remove a replica's Discord integration."""
    return _sample("DELETE", uuid, _CREATE, _SIGNED)


def _sample(
    method: str, uuid: str, operation: str, headers: Mapping[str, str], body: object = None
) -> Sample:
    return Sample(method, f"{_LIST}/{uuid}/{operation}", headers, body)
