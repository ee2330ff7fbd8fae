"""Draws bar charts as pictures that read on Discord's dark and light ground alike."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.ui.text import plain
from bot.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

ROWS: Final = 8
COLUMNS: Final = 31
LABEL: Final = 24

# The ground is part of the picture, which cannot know the theme that it is shown on.
GROUND: Final = 0x1E1F24
TITLE_TEXT: Final = 0xF2F3F5
LABEL_TEXT: Final = 0xB9BEC7
SERIES: Final = Tone.INFO.colour
_GRID: Final = 0x3A3D45

# Lengths and sizes of text, in pixels. Discord shows the picture at about half its width.
_WIDTH: Final = 1000
_EDGE: Final = 32
_GAP: Final = 14
_TITLE_SIZE: Final = 28
_TITLE_HEIGHT: Final = 58
_LABEL_SIZE: Final = 24
_ROW_HEIGHT: Final = 38
_COLUMNS_HEIGHT: Final = 190
_DATES_HEIGHT: Final = 36
_TITLE_LENGTH: Final = 64  # characters; what of them does not fit is cut as well
_LONGEST_NAME: Final = 400
_LONGEST_DATE: Final = 200
_POINTS_PER_INCH: Final = 72  # so that a point, in which matplotlib measures text, is a pixel

_MOST_TICKS: Final = 4
_MOST_DATES: Final = 8
_BAR: Final = 0.68  # of its slot
_FEW: Final = 8  # fewer columns than these do not become any wider
_NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"
_LACKING: Final = "□"

# One thread: matplotlib is not made for more, and each would keep memory of its own for what it drew.
_studio: Final = ThreadPoolExecutor(1, "charts")


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


async def draw(*panels: Bars) -> bytes:
    """Return a PNG, 1000 pixels wide, with one chart below the other. Equal charts give equal bytes."""
    return await asyncio.get_running_loop().run_in_executor(_studio, _draw, panels)


def _draw(panels: Sequence[Bars]) -> bytes:
    sheet = _Sheet(_EDGE + sum(_height(bars) for bars in panels))
    top = _EDGE // 2
    for bars in panels:
        sheet.add(bars, top)
        top += _height(bars)
    picture = sheet.png()
    del sheet
    gc.collect(1)  # a figure's parts refer to each other: without this, a dozen figures pile up
    return picture


def _height(bars: Bars) -> int:
    rows = max(1, min(ROWS, len(bars.labels)))
    plot = rows * _ROW_HEIGHT if bars.horizontal else _COLUMNS_HEIGHT + _DATES_HEIGHT
    return _TITLE_HEIGHT + plot + _EDGE // 2


@dataclass(frozen=True)
class _Pen:
    """Writes foreign text in one size: as the characters that it is, and no wider than there is room."""

    properties: FontProperties
    face: FT2Font
    size: int
    colour: str

    def width(self, text: str) -> float:
        from matplotlib.ft2font import LoadFlags  # noqa: PLC0415 - as in _Sheet

        self.face.set_size(self.size, _POINTS_PER_INCH)
        self.face.set_text(text, flags=LoadFlags.DEFAULT)  # as matplotlib draws it
        return self.face.get_width_height()[0] / 64  # the font counts in 64ths of a pixel

    def fit(self, text: str, room: float, limit: int = LABEL) -> str:
        shown = "".join(
            character if self.face.get_char_index(ord(character)) else _LACKING
            for character in plain(text, limit)
        )
        cut = shown
        while self.width(cut) > room:
            shown = shown[:-1]
            cut = f"{shown}…"
        return cut

    def widest(self, texts: Sequence[str]) -> float:
        return max(map(self.width, texts), default=0)

    @property
    def style(self) -> dict[str, Any]:
        return {"fontproperties": self.properties, "color": self.colour, "parse_math": False}


class _Sheet:
    """The picture while it is drawn: charts go where they are told to, measured from its top."""

    def __init__(self, height: int) -> None:
        # Loading it takes a third of a second and 55 MiB, and many a bot never draws.
        import matplotlib as mpl  # noqa: PLC0415 - see above
        from matplotlib.figure import Figure  # noqa: PLC0415 - see above
        from matplotlib.font_manager import FontProperties, get_font  # noqa: PLC0415 - see above

        size = (_WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
        self._height = height
        self._figure = Figure(size, _POINTS_PER_INCH, facecolor=_hex(GROUND))
        fonts = Path(mpl.get_data_path(), "fonts", "ttf")  # its own, so that every machine draws the same

        def pen(name: str, size: int, colour: int) -> _Pen:
            properties = FontProperties(fname=fonts / name, size=size)
            return _Pen(properties, get_font(fonts / name), size, _hex(colour))

        self._title = pen("DejaVuSans-Bold.ttf", _TITLE_SIZE, TITLE_TEXT)
        self._label = pen("DejaVuSans.ttf", _LABEL_SIZE, LABEL_TEXT)
        self._value = pen("DejaVuSans.ttf", _LABEL_SIZE, TITLE_TEXT)

    def add(self, bars: Bars, top: int) -> None:
        title = self._title.fit(bars.title, _WIDTH - 2 * _EDGE, _TITLE_LENGTH)
        place = (_EDGE / _WIDTH, 1 - (top + _TITLE_SIZE) / self._height)
        self._figure.text(*place, title, verticalalignment="center", **self._title.style)
        if bars.horizontal:
            self._rows(bars.labels[:ROWS], bars.values[:ROWS], top + _TITLE_HEIGHT)
        else:
            self._columns(bars.labels[-COLUMNS:], bars.values[-COLUMNS:], top + _TITLE_HEIGHT)

    def png(self) -> bytes:
        picture = BytesIO()
        self._figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()

    def _rows(self, labels: Sequence[str], values: Sequence[int], top: int) -> None:
        names = [self._label.fit(label, _LONGEST_NAME) for label in labels]
        numbers = [_number(value) for value in values]
        left = _EDGE + self._label.widest(names) + _GAP
        right = _EDGE + self._value.widest(numbers) + _GAP
        axes = self._axes(left, right, top, _ROW_HEIGHT * max(1, len(names)))
        bars = axes.barh(range(len(names)), values, height=_BAR, color=_hex(SERIES))
        for number in axes.bar_label(bars, numbers, padding=_GAP, **self._value.style):
            number.set_verticalalignment("center_baseline")  # as the names are
        axes.set(xlim=(0, max([1, *values])), ylim=(max(1, len(names)) - 0.5, -0.5))
        axes.set_xticks([])
        axes.set_yticks(range(len(names)), names, **self._label.style)
        axes.spines.left.set(visible=True, color=_hex(_GRID), linewidth=2)

    def _columns(self, labels: Sequence[str], values: Sequence[int], top: int) -> None:
        many = len(labels)
        ticks = _ticks(max(values, default=0))
        scale = [_number(tick) for tick in ticks]
        dates = [self._label.fit(label, _LONGEST_DATE) for label in labels]
        widest = self._label.widest(dates)
        left = max(_EDGE + self._label.widest(scale), widest / 2) + _GAP
        right = max(_EDGE, widest / 2 + _GAP)
        axes = self._axes(left, right, top, _COLUMNS_HEIGHT)
        axes.bar(range(many), values, width=_BAR * min(1, many / _FEW), color=_hex(SERIES))
        axes.set(xlim=(-0.5, max(1, many) - 0.5), ylim=(0, ticks[-1]))
        axes.set_yticks(ticks, scale, **self._label.style)
        axes.grid(axis="y", color=_hex(_GRID), linewidth=2, clip_on=False)
        # From the last one backwards: of days, the newest is the one to be sure of.
        fit = max(1, min(_MOST_DATES, int((_WIDTH - left - right) // (widest + 2 * _GAP))))
        named = range(many)[:: -max(1, -(-many // fit))]
        axes.set_xticks(named, [dates[index] for index in named], **self._label.style)

    def _axes(self, left: float, right: float, top: int, height: int) -> Axes:
        """Return an empty plot. left, right: how far from the picture's sides."""
        bottom = self._height - top - height
        box = (left / _WIDTH, bottom / self._height, (_WIDTH - left - right) / _WIDTH, height / self._height)
        axes = self._figure.add_axes(box, facecolor="none", axisbelow=True)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=_GAP)
        return axes


def _ticks(most: int) -> range:
    """Return a scale from 0 up to ``most`` or just above, in steps of 1, 2 or 5 times a power of ten."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * _MOST_TICKS >= most)
    return range(0, max(1, -(-most // step)) * step + 1, step)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", _NARROW_SPACE)


def _hex(colour: int) -> str:
    return f"#{colour:06x}"
