"""Reads a picture: its pixels, where something is drawn, and the contrast."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import groupby

from PIL import Image, ImageChops

from bot.pictures import canvas


def open_png(png: bytes) -> Image.Image:
    """Return the picture; fail unless every pixel is opaque."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    picture = Image.open(BytesIO(png)).convert("RGBA")
    assert picture.getchannel("A").getextrema() == (255, 255)
    return picture.convert("RGB")


def rgb(colour: int) -> tuple[int, int, int]:
    """Return red, green and blue of a colour."""
    return colour >> 16, colour >> 8 & 255, colour & 255


def contrast(one: int, other: int) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it: from 1 to 21."""

    def luminance(colour: int) -> float:
        parts = [part / 255 for part in rgb(colour)]
        red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def drawn_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box around everything that is drawn."""
    ground = Image.new("RGB", picture.size, rgb(canvas.GROUND))
    box = ImageChops.difference(picture, ground).getbbox()
    assert box is not None
    return box


def run_lengths(marks: Sequence[bool]) -> Iterator[int]:
    """Yield the length of each unbroken run of marks."""
    return (len(list(run)) for marked, run in groupby(marks) if marked)
