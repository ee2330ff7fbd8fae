"""Pictures that can be read, whatever is drawn."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.ui import charts, sheet
from bot.ui.charts import COLUMNS, ROWS, Bars
from bot.ui.sheet import LABEL, draw
from tests.architecture.source import ROOT
from tests.ui.hostile import ATTACKS

LARGEST = 200_000
MOST = 10**12
DAYS = [f"{day:02}/11" for day in range(1, 31)]

BAR = st.tuples(st.text(max_size=40), st.one_of(st.integers(0, 50), st.integers(0, MOST)))
CHART = st.builds(
    lambda title, bars, horizontal: Bars(
        title, [bar[0] for bar in bars], [bar[1] for bar in bars], horizontal
    ),
    st.text(max_size=100),
    st.lists(BAR, max_size=40),
    st.booleans(),
)

DRAWS = """
import asyncio, sys
from bot.kit.redaction import Redactor
from bot.logs import set_up_logs
import bot.app
from bot.ui.charts import Bars
from bot.ui.sheet import draw
set_up_logs("DEBUG", "console", Redactor())
before = "matplotlib" in sys.modules
picture = asyncio.run(draw(Bars("a", ["b"], [1])))
print(before, "matplotlib" in sys.modules, picture[1:4].decode())
"""


def opened(png: bytes) -> Image.Image:
    """Return the picture, every pixel of it opaque."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    picture = Image.open(BytesIO(png)).convert("RGBA")
    assert picture.getchannel("A").getextrema() == (255, 255)
    return picture.convert("RGB")


def rgb(colour: int) -> tuple[int, int, int]:
    """Return the three parts of a colour."""
    return colour >> 16, colour >> 8 & 255, colour & 255


def contrast(one: int, other: int) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it: from 1 to 21."""

    def luminance(colour: int) -> float:
        parts = [part / 255 for part in rgb(colour)]
        red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def inked(picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box around everything that is not ground."""
    ground = Image.new("RGB", picture.size, rgb(sheet.GROUND))
    box = ImageChops.difference(picture, ground).getbbox()
    assert box is not None
    return box


def runs(marks: Sequence[bool]) -> Iterator[int]:
    """Yield the length of each unbroken run of marks."""
    return (len(list(run)) for marked, run in groupby(marks) if marked)


def bars(picture: Image.Image, *, horizontal: bool) -> list[int]:
    """Return how long each bar is, in pixels: from the top down, or from left to right."""
    turned = picture if horizontal else picture.transpose(Image.Transpose.TRANSPOSE)
    width, height = turned.size
    series = rgb(charts.SERIES)
    lines = [sum(turned.getpixel((x, y)) == series for x in range(width)) for y in range(height)]
    return [max(run) for drawn, run in groupby(lines, key=bool) if drawn]


@settings(max_examples=12)
@given(st.lists(CHART, min_size=1, max_size=2))
@example([Bars("", [], []), Bars("h" * 100, [], [], horizontal=True)])
@example([Bars("W" * 100, ["W" * 40] * 40, [MOST] * 40, horizontal) for horizontal in (False, True)])
@example([Bars("$\\frac{1}$", ATTACKS, [0] * len(ATTACKS), horizontal) for horizontal in (False, True)])
@example([Bars("\u0301\ud800", ["﷽" * 24, "\u0301" * 24, "שלום", "$x", "", "\n"], [1] * 6, horizontal=True)])
async def test_everything_is_drawn_inside_the_picture(panels: list[Bars]) -> None:
    """Whatever the texts and numbers: no warning, a picture that can be sent, and nothing cut at its edge."""
    png = await draw(*panels)
    picture = opened(png)
    assert len(png) < LARGEST
    assert picture.width == 1000
    assert 100 < picture.height <= 420 * len(panels)
    left, top, right, bottom = inked(picture)
    assert min(left, top, picture.width - right, picture.height - bottom) >= 8


@pytest.mark.parametrize("horizontal", [True, False])
async def test_bars_are_as_long_as_their_values(horizontal: bool) -> None:
    """A value twice as large has a bar twice as long, and nothing is drawn for zero."""
    picture = opened(await draw(Bars("a", ["b"] * 5, [100, 50, 0, 25, 75], horizontal)))
    longest, *others = bars(picture, horizontal=horizontal)
    assert longest > 150
    assert others == [pytest.approx(longest * share, abs=2) for share in (0.5, 0.25, 0.75)]


@pytest.mark.parametrize("horizontal", [True, False])
async def test_where_all_is_zero_there_is_no_bar(horizontal: bool) -> None:
    """Nothing counted yet is a chart without bars, not one of full ones."""
    assert bars(opened(await draw(Bars("a", DAYS, [0] * 30, horizontal))), horizontal=horizontal) == []


async def test_a_single_column_is_no_wall() -> None:
    """One day's bar is not much wider than one of eight."""
    picture = opened(await draw(Bars("a", ["b"], [7])))
    (width,) = bars(picture.transpose(Image.Transpose.TRANSPOSE), horizontal=False)
    assert 50 < width < 100


@given(st.integers(0, 10**15))
def test_a_scale_is_short_and_of_whole_numbers(most: int) -> None:
    """It starts at 0, ends where the largest value fits below, and has two to five equal steps."""
    ticks = charts._ticks(most)
    assert ticks[0] == 0
    assert most <= ticks[-1] <= max(1, 2 * most)
    assert 2 <= len(ticks) <= 5


@pytest.mark.parametrize("label", ["{:02}", "{:02}/11", "{:02}/novembro", "{:02}" + 30 * "W"])
async def test_dates_keep_apart(label: str) -> None:
    """Of a month's days at most eight are named, the newest among them, and there is room between any two."""
    days = [label.format(day) for day in range(1, 31)]
    picture = opened(await draw(Bars("a", days, [0] * 30)))
    below = picture.crop((0, inked(picture)[3] - 18, *picture.size))
    ground = rgb(sheet.GROUND)
    columns = [any(below.getpixel((x, y)) != ground for y in range(below.height)) for x in range(below.width)]
    closed = "".join(".#"[column] for column in columns).strip(".")
    for gap in range(1, 16):  # between the letters of one label
        closed = closed.replace(f"#{'.' * gap}#", f"#{'#' * gap}#")
    names = list(runs([column == "#" for column in closed]))
    assert 1 <= len(names) <= 8
    assert max(names) < 210
    other = [*days[:-1], label.format(77)]
    assert await draw(Bars("a", other, [0] * 30)) != await draw(Bars("a", days, [0] * 30))


@pytest.mark.parametrize(
    ("given_text", "drawn_text"),
    [
        ("日本語", "□□□"),
        ("Ada 😺\u200d\U000e0041", "Ada 😺"),
        ("one\ntwo\tthree", "one two three"),
        ("@\u200beveryone", "@everyone"),
        ("\u202eAda\u0007", "Ada"),
        ("i" * 30, "i" * (LABEL - 1) + "…"),
    ],
)
@pytest.mark.parametrize("horizontal", [True, False])
async def test_foreign_text_is_drawn_as_characters(
    given_text: str, drawn_text: str, horizontal: bool
) -> None:
    """What the font lacks is a box, what cannot be seen is left out, and what is too long is cut."""
    one, other = [await draw(Bars("a", [text], [1], horizontal)) for text in (given_text, drawn_text)]
    assert one == other


async def test_dollar_signs_are_no_mathematics() -> None:
    """A label between dollar signs keeps them: it is wider than one without."""
    with_signs, without = [
        bars(opened(await draw(Bars("a", [text], [1], horizontal=True))), horizontal=True)[0]
        for text in ("$x^2$", "x^2")
    ]
    assert without - with_signs > 20


async def test_more_bars_than_there_is_room_for() -> None:
    """Of rows the first are drawn, of columns the last: the largest, and the newest."""
    labels, values = [str(number) for number in range(40)], list(range(40))
    assert await draw(Bars("a", labels, values, horizontal=True)) == await draw(
        Bars("a", labels[:ROWS], values[:ROWS], horizontal=True)
    )
    assert await draw(Bars("a", labels, values)) == await draw(
        Bars("a", labels[-COLUMNS:], values[-COLUMNS:])
    )


def test_each_bar_has_its_label() -> None:
    """A chart whose labels and values do not pair up is the program's mistake, and told at once."""
    with pytest.raises(ValueError, match="2 labels for 1 values"):
        Bars("a", ["b", "c"], [1])


def test_colours_stand_out() -> None:
    """By WCAG 2: texts at least 4.5 to 1 against their ground, bars at least 3 to 1."""
    assert contrast(sheet.TITLE_TEXT, sheet.GROUND) >= 4.5
    assert contrast(sheet.LABEL_TEXT, sheet.GROUND) >= 4.5
    assert contrast(charts.SERIES, sheet.GROUND) >= 3


async def test_the_picture_has_these_colours() -> None:
    """What is drawn is the ground to its corners, bars in the series' colour, and texts in theirs."""
    picture = opened(await draw(Bars("Title", DAYS, [9] * 30), Bars("Title", ["Name"], [9], horizontal=True)))
    assert {picture.getpixel((x, y)) for x in (0, 999) for y in (0, picture.height - 1)} == {
        rgb(sheet.GROUND)
    }
    found = {colour: number for number, colour in picture.getcolors(1 << 16) or ()}
    (_, ground), (_, series) = sorted((number, colour) for colour, number in found.items())[:-3:-1]
    assert (ground, series) == (rgb(sheet.GROUND), rgb(charts.SERIES))
    assert found[rgb(sheet.TITLE_TEXT)] > 100
    assert found[rgb(sheet.LABEL_TEXT)] > 100


async def test_drawings_do_not_disturb_each_other() -> None:
    """Many at once give the very bytes that each gives alone, again and again."""
    panels = [
        Bars(f"Chart {number}", DAYS, range(number, number + 30), number % 2 == 0) for number in range(6)
    ]
    alone = [await draw(chart) for chart in panels]
    assert len(set(alone)) == len(panels)
    assert await asyncio.gather(*map(draw, panels)) == alone


def test_nothing_is_left_behind_where_nothing_may_be_written(tmp_path: Path) -> None:
    """Without a home, as in a container, a picture is drawn without a word in the logs and without a trace.

    The library is loaded for the first picture, not when the bot starts.
    """
    surroundings = {"HOME": os.devnull, "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    answer = subprocess.run(
        [sys.executable, "-c", DRAWS],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.split() == ["False", "True", "PNG"]
    assert answer.stderr == ""
    assert list(tmp_path.iterdir()) == []
