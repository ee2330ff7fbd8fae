"""Draws the states of a period: a timeline, a column for each day, and a legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from bot.discord.theme import Tone
from bot.pictures.canvas import (
    DATES_HEIGHT,
    EDGE,
    GAP,
    GRID,
    LINE,
    MAX_PATTERN_HEIGHT,
    TITLE_HEIGHT,
    TITLE_TEXT,
    WIDTH,
    Canvas,
    Font,
    Paint,
)
from bot.providers.base.integration import State

# Lengths, in pixels.
_TIMELINE_HEIGHT: Final = 64
_BAR_HEIGHT: Final = 10
_MIN_PIXELS: Final = 4  # a short failure must stay visible
_DAYS_HEIGHT: Final = MAX_PATTERN_HEIGHT
_FIGURES_HEIGHT: Final = 34
_SWATCH: Final = 30
_LEGEND_HEIGHT: Final = 62
_LEGEND_GAP: Final = 26
_PER_ROW: Final = 4
"""So many names of states fit beside each other in every language."""
_MAX_LABEL_WIDTH: Final = 200

_BAR_WIDTH: Final = 0.72  # a part of its slot
_MIN_SLOTS: Final = 8  # with fewer columns than these, a column does not become wider
_SCALE: Final = {0.0: "0%", 0.5: "50%", 1.0: "100%"}
_LINE: Final = Paint(GRID)
_MARK: Final = Paint(TITLE_TEXT)

_DOTS: Final = (
    "........",
    "........",
    "...##...",
    "..####..",
    "..####..",
    "...##...",
    "........",
    "........",
)
_LINES: Final = (
    "########",
    "########",
    "########",
    "........",
    "........",
    "........",
    "........",
    "........",
)
_RISING: Final = (
    "##......",
    "#......#",
    "......##",
    ".....##.",
    "....##..",
    "...##...",
    "..##....",
    ".##.....",
)
_FALLING: Final = (
    "###.....",
    ".###....",
    "..###...",
    "...###..",
    "....###.",
    ".....###",
    "#.....##",
    "##.....#",
)
_CROSSES: Final = (
    "##..........",
    "###........#",
    "..##......##",
    "...##....##.",
    "....##..##..",
    ".....####...",
    "......##....",
    ".....####...",
    "....##..##..",
    "...##....##.",
    "..##......##",
    "###........#",
)
_PURPLE: Final = 0x8A4FBF

# From the best to the worst state; the worse one is drawn on top where there is no room for both.
_PAINTS: Final[Mapping[State, Paint]] = {
    State.CONNECTED: Paint(Tone.GOOD.colour),
    State.INACTIVE: Paint(Tone.QUIET.colour, _DOTS),
    State.UNKNOWN: Paint(GRID, _RISING, Tone.QUIET.colour),
    State.BLOCKED: Paint(_PURPLE, _CROSSES),
    State.DISCONNECTED: Paint(Tone.BAD.colour, _LINES),
    State.ERROR: Paint(Tone.WARNING.colour, _FALLING),
}


class TimelinePart(NamedTuple):
    """A part of the period in one state. start, end: 0 is the beginning of the period, 1 its end."""

    start: float
    end: float
    state: State


@dataclass(frozen=True)
class Timeline:
    """A period from left to right.

    marks: the labels below, from left to right, each with its place from 0 to 1. now: the label at the right
    end. marked: parts with a light bar along the bottom, each from 0 to 1. A part that is too short to be
    seen is drawn wider, unless its state is ``CONNECTED``.
    """

    title: str
    parts: Sequence[TimelinePart]
    marks: Sequence[tuple[float, str]]
    now: str
    marked: Sequence[tuple[float, float]] = ()

    @property
    def height(self) -> int:
        """The height in pixels."""
        return TITLE_HEIGHT + _TIMELINE_HEIGHT + DATES_HEIGHT + EDGE // 2

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the panel. top: its distance from the top of the picture, in pixels."""
        canvas.title(self.title, top)
        top += TITLE_HEIGHT
        bottom, width = top + _TIMELINE_HEIGHT, WIDTH - 2 * EDGE
        for start, end, state in _pixel_runs(self.parts, width):
            canvas.fill(EDGE + start, top, EDGE + end, bottom, _PAINTS[state])
        for first, last in self.marked:
            left, length = EDGE + first * width, max((last - first) * width, _MIN_PIXELS)
            canvas.fill(left, bottom - _BAR_HEIGHT, left + length, bottom, _MARK)
        texts = [canvas.label.fit(text, _MAX_LABEL_WIDTH) for _, text in self.marks]
        marks = [
            (EDGE + self.marks[index][0] * width, texts[index]) for index in canvas.label.shown(texts, width)
        ]
        now = (float(EDGE + width), canvas.label.fit(self.now, _MAX_LABEL_WIDTH))
        for place, middle, text in _without_overlap([now, *marks], canvas.label, EDGE, EDGE + width):
            canvas.fill(place - LINE / 2, bottom, place + LINE / 2, bottom + GAP // 2, _LINE)
            canvas.text(text, middle, bottom + GAP, canvas.label, "ma")


@dataclass(frozen=True)
class DailyColumns:
    """A column for each day, divided into the parts of the day's states.

    columns: the parts from 0 to 1, which add up to 1. figures: what stands above each column; may be empty.
    Where there is no room for all figures, those of the days with the smallest part ``CONNECTED`` are shown,
    and none for a day that was ``CONNECTED`` all the time. A part too small to be seen is drawn larger.
    Raises ValueError if the numbers of labels, figures and columns differ.
    """

    title: str
    labels: Sequence[str]
    columns: Sequence[Mapping[State, float]]
    figures: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.columns) == len(self.figures):
            counts = f"{len(self.labels)} labels and {len(self.figures)} figures"
            raise ValueError(f"{counts} for {len(self.columns)} columns")

    @property
    def height(self) -> int:
        """The height in pixels."""
        return TITLE_HEIGHT + _FIGURES_HEIGHT + _DAYS_HEIGHT + DATES_HEIGHT + EDGE // 2

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the panel. top: its distance from the top of the picture, in pixels."""
        canvas.title(self.title, top)
        left = EDGE + canvas.label.widest(list(_SCALE.values())) + GAP
        right = WIDTH - EDGE
        bottom = top + TITLE_HEIGHT + _FIGURES_HEIGHT + _DAYS_HEIGHT
        for part, text in _SCALE.items():
            level = bottom - part * _DAYS_HEIGHT
            canvas.fill(left, level - LINE / 2, right, level + LINE / 2, _LINE)
            canvas.text(text, left - GAP, level, canvas.label, "rm")
        count = max(1, len(self.columns))
        slot = (right - left) / count
        middles = [left + slot * (day + 0.5) for day in range(count)]
        width = max(1, round((right - left) / max(count, _MIN_SLOTS) * _BAR_WIDTH))
        for middle, column in zip(middles, self.columns, strict=False):
            start = round(middle - width / 2)
            for state, low, high in _stacked(column):
                canvas.fill(start, bottom - high, start + width, bottom - low, _PAINTS[state])
        dates = [canvas.label.fit(label, _MAX_LABEL_WIDTH) for label in self.labels]
        wanted = [(middles[day], dates[day]) for day in canvas.label.shown(dates, right - left)]
        for _, middle, text in _without_overlap(wanted, canvas.label, 0, WIDTH - EDGE // 2):
            canvas.text(text, middle, bottom + GAP, canvas.label, "ma")
        figures = [canvas.value.fit(figure, _MAX_LABEL_WIDTH) for figure in self.figures]
        all_fit = count * (canvas.value.widest(figures) + GAP) <= right - left
        wanted = [(middles[day], figures[day]) for day in self._labelled_days(all_of_them=all_fit)]
        for _, middle, text in _without_overlap(wanted, canvas.value, 0, WIDTH - EDGE // 2):
            canvas.text(text, middle, bottom - _DAYS_HEIGHT - GAP // 2, canvas.value, "md")

    def _labelled_days(self, *, all_of_them: bool) -> list[int]:
        """Return the days whose figures are shown, the most important one first."""
        connected = [column.get(State.CONNECTED, 0) for column in self.columns]
        days = [
            day for day, figure in enumerate(self.figures) if figure and (all_of_them or connected[day] < 1)
        ]
        return sorted(days, key=lambda day: (connected[day], -day))


@dataclass(frozen=True)
class Legend:
    """The names of the states beside a sample of each, in the order given."""

    names: Mapping[State, str]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return _LEGEND_HEIGHT * math.ceil(len(self.names) / _PER_ROW)

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the panel. top: its distance from the top of the picture, in pixels."""
        names = list(self.names.items())
        for first in range(0, len(names), _PER_ROW):
            self._draw_row(canvas, top + first // _PER_ROW * _LEGEND_HEIGHT, names[first : first + _PER_ROW])

    @staticmethod
    def _draw_row(canvas: Canvas, top: int, names: Iterable[tuple[State, str]]) -> None:
        left = float(EDGE)
        for state, name in names:
            shown = canvas.label.fit(name, WIDTH - 2 * EDGE)
            canvas.fill(left, top, left + _SWATCH, top + _SWATCH, _PAINTS[state])
            left += _SWATCH + GAP
            canvas.text(shown, left, top + _SWATCH / 2, canvas.label, "lm")
            left += canvas.label.width(shown) + _LEGEND_GAP


def _pixel_runs(parts: Sequence[TimelinePart], width: int) -> Iterator[tuple[int, int, State]]:
    """Yield the timeline's runs of equal pixels from left to right: start, end and state."""
    painted: list[State | None] = [None] * width
    for state in _PAINTS:
        min_width = 1 if state is State.CONNECTED else _MIN_PIXELS
        for each in parts:
            if each.state is state:
                start = min(math.floor(each.start * width), width - min_width)
                end = max(math.ceil(each.end * width), start + min_width)
                painted[start:end] = [state] * (end - start)
    start = 0
    for found, run in groupby(painted):
        end = start + len(list(run))
        if found is not None:
            yield start, end, found
        start = end


def _stacked(column: Mapping[State, float]) -> Iterator[tuple[State, float, float]]:
    """Yield a column's parts from the bottom up, the best first: state, and where it starts and ends.

    Both are pixels above the bottom of the column.
    """
    smallest = _MIN_PIXELS / _DAYS_HEIGHT
    parts = {state: max(column[state], smallest) for state in _PAINTS if column.get(state, 0) > 0}
    whole = sum(parts.values())
    bottom = 0.0
    for state, part in parts.items():
        height = part / whole * _DAYS_HEIGHT
        yield state, bottom, bottom + height
        bottom += height


def _without_overlap(
    wanted: Sequence[tuple[float, str]], font: Font, first: float, last: float
) -> Iterator[tuple[float, float, str]]:
    """Yield the texts that have room in a row, with the place and the middle of each; earlier texts win.

    first, last: the ends of the row; a text that would cross an end is moved inwards.
    """
    taken: list[tuple[float, float]] = []
    for place, text in wanted:
        half = font.width(text) / 2
        middle = min(max(place, first + half), last - half)
        if all(middle + half + GAP <= left or right + GAP <= middle - half for left, right in taken):
            taken.append((middle - half, middle + half))
            yield place, middle, text
