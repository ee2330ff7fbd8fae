"""Credentials and list entries for the tests of Sensay's client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bot.providers.base.credentials import Credentials
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.open_provider import accepted

Acting = Callable[[SensayProvider, SensaySimulator], Credentials]

WHERE: Final = {
    "channel_id": "1187654321098765432",
    "channel_name": "agents",
    "author_id": "298765432109870001",
    "author_name": "Mira",
    "message_id": "1340000000000000001",
    "server_id": "1101234567890123456",
    "server_name": "Northwind",
}
"""The contract's DiscordData."""


def organization(sensay: SensayProvider, simulator: SensaySimulator) -> Credentials:
    """Return credentials that act for the whole organization."""
    return accepted(sensay, simulator)


def user(sensay: SensayProvider, simulator: SensaySimulator) -> Credentials:
    """Return credentials that act as the owner of four replicas."""
    return accepted(sensay, simulator, user_id=simulator.OWNER)


def linked(sensay: SensayProvider, simulator: SensaySimulator) -> Credentials:
    """Return credentials that name the same owner by a Discord account."""
    return accepted(sensay, simulator, user_id=simulator.OWNER_DISCORD_ID, user_id_type="Discord")


def replica(number: int, owner: str | None = SensaySimulator.OWNER) -> dict[str, Any]:
    """Return one of many replicas."""
    return {"uuid": f"5a0c7f9e-1d3b-4c2a-8e6f-{number:012x}", "name": f"Replica {number}", "ownerID": owner}


def page(items: list[dict[str, Any]], total: int | None) -> dict[str, Any]:
    """Return one page of the list."""
    return {"success": True, "type": "replicas", "items": items, "total": total}
