"""Whole payloads of the gateway's events, from which odd ones are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discord.state import ConnectionState

from bot.demo.stage import Stage
from tests.support.odd_events import events_about, poor_event

_NOT_SENT: Final = {"READY", "CHANNEL_DELETE", "GUILD_ROLE_DELETE"}
"""Whole ones would end the session, or take away what the other events are about."""


def whole_events(stage: Stage, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a payload of every kind of event that discord.py knows, about the demo's server.

    seen: what was sent so far, by kind. A kind that is neither known here nor there gets a few ids.
    """
    world = stage.world
    about = events_about(stage.discord.env.backend, world.guild.id, world.mira.id)
    guild = about["GUILD_CREATE"]
    whole = {
        **dict.fromkeys(_known_kinds(), poor_event(about)),
        **seen,
        **about,
        "GUILD_MEMBER_UPDATE": {**guild["members"][0], "guild_id": guild["id"]},
    }
    return {kind: payload for kind, payload in whole.items() if kind not in _NOT_SENT}


def _known_kinds() -> Iterator[str]:
    """Yield the kinds of events for which discord.py has a parser."""
    for name in dir(ConnectionState):
        if name.startswith("parse_"):
            yield name.removeprefix("parse_").upper()
