"""Draws bar charts of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from bot.ui.sheet import DATES_HEIGHT, EDGE, GAP, GRID, TITLE_HEIGHT, WIDTH, hexed, named
from bot.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ui.sheet import Sheet

ROWS: Final = 8
COLUMNS: Final = 31
SERIES: Final = Tone.INFO.colour

# Lengths, in pixels.
_ROW_HEIGHT: Final = 38
_COLUMNS_HEIGHT: Final = 190
_LONGEST_NAME: Final = 400
_LONGEST_DATE: Final = 200

_MOST_TICKS: Final = 4
_BAR: Final = 0.68  # of its slot
_FEW: Final = 8  # fewer columns than these do not become any wider
_NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Bars:
    """One chart: finished texts, and as many whole numbers, each from 0 to 10**15.

    Drawn are the first ``ROWS`` bars of a horizontal chart, or the last ``COLUMNS`` of an upright one, which
    has room for a few of the labels only. A label is cut to ``LABEL`` characters, and a character that the
    font lacks becomes a box. Raises ValueError where there are not as many labels as values.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[int]
    horizontal: bool = False

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.values):
            raise ValueError(f"{len(self.labels)} labels for {len(self.values)} values")

    @property
    def height(self) -> int:
        rows = max(1, min(ROWS, len(self.labels)))
        plot = rows * _ROW_HEIGHT if self.horizontal else _COLUMNS_HEIGHT + DATES_HEIGHT
        return TITLE_HEIGHT + plot + EDGE // 2

    def paint(self, sheet: Sheet, top: int) -> None:
        """Draw it, that far below the picture's top."""
        sheet.title(self.title, top)
        if self.horizontal:
            _rows(sheet, self.labels[:ROWS], self.values[:ROWS], top + TITLE_HEIGHT)
        else:
            _columns(sheet, self.labels[-COLUMNS:], self.values[-COLUMNS:], top + TITLE_HEIGHT)


def _rows(sheet: Sheet, labels: Sequence[str], values: Sequence[int], top: int) -> None:
    names = [sheet.label.fit(label, _LONGEST_NAME) for label in labels]
    numbers = [_number(value) for value in values]
    left = EDGE + sheet.label.widest(names) + GAP
    right = EDGE + sheet.value.widest(numbers) + GAP
    axes = sheet.axes(left, right, top, _ROW_HEIGHT * max(1, len(names)))
    bars = axes.barh(range(len(names)), values, height=_BAR, color=hexed(SERIES))
    for number in axes.bar_label(bars, numbers, padding=GAP, **sheet.value.style):
        number.set_verticalalignment("center_baseline")  # as the names are
    axes.set(xlim=(0, max([1, *values])), ylim=(max(1, len(names)) - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), names, **sheet.label.style)
    axes.spines.left.set(visible=True, color=hexed(GRID), linewidth=2)


def _columns(sheet: Sheet, labels: Sequence[str], values: Sequence[int], top: int) -> None:
    many = len(labels)
    ticks = _ticks(max(values, default=0))
    scale = [_number(tick) for tick in ticks]
    dates = [sheet.label.fit(label, _LONGEST_DATE) for label in labels]
    widest = sheet.label.widest(dates)
    left = max(EDGE + sheet.label.widest(scale), widest / 2) + GAP
    right = max(EDGE, widest / 2 + GAP)
    axes = sheet.axes(left, right, top, _COLUMNS_HEIGHT)
    axes.bar(range(many), values, width=_BAR * min(1, many / _FEW), color=hexed(SERIES))
    axes.set(xlim=(-0.5, max(1, many) - 0.5), ylim=(0, ticks[-1]))
    axes.set_yticks(ticks, scale, **sheet.label.style)
    axes.grid(axis="y", color=hexed(GRID), linewidth=2, clip_on=False)
    written = named(dates, WIDTH - left - right, sheet.label)
    axes.set_xticks(written, [dates[index] for index in written], **sheet.label.style)


def _ticks(most: int) -> range:
    """Return a scale from 0 up to ``most`` or just above, in steps of 1, 2 or 5 times a power of ten."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * _MOST_TICKS >= most)
    return range(0, max(1, -(-most // step)) * step + 1, step)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", _NARROW_SPACE)
