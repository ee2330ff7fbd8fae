"""How busy the database is."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.durations import Durations


@dataclass(frozen=True, slots=True)
class DatabaseLoad:
    """How long reads and writes have taken, the wait for their turn included, and how many are under way."""

    reads: Durations
    writes: Durations
    reading: Callable[[], int]
    writing: Callable[[], int]
