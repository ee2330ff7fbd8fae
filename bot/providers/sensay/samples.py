"""Requests that between them bring out every reply of Sensay's contract from its simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bot.kit.simulator import Sample

if TYPE_CHECKING:
    from bot.providers.sensay.simulator import SensaySimulator

_WHERE = ("channel_id", "channel_name", "author_id", "author_name", "message_id")


def samples_of(sensay: SensaySimulator) -> Iterator[Sample]:
    """Yield each request in the state that it needs: nothing may be sent late."""
    plain = {"Content-Type": "application/json", "X-API-Version": "2025-03-25"}
    signed = plain | {"X-ORGANIZATION-SECRET": sensay.credentials["organization_secret"]}
    refused = plain | {"X-ORGANIZATION-SECRET": sensay.refused_credentials["organization_secret"]}
    user = signed | {"X-USER-ID": sensay.OWNER}
    linked = signed | {"X-USER-ID": sensay.OWNER_DISCORD_ID, "X-USER-ID-TYPE": "discord"}
    untyped = {name: value for name, value in user.items() if name != "Content-Type"}
    target, me, usage = "/v1/replicas", "/v1/users/me", "/v1/users/me/usage"
    yield from (
        Sample("GET", target, signed),
        Sample("GET", f"{target}?ownerID={sensay.OWNER}&page_index=2&page_size=3", user),
        Sample("GET", f"{target}?integration=discord&search=desk", linked),
        Sample("GET", f"{target}?page_index=0", signed),
        Sample("GET", f"{target}?integration=fax", signed),
        Sample("GET", f"{target}?ownerID=nobody", signed),
        Sample("GET", f"{target}?search=%00", signed),
        Sample("GET", target, refused),
        Sample("GET", target, signed | {"X-USER-ID": "nobody"}),
        Sample("GET", target, untyped),
        Sample("GET", me, user),
        Sample("GET", me, linked),
        Sample("GET", me, signed),
        Sample("GET", me, untyped),
        Sample("GET", usage, linked),
        Sample("GET", f"{usage}?month=5", user),
        Sample("GET", usage, signed),
        Sample("GET", usage, signed | {"X-USER-ID": sensay.NEWCOMER}),
        Sample("GET", usage, untyped),
        Sample("GET", usage, signed | {"X-USER-ID": sensay.OTHER_OWNER}),
    )
    token: dict[str, Any] = {"discordToken": sensay.discord_token}
    where = dict.fromkeys(_WHERE, "1187654321098765432")
    question: dict[str, Any] = {"content": "Are you open?", "source": "discord", "discord_data": where}
    create, ask = "integrations/discord", "chat/completions"
    for method, operation, body in (
        ("POST", create, token),
        ("POST", ask, question),
        ("GET", "analytics/conversations/sources", None),
        ("GET", "analytics/conversations/historical", None),
    ):
        for uuid, headers in (
            (sensay.UNCONNECTED, signed),
            (sensay.UNKNOWN, signed),
            (sensay.STRANGER, user),
            ("not-a-uuid", signed),
            (sensay.UNCONNECTED, refused),
            (sensay.UNCONNECTED, untyped),
            (sensay.BROKEN, signed),
        ):
            yield Sample(method, f"{target}/{uuid}/{operation}", headers, body)
    for operation, wrong in (
        (create, {"discordToken": "FAKE-TOKEN-short"}),
        (create, token | {"mention": "@bot"}),
        (create, [token]),
        (ask, {}),
        (ask, question | {"content": ""}),
        (ask, question | {"content": "?" * 10_001}),
        (ask, question | {"skip_chat_history": "yes"}),
        (ask, question | {"source": "fax"}),
        (ask, question | {"stream": True}),
        (ask, question | {"discord_data": {}}),
        (ask, question | {"discord_data": where | {"channel_id": 1187654321098765432}}),
        (ask, question | {"discord_data": where | {"guild_id": "1187654321098765432"}}),
    ):
        yield Sample("POST", f"{target}/{sensay.UNCONNECTED}/{operation}", signed, wrong)
    sensay.quota_used_up = True
    yield Sample("POST", f"{target}/{sensay.ACTIVE}/{ask}", signed, question)
    sensay.quota_used_up = False
    removals = ((None, sensay.ACTIVE), (405, sensay.ACTIVE), (202, sensay.ACTIVE), (200, sensay.INACTIVE))
    for status, uuid in removals:
        sensay.removal = status
        yield Sample("DELETE", f"{target}/{uuid}/{create}", signed)
    sensay.removal = None
