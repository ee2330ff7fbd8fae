"""The table of figures that the benchmarks print."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """A ratio to a baseline of the same run, one for each round, and the goal."""

    figure: str
    ratios: Sequence[float]
    goal: float
    better: Literal["less", "more"] = "less"

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the goal."""
        middle = statistics.median(self.ratios)
        return middle <= self.goal if self.better == "less" else middle >= self.goal


def show(rows: Sequence[Row]) -> None:
    """Print the rows as a table in Markdown: medians, with the range over the rounds."""
    print("| figure | median | range | goal | |")
    print("|---|---|---|---|---|")
    for row in rows:
        middle, least, most = statistics.median(row.ratios), min(row.ratios), max(row.ratios)
        goal = f"{'at most' if row.better == 'less' else 'at least'} {row.goal:g}"
        mark = "✓" if row.is_met else "✗"
        print(f"| {row.figure} | {middle:.2f} | {least:.2f} to {most:.2f} | {goal} | {mark} |")
