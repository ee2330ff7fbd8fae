"""Draws which state was when: a strip of time, a column for each day, and what the colours stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.kit.integration import State
from bot.ui.sheet import DATES_HEIGHT, EDGE, GAP, GRID, GROUND, TITLE_HEIGHT, WIDTH, hexed, named
from bot.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    from bot.ui.sheet import Pen, Sheet

# Lengths, in pixels.
_STRIP_HEIGHT: Final = 64
_NARROWEST: Final = 4  # what was short but not well must be seen
_DAYS_HEIGHT: Final = 170
_FIGURES_HEIGHT: Final = 34
_SWATCH: Final = 30
_LEGEND_HEIGHT: Final = 62
_WORDS_APART: Final = 26
_LONGEST_MARK: Final = 200

_BAR: Final = 0.72  # of its slot
_FEW: Final = 8  # fewer columns than these do not become any wider
_SCALE: Final = {0.0: "0%", 0.5: "50%", 1.0: "100%"}
_BELOW: Final[Mapping[str, Any]] = {"horizontalalignment": "center", "verticalalignment": "top"}
_ABOVE: Final[Mapping[str, Any]] = {"horizontalalignment": "center", "verticalalignment": "bottom"}


class _Look(NamedTuple):
    """How a state is drawn: never by its colour alone. The pattern is drawn in the second colour."""

    colour: int
    pattern: str = ""
    pattern_colour: int = GROUND


# From the best to the worst: the worse one is drawn above where there is no room for both.
_LOOKS: Final[Mapping[State, _Look]] = {
    State.CONNECTED: _Look(Tone.GOOD.colour),
    State.INACTIVE: _Look(Tone.QUIET.colour, "..."),
    State.UNKNOWN: _Look(GRID, "//", Tone.QUIET.colour),
    State.DISCONNECTED: _Look(Tone.BAD.colour, "--"),
    State.ERROR: _Look(Tone.WARNING.colour, "\\\\\\"),
}


class Stretch(NamedTuple):
    """A state from ``start`` to ``end``, both parts of the whole time: 0 at its beginning, 1 at its end."""

    start: float
    end: float
    state: State


@dataclass(frozen=True)
class Strip:
    """A time from left to right, in the looks of the states that it was in.

    marks: texts below, and where each is, from left to right; now: what is written at the right end. What is
    too short to be seen is drawn wider, unless it was well.
    """

    title: str
    stretches: Sequence[Stretch]
    marks: Sequence[tuple[float, str]]
    now: str

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + _STRIP_HEIGHT + DATES_HEIGHT + EDGE // 2

    def paint(self, sheet: Sheet, top: int) -> None:
        """Draw it, that far below the picture's top."""
        sheet.title(self.title, top)
        width = WIDTH - 2 * EDGE
        axes = sheet.axes(EDGE, EDGE, top + TITLE_HEIGHT, _STRIP_HEIGHT + DATES_HEIGHT)
        axes.set(xlim=(0, width), ylim=(_STRIP_HEIGHT + DATES_HEIGHT, 0), xticks=[], yticks=[])
        _fill(
            axes,
            [
                _Block(state, start, 0, end - start, _STRIP_HEIGHT)
                for start, end, state in _pixels(self.stretches, width)
            ],
        )
        texts = [sheet.label.fit(text, _LONGEST_MARK) for _, text in self.marks]
        marks = [(self.marks[index][0] * width, texts[index]) for index in named(texts, width, sheet.label)]
        now = (float(width), sheet.label.fit(self.now, _LONGEST_MARK))
        for place, middle, text in _apart([now, *marks], sheet.label, 0, width):
            axes.vlines(place, _STRIP_HEIGHT, _STRIP_HEIGHT + GAP // 2, color=hexed(GRID), linewidth=2)
            axes.text(middle, _STRIP_HEIGHT + GAP, text, **_BELOW, **sheet.label.style)


@dataclass(frozen=True)
class Days:
    """A column for each day, of which each state takes its part, 0 to 1: together 1.

    labels: the days, as many as there are columns; figures: what is written above, which may be nothing.
    Where not every figure has room, those stay that stand above the fewest ``CONNECTED``, and none above a
    whole column. A part that is too small to be seen is drawn larger. Raises ValueError where there are
    not as many labels and figures as columns.
    """

    title: str
    labels: Sequence[str]
    columns: Sequence[Mapping[State, float]]
    figures: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.columns) == len(self.figures):
            many = f"{len(self.labels)} labels and {len(self.figures)} figures"
            raise ValueError(f"{many} for {len(self.columns)} columns")

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + _FIGURES_HEIGHT + _DAYS_HEIGHT + DATES_HEIGHT + EDGE // 2

    def paint(self, sheet: Sheet, top: int) -> None:
        """Draw it, that far below the picture's top."""
        sheet.title(self.title, top)
        many = max(1, len(self.columns))
        left = EDGE + sheet.label.widest(list(_SCALE.values())) + GAP
        width = WIDTH - left - EDGE
        axes = sheet.axes(left, EDGE, top + TITLE_HEIGHT + _FIGURES_HEIGHT, _DAYS_HEIGHT)
        axes.set(xlim=(0, width), ylim=(0, _DAYS_HEIGHT), xticks=[])
        axes.set_yticks([part * _DAYS_HEIGHT for part in _SCALE], list(_SCALE.values()), **sheet.label.style)
        axes.grid(axis="y", color=hexed(GRID), linewidth=2, clip_on=False)
        middles = [width * (index + 0.5) / many for index in range(many)]
        wide = max(1, round(width / max(many, _FEW) * _BAR))
        _fill(
            axes,
            [
                _Block(state, round(middle - wide / 2), bottom, wide, high)
                for middle, column in zip(middles, self.columns, strict=False)
                for state, bottom, high in _stacked(column)
            ],
        )
        dates = [sheet.label.fit(label, _LONGEST_MARK) for label in self.labels]
        wanted = [(middles[day], dates[day]) for day in named(dates, width, sheet.label)]
        for _, middle, text in _apart(wanted, sheet.label, -left, width + EDGE // 2):
            axes.text(middle, -GAP, text, **_BELOW, **sheet.label.style)
        figures = [sheet.value.fit(figure, _LONGEST_MARK) for figure in self.figures]
        fits = many * (sheet.value.widest(figures) + GAP) <= width
        wanted = [(middles[day], figures[day]) for day in self._most_telling(all_of_them=fits)]
        for _, middle, text in _apart(wanted, sheet.value, -left, width + EDGE // 2):
            axes.text(middle, _DAYS_HEIGHT + GAP // 2, text, **_ABOVE, **sheet.value.style)

    def _most_telling(self, *, all_of_them: bool) -> list[int]:
        """Return the days whose figures are to be written, the most important one first."""
        connected = [column.get(State.CONNECTED, 0) for column in self.columns]
        days = [
            day for day, figure in enumerate(self.figures) if figure and (all_of_them or connected[day] < 1)
        ]
        return sorted(days, key=lambda day: (connected[day], -day))


@dataclass(frozen=True)
class Legend:
    """What the looks stand for, in the order of the words."""

    words: Mapping[State, str]

    @property
    def height(self) -> int:
        return _LEGEND_HEIGHT

    def paint(self, sheet: Sheet, top: int) -> None:
        """Draw it, that far below the picture's top."""
        width = WIDTH - 2 * EDGE
        axes = sheet.axes(EDGE, EDGE, top, _SWATCH)
        axes.set(xlim=(0, width), ylim=(0, _SWATCH), xticks=[], yticks=[])
        left = 0.0
        for state, word in self.words.items():
            shown = sheet.label.fit(word, width)
            _fill(axes, [_Block(state, round(left), 0, _SWATCH, _SWATCH)])
            left += _SWATCH + GAP
            axes.text(left, _SWATCH / 2, shown, verticalalignment="center_baseline", **sheet.label.style)
            left += sheet.label.width(shown) + _WORDS_APART


class _Block(NamedTuple):
    """A rectangle in a state's looks, in pixels."""

    state: State
    left: float
    bottom: float
    width: float
    height: float


def _fill(axes: Axes, blocks: Iterable[_Block]) -> None:
    for state, found in groupby(sorted(blocks), key=lambda block: block.state):
        look = _LOOKS[state]
        _, lefts, bottoms, widths, heights = zip(*found, strict=True)
        axes.bar(
            lefts,
            heights,
            widths,
            bottoms,
            align="edge",
            antialiased=False,
            color=hexed(look.colour),
            hatch=look.pattern,
            hatchcolor=hexed(look.pattern_colour),
        )


def _pixels(stretches: Sequence[Stretch], width: int) -> Iterator[tuple[int, int, State]]:
    """Yield the strip from left to right, in whole pixels."""
    painted: list[State | None] = [None] * width
    for state in _LOOKS:
        narrowest = 1 if state is State.CONNECTED else _NARROWEST
        for each in stretches:
            if each.state is state:
                start = min(math.floor(each.start * width), width - narrowest)
                end = max(math.ceil(each.end * width), start + narrowest)
                painted[start:end] = [state] * (end - start)
    start = 0
    for found, run in groupby(painted):
        end = start + len(list(run))
        if found is not None:
            yield start, end, found
        start = end


def _stacked(column: Mapping[State, float]) -> Iterator[tuple[State, float, float]]:
    """Yield a column's parts from below, the best one first: where each begins, and its height in pixels."""
    smallest = _NARROWEST / _DAYS_HEIGHT
    parts = {state: max(column[state], smallest) for state in _LOOKS if column.get(state, 0) > 0}
    whole = sum(parts.values())
    bottom = 0.0
    for state, part in parts.items():
        high = part / whole * _DAYS_HEIGHT
        yield state, bottom, high
        bottom += high


def _apart(
    wanted: Sequence[tuple[float, str]], pen: Pen, first: float, last: float
) -> Iterator[tuple[float, float, str]]:
    """Yield what can be written in a row, the first come first: its place, its middle, and the text.

    first, last: how far the row goes; a text at its end is moved inwards.
    """
    taken: list[tuple[float, float]] = []
    for place, text in wanted:
        half = pen.width(text) / 2
        middle = min(max(place, first + half), last - half)
        if all(middle + half + GAP <= left or right + GAP <= middle - half for left, right in taken):
            taken.append((middle - half, middle + half))
            yield place, middle, text
