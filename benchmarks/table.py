"""The table of figures that the benchmarks print."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

HEAD: Final = ("figure", "median", "range", "goal", "held")


@dataclass(frozen=True)
class Row:
    """What was measured, once for each round, and the goal.

    ratios: to a baseline of the same run. Where there is none, they are values in the unit that the figure's
    name ends with.
    """

    figure: str
    ratios: Sequence[float]
    goal: float
    better: Literal["less", "more"] = "less"

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the goal. What was not measured reaches none."""
        if not self.ratios:
            return False
        middle = statistics.median(self.ratios)
        return middle <= self.goal if self.better == "less" else middle >= self.goal

    @property
    def cells(self) -> Sequence[str]:
        """The text of each column in ``HEAD``."""
        if not self.ratios:
            return (self.figure, "not measured", "", "", "**no**")
        spread = f"{number(min(self.ratios))} to {number(max(self.ratios))}"
        goal = f"{'at most' if self.better == 'less' else 'at least'} {self.goal:g}"
        held = "yes" if self.is_met else "**no**"
        return (self.figure, number(statistics.median(self.ratios)), spread, goal, held)


def number(value: float) -> str:
    """Return a figure with three digits, or all that stand before the point."""
    places = next((places for places, limit in ((3, 1), (2, 10), (1, 100)) if abs(value) < limit), 0)
    return f"{value:,.{places}f}"


def line(cells: Sequence[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the table in Markdown: medians, with the range over the rounds."""
    yield line(HEAD)
    yield "|" + "---|" * len(HEAD)
    for row in rows:
        yield line(row.cells)


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    print("\n".join(table(rows)))
