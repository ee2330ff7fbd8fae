"""Whatever is wrong with the shape of an interaction, it gets one answer."""

import asyncio
import copy
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import discord
import pytest
import simcord
from simcord.backend import serializers
from simcord.interactions import base_payload

from tests.support.harness import BotHarness, buttons, final, inputs
from tests.support.waiting import until

WITHIN = 8.0
MISSING = object()
WRONG: tuple[Any, ...] = (MISSING, None, "x", -1, [], {}, [None])
UNANSWERABLE = {("id",), ("token",)}
"""Without these two nobody can answer."""
KINDS = ["command", "subcommand", "typing", "button", "menu", "listening button", "form", "old form"]


class Sent(NamedTuple):
    """What a client sends. message: with the component that is used."""

    type: discord.InteractionType
    data: dict[str, Any]
    message: simcord.ResponseMessage | None = None


async def whole(harness: BotHarness, kind: str) -> Sent:
    """Return an interaction of a kind as Discord sends it."""
    _kind, manager = discord.InteractionType, harness.manager
    ids = harness.bot.services.links.ids
    if kind == "command":
        return Sent(
            _kind.application_command, {"id": str(ids["help"]), "name": "help", "type": 1, "options": []}
        )
    if kind == "subcommand":
        return Sent(_kind.application_command, grant(harness))
    if kind == "typing":
        typed = {"name": "integration", "type": 3, "value": "a", "focused": True}
        group = {"name": "status", "type": 1, "options": [typed]}
        return Sent(
            _kind.autocomplete, {"id": str(ids["toolzz"]), "name": "toolzz", "type": 1, "options": [group]}
        )
    if kind == "old form":
        typed = {"type": 4, "id": 2, "custom_id": "access_token", "value": "x"}
        label = {"type": 18, "id": 1, "component": typed}
        return Sent(_kind.modal_submit, {"custom_id": "0" * 32, "components": [label]})
    if kind == "form":
        form = await harness.open_form("rotate", "toolzz")
        assert form.modal is not None
        labels = [
            {
                "type": 18,
                "id": 1,
                "component": {"type": 4, "id": 2, "custom_id": each["custom_id"], "value": "x"},
            }
            for each in inputs(form)
        ]
        return Sent(_kind.modal_submit, {"custom_id": form.modal["custom_id"], "components": labels})
    if kind == "listening button":
        asked = await manager.slash(harness.channel, "connections remove", provider="toolzz")
    else:
        asked = await manager.slash(harness.channel, "integrations overview")
    used = next(each for each in buttons(asked) if (each["type"] == 3) is (kind == "menu"))
    values = {"values": [used["options"][0]["value"]]} if kind == "menu" else {}
    data = {"custom_id": used["custom_id"], "component_type": used["type"], **values}
    return Sent(_kind.component, data, final(asked))


def grant(harness: BotHarness) -> dict[str, Any]:
    """Return `/access grant` with a member, as Discord sends it."""
    backend, member_id = harness.env.backend, harness.member.id
    guild = backend.get_guild(harness.guild.id)
    user = dict(serializers.user_payload(backend.get_user(member_id)))
    member = {
        k: v
        for k, v in serializers.member_payload(backend, guild, guild.members[member_id]).items()
        if k != "user"
    }
    options = [
        {"name": "tier", "type": 3, "value": "viewer"},
        {"name": "member", "type": 6, "value": str(member_id)},
    ]
    return {
        "id": str(harness.bot.services.links.ids["access"]), "name": "access", "type": 1,
        "options": [{"name": "grant", "type": 1, "options": options}],
        "resolved": {"users": {str(member_id): user}, "members": {str(member_id): member}},
    }  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Yield the path of everything in a payload."""
    inside = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(payload: Mapping[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """Return a payload with something else at a place."""
    odd = copy.deepcopy(dict(payload))
    *parents, last = path
    parent: Any = odd
    for key in parents:
        parent = parent[key]
    if value is MISSING:
        del parent[last]
    else:
        parent[last] = copy.deepcopy(value)
    return odd


@pytest.mark.parametrize("kind", KINDS)
async def test_an_interaction_of_any_shape_is_answered_once(
    harness: BotHarness, log: io.StringIO, kind: str
) -> None:
    """Each part of an interaction in turn is missing, null or of another type: there is one answer."""
    harness.remove_cooldowns()
    await harness.connect("toolzz")
    backend = harness.env.backend
    sent = await whole(harness, kind)

    def payload() -> tuple[Any, dict[str, Any]]:
        record, built = base_payload(
            backend, type=sent.type.value, channel_id=harness.channel.id, guild_id=harness.guild.id,
            user_id=harness.manager.id, data=copy.deepcopy(sent.data),
        )  # fmt: skip
        if sent.message is not None:
            stored = backend.get_message(sent.message.channel_id, sent.message.id)
            built["message"] = dict(serializers.message_payload(backend, stored))
            record.source_message_id = sent.message.id
        return record, built

    answers: list[tuple[tuple[Any, ...], object, Any]] = []
    for path in places(payload()[1]):
        # What discord.py reads before it knows the kind is the same for every kind.
        if path in UNANSWERABLE or (path[0] != "data" and len(path) > 1):
            continue
        for value in WRONG:
            record, built = payload()
            harness.bot._connection.parsers["INTERACTION_CREATE"](changed(built, path, value))
            answers.append((path, value, record))
    async with asyncio.timeout(WITHIN):
        await until(lambda: all(answer.responded for *_, answer in answers))
    await harness.env.settle()
    posts = Counter(
        token
        for each in harness.env.http_requests
        if each.method == "POST"
        for token in re.findall("simcord_interaction_[0-9]+", each.path)
    )
    # A pick is acknowledged by new menus in its message, and an error follows in a message of its own.
    most = 2 if kind == "menu" else 1
    assert [(path, value) for path, value, answer in answers if not 1 <= posts[answer.token] <= most] == []
    harness.env.errors  # noqa: B018 - discord.py logs what reading them raised
