"""What came of checking all integrations of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.kit.report import Reports


class Outcome(Enum):
    """What became of a reading."""

    ANSWERED = auto()
    REFUSED = auto()
    """The provider does not take the credentials."""
    RESTING = auto()
    """It did not, and has not been asked again."""
    DOWN = auto()
    """The provider does not answer, or with an error of its own."""
    FAILED = auto()
    """Anything else, an error of ours included."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One check of all integrations of a connection.

    at: seconds since 1970. reports: None unless it was answered. own: ids that the guild calls its own.
    error: its key, empty where it was answered.
    """

    guild_id: int
    provider: str
    connection: str
    at: int
    outcome: Outcome
    reports: Reports | None = None
    own: Collection[str] = ()
    error: str = ""
