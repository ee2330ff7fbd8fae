"""Draws bar charts of whole numbers."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.discord.theme import Tone
from bot.pictures.canvas import DATES_HEIGHT, EDGE, GAP, GRID, LINE, TITLE_HEIGHT, WIDTH, Canvas, Paint

MAX_ROWS: Final = 8
MAX_COLUMNS: Final = 31
BAR_COLOUR: Final = Tone.INFO.colour

# Lengths, in pixels.
_ROW_HEIGHT: Final = 38
_COLUMNS_HEIGHT: Final = 190
_MAX_NAME_WIDTH: Final = 400
_MAX_DATE_WIDTH: Final = 200

_BAR: Final = Paint(BAR_COLOUR)
_LINE: Final = Paint(GRID)
_MAX_TICKS: Final = 4
_BAR_WIDTH: Final = 0.68  # a part of its slot
_MIN_SLOTS: Final = 8  # with fewer columns than these, a column does not become wider


@dataclass(frozen=True)
class BarChart:
    """A bar chart of whole numbers, each from 0 to 10**15.

    A horizontal chart shows the first ``MAX_ROWS`` bars, a vertical one the last ``MAX_COLUMNS`` bars,
    and as many of their labels as have room. Labels are cut to ``MAX_LABEL_LENGTH`` characters.
    thousands: what the reader's language puts between groups of three digits. Raises ValueError if the
    numbers of labels and of values differ.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[int]
    horizontal: bool = False
    thousands: str = "\N{NARROW NO-BREAK SPACE}"

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.values):
            raise ValueError(f"{len(self.labels)} labels for {len(self.values)} values")

    @property
    def height(self) -> int:
        """The height in pixels."""
        rows = max(1, min(MAX_ROWS, len(self.labels)))
        plot = rows * _ROW_HEIGHT if self.horizontal else _COLUMNS_HEIGHT + DATES_HEIGHT
        return TITLE_HEIGHT + plot + EDGE // 2

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the chart. top: its distance from the top of the picture, in pixels."""
        canvas.title(self.title, top)
        draw = _draw_rows if self.horizontal else _draw_columns
        draw(canvas, self, top + TITLE_HEIGHT)

    def figure(self, value: int) -> str:
        """Return a number in the reader's notation."""
        return f"{value:,}".replace(",", self.thousands)


def _draw_rows(canvas: Canvas, chart: BarChart, top: int) -> None:
    values = chart.values[:MAX_ROWS]
    names = [canvas.label.fit(label, _MAX_NAME_WIDTH) for label in chart.labels[:MAX_ROWS]]
    numbers = [chart.figure(value) for value in values]
    left = EDGE + canvas.label.widest(names) + GAP
    room = WIDTH - left - EDGE - canvas.value.widest(numbers) - GAP
    for row, (name, value, number) in enumerate(zip(names, values, numbers, strict=True)):
        middle = top + (row + 0.5) * _ROW_HEIGHT
        half = _ROW_HEIGHT * _BAR_WIDTH / 2
        right = left + room * value / max(1, *values)
        canvas.fill(left, middle - half, right, middle + half, _BAR)
        canvas.text(name, left - GAP, middle, canvas.label, "rm")
        canvas.text(number, right + GAP, middle, canvas.value, "lm")
    canvas.fill(left - LINE, top, left, top + _ROW_HEIGHT * max(1, len(names)), _LINE)


def _draw_columns(canvas: Canvas, chart: BarChart, top: int) -> None:
    labels, values = chart.labels[-MAX_COLUMNS:], chart.values[-MAX_COLUMNS:]
    ticks = _ticks(max(values, default=0))
    scale = [chart.figure(tick) for tick in ticks]
    dates = [canvas.label.fit(label, _MAX_DATE_WIDTH) for label in labels]
    widest = canvas.label.widest(dates)
    left = max(EDGE + canvas.label.widest(scale), widest / 2) + GAP
    right = WIDTH - max(EDGE, widest / 2 + GAP)
    bottom = top + _COLUMNS_HEIGHT
    for tick, number in zip(ticks, scale, strict=True):
        level = bottom - _COLUMNS_HEIGHT * tick / ticks[-1]
        canvas.fill(left, level - LINE / 2, right, level + LINE / 2, _LINE)
        canvas.text(number, left - GAP, level, canvas.label, "rm")
    slot = (right - left) / max(1, len(values))
    width = round(_BAR_WIDTH * min(slot, (right - left) / _MIN_SLOTS))
    middles = [left + slot * (column + 0.5) for column in range(len(values))]
    for middle, value in zip(middles, values, strict=True):
        start = round(middle - width / 2)
        canvas.fill(start, bottom - _COLUMNS_HEIGHT * value / ticks[-1], start + width, bottom, _BAR)
    for column in canvas.label.shown(dates, right - left):
        canvas.text(dates[column], middles[column], bottom + GAP, canvas.label, "ma")


def _ticks(largest: int) -> range:
    """Return a scale from 0 to ``largest`` or just above it, in steps of 1, 2 or 5 times a power of ten."""
    steps = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * _MAX_TICKS >= largest)
    return range(0, max(1, -(-largest // step)) * step + 1, step)
