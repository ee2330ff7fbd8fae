"""Events of the gateway, of which one thing is missing or is something else."""

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simcord.backend import Backend, serializers

WRONG: Sequence[Any] = (None, "x", -1, 1.5, True, [], {}, [None], {"id": None}, "9" * 30)
"""What stands where something else should."""


def events_about(backend: Backend, guild_id: int, owner_id: int) -> dict[str, dict[str, Any]]:
    """Return payloads by the kind of their event, about a server and what it has.

    owner_id: the member who has begun the thread.
    """
    guild: Any = serializers.guild_create_payload(backend, backend.guilds[guild_id])
    channel = {**guild["channels"][0], "guild_id": guild["id"]}
    role = {"guild_id": guild["id"], "role": guild["roles"][-1], "role_id": guild["roles"][-1]["id"]}
    thread = {
        "id": str(2**62), "guild_id": guild["id"], "parent_id": channel["id"], "owner_id": str(owner_id),
        "name": "t", "type": 11, "member_count": 1, "message_count": 0,
        "thread_metadata": {
            "archived": False, "auto_archive_duration": 60, "archive_timestamp": backend.now_iso(),
            "locked": False,
        },
    }  # fmt: skip
    integration = {
        "id": "1102345678901234999", "guild_id": guild["id"], "name": "n", "type": "discord",
        "enabled": True, "account": {"id": "1", "name": "n"},
        "application": {"id": "1", "name": "n", "icon": None}, "application_id": "1102345678901234998",
    }  # fmt: skip
    return {
        "GUILD_CREATE": guild,
        "GUILD_UPDATE": guild,
        "GUILD_DELETE": {"id": guild["id"], "unavailable": True},
        **{f"CHANNEL_{what}": channel for what in ("CREATE", "UPDATE")},
        **{f"GUILD_ROLE_{what}": role for what in ("CREATE", "UPDATE")},
        **{f"THREAD_{what}": thread for what in ("CREATE", "UPDATE", "DELETE")},
        "THREAD_LIST_SYNC": {"guild_id": guild["id"], "threads": [thread], "members": []},
        **{f"INTEGRATION_{what}": integration for what in ("CREATE", "UPDATE", "DELETE")},
        "APPLICATION_COMMAND_PERMISSIONS_UPDATE": {
            "id": "1", "application_id": "1", "guild_id": guild["id"],
            "permissions": [{"id": guild["id"], "type": 1, "permission": True}],
        },
    }  # fmt: skip


def poor_event(about: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a payload of a few ids for another kind of event. about: what ``events_about`` has returned."""
    channel = about["CHANNEL_CREATE"]
    return {"id": "1", "guild_id": channel["guild_id"], "channel_id": channel["id"], "user_id": "1"}


def made_odd(payload: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """Return a payload of which one thing is missing, or is something else; an empty one gets something."""
    changed = copy.deepcopy(payload)
    found = list(_places(changed))
    if not found:
        return {"x": chance.choice(WRONG)}
    *path, last = chance.choice(found)
    parent = changed
    for key in path:
        parent = parent[key]
    if chance.random() < 0.4:
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
