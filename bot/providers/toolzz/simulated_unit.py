"""What the simulated Toolzz begins with: a unit's agents, and an integration for each case."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from bot.providers.base.simulator import load_seed

APPLICATION_ID: Final = "1219876543210987654"
SEED: Final = load_seed("bot.providers.toolzz")
DELETED_CHANNEL: Final = "1188765432109876599"
CROWD: Final = [(str(1188765432109877000 + number), f"sala-{number:02}") for number in range(1, 41)]


class Unit:
    """The ids of the unit, of its integrations and of its agents."""

    UNIT: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c00"
    CONNECTED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c01"
    DISCONNECTED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c02"
    """Switched on but disconnected, with error code 4004."""
    INACTIVE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c03"
    """Switched off; the single read has only the 8 fields of Toolzz's sample, that of the others has all."""
    CROWDED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c04"
    """It has 40 channels, and permissions that a double cannot hold."""
    UNREACHABLE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c05"
    """It is listed, but the single read resets the connection."""
    DELETED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c06"
    """Deleted, but still listed and readable, with deletedAt."""
    STRANGE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c07"
    """It has undocumented words, text with markup, and two lists of channels that differ."""
    ELSEWHERE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c08"
    """It always stays in another server than the others."""
    HOMELESS: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c09"
    """Its report never has a guildId."""
    UNKNOWN: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4cff"
    """The id of no integration and of no unit."""
    AGENT: Final = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b20"
    """The agent of all integrations."""
    RESTING_AGENT: Final = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b24"
    """The agent that is switched off."""


def written(time: datetime) -> str:
    """Return a time as Toolzz writes it: with a blank, without a zone, without trailing zeros."""
    return f"{time:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")


def integration(uuid: str, title: str, **differences: object) -> dict[str, Any]:
    """Return all 25 fields of an integration that is connected, with some of them replaced."""
    return {"id": uuid, "title": title, **deepcopy(SEED["every_integration"]), **differences}


def integrations() -> dict[str, dict[str, Any]]:
    """Return nine integrations of the unit by id, seven of them in one made-up server."""
    unit = {each["id"]: deepcopy(SEED["every_integration"] | each) for each in SEED["integrations"]}
    del unit[Unit.HOMELESS]["guildId"]
    unit[Unit.CROWDED].update(both_lists(CROWD))
    return unit


def both_lists(channels: Sequence[tuple[str, str]]) -> dict[str, list[Any]]:
    """Return both lists of the same channels."""
    return {
        "channelIds": [channel_id for channel_id, _ in channels],
        "channelsDetail": [{"id": channel_id, "name": name} for channel_id, name in channels],
    }
