"""One series of a metric, with its value now."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.durations import BOUNDS, Durations
from bot.operating.metrics.declared import Declared


class Distribution(NamedTuple):
    """The value of a histogram: see ``Durations``."""

    counts: Sequence[int]
    total: float

    @classmethod
    def of(cls, *durations: Durations) -> "Distribution":
        """Return what several have counted together, as of now."""
        counts = [sum(each) for each in zip(*(each.counts for each in durations), strict=True)]
        return cls(counts or [0] * (len(BOUNDS) + 1), sum(each.total for each in durations))


class Reading(NamedTuple):
    """One series of a metric now. labels: the values of its labels, in their order."""

    metric: Declared
    value: float | Distribution
    labels: tuple[str, ...] = ()
