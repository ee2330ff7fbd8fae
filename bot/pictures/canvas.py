"""The canvas that pictures are drawn on, one panel below the other."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from bot.discord.text import plain

if TYPE_CHECKING:  # Pillow is loaded for the first picture
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont

# The background is part of the picture, because Discord does not tell which theme a member uses.
GROUND: Final = 0x1E1F24
TITLE_TEXT: Final = 0xF2F3F5
LABEL_TEXT: Final = 0xB9BEC7
GRID: Final = 0x3A3D45

# Lengths and sizes of text, in pixels. Discord shows the picture at about half its width.
WIDTH: Final = 1000
EDGE: Final = 32
GAP: Final = 14
LINE: Final = 2
MAX_LABEL_LENGTH: Final = 24
TITLE_HEIGHT: Final = 58
LABEL_SIZE: Final = 24
DATES_HEIGHT: Final = 36
MAX_PATTERN_HEIGHT: Final = 170
_MAX_DATES: Final = 8
_TITLE_SIZE: Final = 28
_MAX_TITLE_LENGTH: Final = 64
# Our own, so that every machine draws the same.
_FONTS: Final = Path(__file__).parent / "fonts"
Anchor = Literal["lm", "rm", "ma", "md"]
"""Where the place of a text is: at its left, right or middle; and at its line's middle, top or bottom."""
Pattern = tuple[str, ...]
"""The rows of a tile with a letter for each pixel: ``#`` has the second colour."""


class Paint(NamedTuple):
    """What a rectangle is filled with: a colour, and a pattern in a second colour."""

    colour: int
    pattern: Pattern | None = None
    pattern_colour: int = GROUND


class Panel(Protocol):
    """One part of a picture."""

    @property
    def height(self) -> int:
        """The height in pixels."""

    def draw_on(self, canvas: Canvas, top: int) -> None:
        """Draw the panel. top: its distance from the top of the picture, in pixels."""


async def draw(*panels: Panel) -> bytes:
    """Do what ``draw_now`` does, in a thread."""
    return await asyncio.to_thread(draw_now, panels)


def draw_now(panels: Sequence[Panel]) -> bytes:
    """Return a PNG, 1000 pixels wide, with one panel below the other. Equal panels give equal bytes.

    Blocks.
    """
    canvas = Canvas(EDGE + sum(panel.height for panel in panels))
    top = EDGE // 2
    for panel in panels:
        panel.draw_on(canvas, top)
        top += panel.height
    return canvas.png()


class Font:
    """A font in one size and colour, which measures and cuts foreign text. What it lacks becomes a box."""

    def __init__(self, name: str, size: int, colour: int) -> None:
        self.face = _face(name, size)
        self.colour = _rgb(colour)

    def width(self, text: str) -> float:
        """Return how wide a text is, in pixels."""
        return self.face.getlength(text)

    def fit(self, text: str, room: float, limit: int = MAX_LABEL_LENGTH) -> str:
        """Cut a text to a width in pixels and a number of characters."""
        shown = cut = plain(text, limit)
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


class Canvas:
    """A picture while it is drawn; places are pixels from its top left."""

    def __init__(self, height: int) -> None:
        from PIL import Image, ImageDraw  # noqa: PLC0415 - few servers ever want a picture

        self._picture = Image.new("RGB", (WIDTH, height), _rgb(GROUND))
        self._draw = ImageDraw.Draw(self._picture)
        self._title = Font("DejaVuSans-Bold.ttf", _TITLE_SIZE, TITLE_TEXT)
        self.label = Font("DejaVuSans.ttf", LABEL_SIZE, LABEL_TEXT)
        self.value = Font("DejaVuSans.ttf", LABEL_SIZE, TITLE_TEXT)

    def title(self, text: str, top: int) -> None:
        """Write a panel's title, which takes ``TITLE_HEIGHT``."""
        shown = self._title.fit(text, WIDTH - 2 * EDGE, _MAX_TITLE_LENGTH)
        self.text(shown, EDGE, top + _TITLE_SIZE, self._title, "lm")

    def text(self, text: str, left: float, top: float, font: Font, anchor: Anchor) -> None:
        """Write a line of text. left, top: the place of the anchor."""
        self._draw.text((left, top), text, font.colour, font.face, anchor)

    def fill(self, left: float, top: float, right: float, bottom: float, paint: Paint) -> None:
        """Fill a rectangle; one that has no whole pixel is left out."""
        box = round(left), round(top), round(right), round(bottom)
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        if paint.pattern is None:
            self._picture.paste(_rgb(paint.colour), box)
        else:
            size = (box[2] - box[0], box[3] - box[1])
            self._picture.paste(_sheet(paint).crop((0, 0, *size)), box)

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        file = BytesIO()
        self._picture.save(file, "PNG", compress_level=1)  # twice as fast, and a quarter larger
        return file.getvalue()


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 255, colour & 255


@functools.cache
def _face(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415 - see Canvas

    return ImageFont.truetype(_FONTS / name, size)


@functools.cache
def _sheet(paint: Paint) -> Image.Image:
    """Return the largest rectangle that has a pattern; all others are cut from it."""
    from PIL import Image  # noqa: PLC0415 - see Canvas

    assert paint.pattern is not None  # noqa: S101 - the caller has looked
    sheet = Image.new("RGB", (WIDTH, MAX_PATTERN_HEIGHT), _rgb(paint.colour))
    colour = _rgb(paint.pattern_colour)
    rows, columns = len(paint.pattern), len(paint.pattern[0])
    for y, x in product(range(rows), range(columns)):
        if paint.pattern[y][x] == "#":
            sheet.putpixel((x, y), colour)
    # Each step doubles what is filled.
    while columns < WIDTH:
        sheet.paste(sheet.crop((0, 0, columns, rows)), (columns, 0))
        columns *= 2
    while rows < MAX_PATTERN_HEIGHT:
        sheet.paste(sheet.crop((0, 0, WIDTH, rows)), (0, rows))
        rows *= 2
    return sheet
