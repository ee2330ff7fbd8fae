"""The sheet that pictures are drawn on, panel below panel, so that it suits both of Discord's themes."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from bot.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

# The ground is part of the picture, which cannot know the theme that it is shown on.
GROUND: Final = 0x1E1F24
TITLE_TEXT: Final = 0xF2F3F5
LABEL_TEXT: Final = 0xB9BEC7
GRID: Final = 0x3A3D45

# Lengths and sizes of text, in pixels. Discord shows the picture at about half its width.
WIDTH: Final = 1000
EDGE: Final = 32
GAP: Final = 14
LABEL: Final = 24  # characters
TITLE_HEIGHT: Final = 58
LABEL_SIZE: Final = 24
DATES_HEIGHT: Final = 36
_MOST_DATES: Final = 8
_TITLE_SIZE: Final = 28
_TITLE_LENGTH: Final = 64  # characters; what of them does not fit is cut as well
_POINTS_PER_INCH: Final = 72  # so that a point, in which matplotlib measures text, is a pixel
_LACKING: Final = "□"

# One thread: matplotlib is not made for more, and each would keep memory of its own for what it drew.
_studio: Final = ThreadPoolExecutor(1, "charts")


class Panel(Protocol):
    """One part of a picture."""

    @property
    def height(self) -> int:
        """In pixels."""

    def paint(self, sheet: Sheet, top: int) -> None:
        """Draw it, that far below the picture's top."""


async def draw(*panels: Panel) -> bytes:
    """Return a PNG, 1000 pixels wide, with one panel below the other. Equal panels give equal bytes."""
    return await asyncio.get_running_loop().run_in_executor(_studio, _draw, panels)


def _draw(panels: Sequence[Panel]) -> bytes:
    sheet = Sheet(EDGE + sum(panel.height for panel in panels))
    top = EDGE // 2
    for panel in panels:
        panel.paint(sheet, top)
        top += panel.height
    picture = sheet.png()
    del sheet
    gc.collect(1)  # a figure's parts refer to each other: without this, a dozen figures pile up
    return picture


@dataclass(frozen=True)
class Pen:
    """Writes foreign text in one size: as the characters that it is, and no wider than there is room."""

    properties: FontProperties
    face: FT2Font
    size: int
    colour: str

    def width(self, text: str) -> float:
        from matplotlib.ft2font import LoadFlags  # noqa: PLC0415 - as in Sheet

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


class Sheet:
    """The picture while it is drawn: everything goes where it is told to, measured from its top left."""

    def __init__(self, height: int) -> None:
        # Loading it takes a third of a second and 55 MiB, and many a bot never draws.
        import matplotlib as mpl  # noqa: PLC0415 - see above
        from matplotlib.figure import Figure  # noqa: PLC0415 - see above
        from matplotlib.font_manager import FontProperties, get_font  # noqa: PLC0415 - see above

        size = (WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
        self._height = height
        self._figure = Figure(size, _POINTS_PER_INCH, facecolor=hexed(GROUND))
        fonts = Path(mpl.get_data_path(), "fonts", "ttf")  # its own, so that every machine draws the same

        def pen(name: str, size: int, colour: int) -> Pen:
            properties = FontProperties(fname=fonts / name, size=size)
            return Pen(properties, get_font(fonts / name), size, hexed(colour))

        self._title = pen("DejaVuSans-Bold.ttf", _TITLE_SIZE, TITLE_TEXT)
        self.label = pen("DejaVuSans.ttf", LABEL_SIZE, LABEL_TEXT)
        self.value = pen("DejaVuSans.ttf", LABEL_SIZE, TITLE_TEXT)

    def title(self, text: str, top: int) -> None:
        """Write a panel's title; the panel goes on ``TITLE_HEIGHT`` below."""
        shown = self._title.fit(text, WIDTH - 2 * EDGE, _TITLE_LENGTH)
        place = (EDGE / WIDTH, 1 - (top + _TITLE_SIZE) / self._height)
        self._figure.text(*place, shown, verticalalignment="center", **self._title.style)

    def axes(self, left: float, right: float, top: int, height: int) -> Axes:
        """Return an empty plot. left, right: how far from the picture's sides."""
        bottom = self._height - top - height
        box = (left / WIDTH, bottom / self._height, (WIDTH - left - right) / WIDTH, height / self._height)
        axes = self._figure.add_axes(box, facecolor="none", axisbelow=True)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=GAP)
        return axes

    def png(self) -> bytes:
        picture = BytesIO()
        self._figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()


def named(labels: Sequence[str], room: float, pen: Pen) -> range:
    """Return which labels of a row have room to be written, evenly spaced.

    From the last one backwards: of days, the newest is the one to be sure of.
    """
    fit = max(1, min(_MOST_DATES, int(room // (pen.widest(labels) + 2 * GAP))))
    return range(len(labels))[:: -max(1, -(-len(labels) // fit))]


def hexed(colour: int) -> str:
    """Return a colour as matplotlib takes it."""
    return f"#{colour:06x}"
