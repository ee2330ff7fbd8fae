"""How a check of a diagnosis came out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Of one check."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was made, and nobody can say."""
    SKIPPED = "skipped"
    """An earlier one failed, and without it this one says nothing."""
    NOTED = "noted"
    """Nothing is wrong with it, but it is worth knowing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be right. name, reason: words of ours, for the check and for what was found."""

    name: str
    verdict: Verdict
    reason: str
