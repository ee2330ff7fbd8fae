"""The tiers of rights that a member can have in a guild."""

from enum import IntEnum


class Tier(IntEnum):
    """A member of a tier may do everything that the tiers below it may do."""

    NONE = 0
    VIEWER = 1
    """May look at everything. It comes with Moderate Members or a grant."""
    MANAGER = 2
    """May change everything. It comes with Manage Server or a grant."""
