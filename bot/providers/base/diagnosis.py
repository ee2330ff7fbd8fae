"""The result of a check in a diagnosis."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The check was made and gave no clear result."""
    SKIPPED = "skipped"
    """An earlier check failed, and without it this one proves nothing."""
    NOTED = "noted"
    """Nothing is wrong, but the member should know it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. name: which one. reason: what it found; both are parts of text keys."""

    name: str
    verdict: Verdict
    reason: str
