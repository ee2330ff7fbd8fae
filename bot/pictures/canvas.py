"""The canvas that pictures are drawn on, one panel below the other."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from bot.discord.text import plain

if TYPE_CHECKING:  # matplotlib is loaded by the process that draws
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

# The background is part of the picture, because Discord does not tell which theme a member uses.
GROUND: Final = 0x1E1F24
TITLE_TEXT: Final = 0xF2F3F5
LABEL_TEXT: Final = 0xB9BEC7
GRID: Final = 0x3A3D45

# Lengths and sizes of text, in pixels. Discord shows the picture at about half its width.
WIDTH: Final = 1000
EDGE: Final = 32
GAP: Final = 14
MAX_LABEL_LENGTH: Final = 24
TITLE_HEIGHT: Final = 58
LABEL_SIZE: Final = 24
DATES_HEIGHT: Final = 36
_MAX_DATES: Final = 8
_TITLE_SIZE: Final = 28
_MAX_TITLE_LENGTH: Final = 64
_POINTS_PER_INCH: Final = 72  # a point, in which matplotlib measures text, is a pixel then
_MISSING_GLYPH: Final = "□"


def hex_colour(colour: int) -> str:
    """Return a colour in the form that matplotlib takes."""
    return f"#{colour:06x}"


GRID_LINE: Final[Mapping[str, Any]] = {"color": hex_colour(GRID), "linewidth": 2}


class Panel(Protocol):
    """One part of a picture."""

    @property
    def height(self) -> int:
        """The height in pixels."""

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the panel. top: its distance from the top of the picture, in pixels."""


def draw_now(panels: Sequence[Panel]) -> bytes:
    """Return a PNG, 1000 pixels wide, with one panel below the other. It takes about 100 ms."""
    canvas = Canvas(EDGE + sum(panel.height for panel in panels))
    top = EDGE // 2
    for panel in panels:
        panel.draw_on(canvas, top)
        top += panel.height
    picture = canvas.png()
    del canvas
    # The parts of a figure refer to each other; without this, a dozen figures pile up in memory.
    gc.collect(1)
    return picture


@dataclass(frozen=True)
class Font:
    """A font in one size and colour, which measures and cuts foreign text."""

    properties: FontProperties
    face: FT2Font
    size: int
    colour: str

    def width(self, text: str) -> float:
        """Return how wide a text is, in pixels."""
        from matplotlib.ft2font import LoadFlags  # noqa: PLC0415 - see Canvas

        self.face.set_size(self.size, _POINTS_PER_INCH)
        self.face.set_text(text, flags=LoadFlags.DEFAULT)  # as matplotlib draws it
        return self.face.get_width_height()[0] / 64  # the font counts in 64ths of a pixel

    def fit(self, text: str, room: float, limit: int = MAX_LABEL_LENGTH) -> str:
        """Cut a text to a width in pixels and a number of characters; what the font lacks becomes a box."""
        shown = "".join(
            character if self.face.get_char_index(ord(character)) else _MISSING_GLYPH
            for character in plain(text, limit)
        )
        cut = shown
        while self.width(cut) > room:
            shown = shown[:-1]
            cut = f"{shown}…"
        return cut

    def widest(self, texts: Sequence[str]) -> float:
        """Return the width of the widest text, in pixels."""
        return max(map(self.width, texts), default=0)

    def shown(self, labels: Sequence[str], room: float) -> range:
        """Return which labels of a row have room, as indexes, evenly spaced, from the last one backwards.

        Of days, the newest one is always labelled.
        """
        count = max(1, min(_MAX_DATES, int(room // (self.widest(labels) + 2 * GAP))))
        return range(len(labels))[:: -max(1, -(-len(labels) // count))]

    @property
    def style(self) -> dict[str, Any]:
        return {"fontproperties": self.properties, "color": self.colour, "parse_math": False}


class Canvas:
    """A picture while it is drawn; places are pixels from its top left."""

    def __init__(self, height: int) -> None:
        # Loading matplotlib takes a third of a second and 55 MiB, which only the process that draws needs.
        import matplotlib as mpl  # noqa: PLC0415 - see above
        from matplotlib.figure import Figure  # noqa: PLC0415 - see above
        from matplotlib.font_manager import FontProperties, get_font  # noqa: PLC0415 - see above

        size = (WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
        self._height = height
        self._figure = Figure(size, _POINTS_PER_INCH, facecolor=hex_colour(GROUND))
        # matplotlib's own, so that every machine draws the same
        fonts = Path(mpl.get_data_path(), "fonts", "ttf")

        def load(name: str, size: int, colour: int) -> Font:
            properties = FontProperties(fname=fonts / name, size=size)
            return Font(properties, get_font(fonts / name), size, hex_colour(colour))

        self._title = load("DejaVuSans-Bold.ttf", _TITLE_SIZE, TITLE_TEXT)
        self.label = load("DejaVuSans.ttf", LABEL_SIZE, LABEL_TEXT)
        self.value = load("DejaVuSans.ttf", LABEL_SIZE, TITLE_TEXT)

    def title(self, text: str, top: int) -> None:
        """Write a panel's title, which takes ``TITLE_HEIGHT``."""
        shown = self._title.fit(text, WIDTH - 2 * EDGE, _MAX_TITLE_LENGTH)
        place = (EDGE / WIDTH, 1 - (top + _TITLE_SIZE) / self._height)
        self._figure.text(*place, shown, verticalalignment="center", **self._title.style)

    def axes(self, left: float, right: float, top: int, height: int) -> Axes:
        """Return an empty plot. left, right: the distances from the sides of the picture."""
        bottom = self._height - top - height
        box = (left / WIDTH, bottom / self._height, (WIDTH - left - right) / WIDTH, height / self._height)
        axes = self._figure.add_axes(box, facecolor="none", axisbelow=True)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=GAP)
        return axes

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        picture = BytesIO()
        self._figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()
