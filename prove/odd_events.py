"""Events of the gateway, of which one thing is missing or is something else."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discord.state import ConnectionState
from simcord.backend import serializers

from bot.demo.stage import Stage

WRONG: Final[Sequence[Any]] = (None, "x", -1, 1.5, True, [], {}, [None], {"id": None}, "9" * 30)
"""What stands where something else should."""
_NOT_SENT: Final = {"READY", "CHANNEL_DELETE", "GUILD_ROLE_DELETE"}
"""Whole ones would end the session, or take away what the other events are about."""


def whole_events(stage: Stage, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a payload of every kind of event that discord.py knows, about the demo's server.

    seen: what was sent so far, by kind. A kind that is neither known here nor there gets a few ids.
    """
    backend, world = stage.discord.env.backend, stage.world
    guild: Any = serializers.guild_create_payload(backend, backend.guilds[world.guild.id])
    guild_id, channel = guild["id"], {**guild["channels"][0], "guild_id": guild["id"]}
    role = {"guild_id": guild_id, "role": guild["roles"][-1], "role_id": guild["roles"][-1]["id"]}
    thread = {
        "id": str(2**62), "guild_id": guild_id, "parent_id": channel["id"], "owner_id": str(world.mira.id),
        "name": "t", "type": 11, "member_count": 1, "message_count": 0,
        "thread_metadata": {
            "archived": False, "auto_archive_duration": 60, "archive_timestamp": backend.now_iso(),
            "locked": False,
        },
    }  # fmt: skip
    integration = {
        "id": "1102345678901234999", "guild_id": guild_id, "name": "n", "type": "discord", "enabled": True,
        "account": {"id": "1", "name": "n"}, "application": {"id": "1", "name": "n", "icon": None},
        "application_id": "1102345678901234998",
    }  # fmt: skip
    poor = {"id": "1", "guild_id": guild_id, "channel_id": channel["id"], "user_id": "1"}
    whole = {
        **dict.fromkeys(_known_kinds(), poor),
        **seen,
        "GUILD_CREATE": guild,
        "GUILD_UPDATE": guild,
        "GUILD_DELETE": {"id": guild_id, "unavailable": True},
        "GUILD_MEMBER_UPDATE": {**guild["members"][0], "guild_id": guild_id},
        **{f"CHANNEL_{what}": channel for what in ("CREATE", "UPDATE")},
        **{f"GUILD_ROLE_{what}": role for what in ("CREATE", "UPDATE")},
        **{f"THREAD_{what}": thread for what in ("CREATE", "UPDATE", "DELETE")},
        "THREAD_LIST_SYNC": {"guild_id": guild_id, "threads": [thread], "members": []},
        **{f"INTEGRATION_{what}": integration for what in ("CREATE", "UPDATE", "DELETE")},
        "APPLICATION_COMMAND_PERMISSIONS_UPDATE": {
            "id": "1", "application_id": "1", "guild_id": guild_id,
            "permissions": [{"id": guild_id, "type": 1, "permission": True}],
        },
    }  # fmt: skip
    return {kind: payload for kind, payload in whole.items() if kind not in _NOT_SENT}


def _known_kinds() -> Iterator[str]:
    """Yield the kinds of events for which discord.py has a parser."""
    for name in dir(ConnectionState):
        if name.startswith("parse_"):
            yield name.removeprefix("parse_").upper()


def odd(payload: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Return a payload of which one thing is missing, or is something else."""
    changed = copy.deepcopy(payload)
    *path, last = chance.choice(list(_places(changed)))
    parent = changed
    for key in path:
        parent = parent[key]
    if chance.random() < 0.4:  # noqa: PLR2004 - two of five
        del parent[last]
    else:
        parent[last] = chance.choice(WRONG)
    return changed


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Yield the path of everything in a payload."""
    inside: Any = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, inner in inside:
        yield (*path, key)
        yield from _places(inner, (*path, key))
