"""What a member may do in a server."""

from __future__ import annotations

from enum import IntEnum


class Tier(IntEnum):
    """Each tier may do what the ones below it may."""

    NONE = 0
    VIEWER = 1
    """Looks and is told: Moderate Members, or granted."""
    MANAGER = 2
    """Changes things: Manage Server, or granted."""
