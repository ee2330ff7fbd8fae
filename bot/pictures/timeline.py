"""Draws the states of a period: a timeline, a column for each day, and a legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.discord.theme import Tone
from bot.pictures.canvas import (
    DATES_HEIGHT,
    EDGE,
    GAP,
    GRID,
    GRID_LINE,
    GROUND,
    TITLE_HEIGHT,
    TITLE_TEXT,
    WIDTH,
    Canvas,
    Font,
    hex_colour,
)
from bot.providers.base.integration import State

if TYPE_CHECKING:  # matplotlib is loaded by the process that draws
    from matplotlib.axes import Axes

# Lengths, in pixels.
_TIMELINE_HEIGHT: Final = 64
_BAR_HEIGHT: Final = 10
_MIN_PIXELS: Final = 4  # a short failure must stay visible
_DAYS_HEIGHT: Final = 170
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
_BELOW: Final[Mapping[str, Any]] = {"horizontalalignment": "center", "verticalalignment": "top"}
_ABOVE: Final[Mapping[str, Any]] = {"horizontalalignment": "center", "verticalalignment": "bottom"}


_Rectangle = tuple[State, float, float, float, float]
"""A rectangle in a state's style: its left, bottom, width and height in pixels."""


class _StateStyle(NamedTuple):
    """How a state is drawn: by a colour, and by a pattern in a second colour."""

    colour: int
    pattern: str = ""
    pattern_colour: int = GROUND


_PURPLE: Final = 0x8A4FBF

# From the best to the worst state; the worse one is drawn on top where there is no room for both.
_STYLES: Final[Mapping[State, _StateStyle]] = {
    State.CONNECTED: _StateStyle(Tone.GOOD.colour),
    State.INACTIVE: _StateStyle(Tone.QUIET.colour, "..."),
    State.UNKNOWN: _StateStyle(GRID, "//", Tone.QUIET.colour),
    State.BLOCKED: _StateStyle(_PURPLE, "xx"),
    State.DISCONNECTED: _StateStyle(Tone.BAD.colour, "--"),
    State.ERROR: _StateStyle(Tone.WARNING.colour, "\\\\\\"),
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
        width = WIDTH - 2 * EDGE
        axes = canvas.axes(EDGE, EDGE, top + TITLE_HEIGHT, _TIMELINE_HEIGHT + DATES_HEIGHT)
        axes.set(xlim=(0, width), ylim=(_TIMELINE_HEIGHT + DATES_HEIGHT, 0), xticks=[], yticks=[])
        _fill(
            axes,
            [
                (state, start, 0, end - start, _TIMELINE_HEIGHT)
                for start, end, state in _pixel_runs(self.parts, width)
            ],
        )
        for start, end in self.marked:
            left, length = start * width, max((end - start) * width, _MIN_PIXELS)
            axes.bar(left, -_BAR_HEIGHT, length, _TIMELINE_HEIGHT, align="edge", color=hex_colour(TITLE_TEXT))
        texts = [canvas.label.fit(text, _MAX_LABEL_WIDTH) for _, text in self.marks]
        marks = [(self.marks[index][0] * width, texts[index]) for index in canvas.label.shown(texts, width)]
        now = (float(width), canvas.label.fit(self.now, _MAX_LABEL_WIDTH))
        for place, middle, text in _without_overlap([now, *marks], canvas.label, 0, width):
            axes.vlines(place, _TIMELINE_HEIGHT, _TIMELINE_HEIGHT + GAP // 2, **GRID_LINE)
            axes.text(middle, _TIMELINE_HEIGHT + GAP, text, **_BELOW, **canvas.label.style)


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
        count = max(1, len(self.columns))
        left = EDGE + canvas.label.widest(list(_SCALE.values())) + GAP
        width = WIDTH - left - EDGE
        axes = canvas.axes(left, EDGE, top + TITLE_HEIGHT + _FIGURES_HEIGHT, _DAYS_HEIGHT)
        axes.set(xlim=(0, width), ylim=(0, _DAYS_HEIGHT), xticks=[])
        axes.set_yticks([part * _DAYS_HEIGHT for part in _SCALE], list(_SCALE.values()), **canvas.label.style)
        axes.grid(axis="y", **GRID_LINE, clip_on=False)
        middles = [width * (index + 0.5) / count for index in range(count)]
        bar_width = max(1, round(width / max(count, _MIN_SLOTS) * _BAR_WIDTH))
        _fill(
            axes,
            [
                (state, round(middle - bar_width / 2), bottom, bar_width, height)
                for middle, column in zip(middles, self.columns, strict=False)
                for state, bottom, height in _stacked(column)
            ],
        )
        dates = [canvas.label.fit(label, _MAX_LABEL_WIDTH) for label in self.labels]
        wanted = [(middles[day], dates[day]) for day in canvas.label.shown(dates, width)]
        for _, middle, text in _without_overlap(wanted, canvas.label, -left, width + EDGE // 2):
            axes.text(middle, -GAP, text, **_BELOW, **canvas.label.style)
        figures = [canvas.value.fit(figure, _MAX_LABEL_WIDTH) for figure in self.figures]
        all_fit = count * (canvas.value.widest(figures) + GAP) <= width
        wanted = [(middles[day], figures[day]) for day in self._labelled_days(all_of_them=all_fit)]
        for _, middle, text in _without_overlap(wanted, canvas.value, -left, width + EDGE // 2):
            axes.text(middle, _DAYS_HEIGHT + GAP // 2, text, **_ABOVE, **canvas.value.style)

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
        width = WIDTH - 2 * EDGE
        axes = canvas.axes(EDGE, EDGE, top, _SWATCH)
        axes.set(xlim=(0, width), ylim=(0, _SWATCH), xticks=[], yticks=[])
        left = 0.0
        for state, name in names:
            shown = canvas.label.fit(name, width)
            _fill(axes, [(state, round(left), 0, _SWATCH, _SWATCH)])
            left += _SWATCH + GAP
            axes.text(left, _SWATCH / 2, shown, verticalalignment="center_baseline", **canvas.label.style)
            left += canvas.label.width(shown) + _LEGEND_GAP


def _fill(axes: Axes, rectangles: Iterable[_Rectangle]) -> None:
    for state, found in groupby(sorted(rectangles), key=itemgetter(0)):
        style = _STYLES[state]
        _, lefts, bottoms, widths, heights = zip(*found, strict=True)
        axes.bar(
            lefts,
            heights,
            widths,
            bottoms,
            align="edge",
            antialiased=False,
            color=hex_colour(style.colour),
            hatch=style.pattern,
            hatchcolor=hex_colour(style.pattern_colour),
        )


def _pixel_runs(parts: Sequence[TimelinePart], width: int) -> Iterator[tuple[int, int, State]]:
    """Yield the timeline's runs of equal pixels from left to right: start, end and state."""
    painted: list[State | None] = [None] * width
    for state in _STYLES:
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
    """Yield a column's parts from the bottom up, the best first: state, bottom and height in pixels."""
    smallest = _MIN_PIXELS / _DAYS_HEIGHT
    parts = {state: max(column[state], smallest) for state in _STYLES if column.get(state, 0) > 0}
    whole = sum(parts.values())
    bottom = 0.0
    for state, part in parts.items():
        height = part / whole * _DAYS_HEIGHT
        yield state, bottom, height
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
