"""Charts are readable, whatever they show."""

import asyncio
import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.pictures import canvas, charts
from bot.pictures.canvas import MAX_LABEL_LENGTH, draw
from bot.pictures.charts import MAX_COLUMNS, MAX_ROWS, BarChart
from tests.support.hostile import ATTACKS
from tests.support.pictures import contrast, drawn_box, open_png, rgb, run_lengths
from tests.support.source import ROOT

LARGEST = 200_000
MOST = 10**12
DAYS = [f"{day:02}/11" for day in range(1, 31)]

BAR = st.tuples(st.text(max_size=40), st.one_of(st.integers(0, 50), st.integers(0, MOST)))
CHART = st.builds(
    lambda title, bars, horizontal: BarChart(
        title, [bar[0] for bar in bars], [bar[1] for bar in bars], horizontal
    ),
    st.text(max_size=100),
    st.lists(BAR, max_size=40),
    st.booleans(),
)

DRAWS = """
import asyncio, sys
from bot.providers.base.redaction import Redactor
from bot.logs import set_up_logs
import bot.app
from bot.pictures.charts import BarChart
from bot.pictures.canvas import draw
set_up_logs("DEBUG", "console", Redactor())
before = "PIL" in sys.modules
picture = asyncio.run(draw(BarChart("a", ["b"], [1])))
print(before, "PIL" in sys.modules, picture[1:4].decode())
"""


def bars(picture: Image.Image, *, horizontal: bool) -> list[int]:
    """Return the length of each bar in pixels, from the top down or from left to right."""
    turned = picture if horizontal else picture.transpose(Image.Transpose.TRANSPOSE)
    width, height = turned.size
    series = rgb(charts.BAR_COLOUR)
    lines = [sum(turned.getpixel((x, y)) == series for x in range(width)) for y in range(height)]
    return [max(run) for drawn, run in groupby(lines, key=bool) if drawn]


@settings(max_examples=12)
@given(st.lists(CHART, min_size=1, max_size=2))
@example([BarChart("", [], []), BarChart("h" * 100, [], [], horizontal=True)])
@example([BarChart("W" * 100, ["W" * 40] * 40, [MOST] * 40, horizontal) for horizontal in (False, True)])
@example([BarChart("$\\frac{1}$", ATTACKS, [0] * len(ATTACKS), horizontal) for horizontal in (False, True)])
@example(
    [BarChart("\u0301\ud800", ["﷽" * 24, "\u0301" * 24, "שלום", "$x", "", "\n"], [1] * 6, horizontal=True)]
)
async def test_everything_is_drawn_inside_the_picture(panels: list[BarChart]) -> None:
    """Any texts and numbers give a picture that Discord takes, in which nothing touches the edge."""
    png = await draw(*panels)
    picture = open_png(png)
    assert len(png) < LARGEST
    assert picture.width == 1000
    assert 100 < picture.height <= 420 * len(panels)
    left, top, right, bottom = drawn_box(picture)
    assert min(left, top, picture.width - right, picture.height - bottom) >= 8


@pytest.mark.parametrize("horizontal", [True, False])
async def test_bars_are_as_long_as_their_values(horizontal: bool) -> None:
    """The length of a bar is in proportion to its value, and 0 has no bar."""
    picture = open_png(await draw(BarChart("a", ["b"] * 5, [100, 50, 0, 25, 75], horizontal)))
    longest, *others = bars(picture, horizontal=horizontal)
    assert longest > 150
    assert others == [pytest.approx(longest * share, abs=2) for share in (0.5, 0.25, 0.75)]


@pytest.mark.parametrize("horizontal", [True, False])
async def test_zeros_have_no_bars(horizontal: bool) -> None:
    """A chart of zeros has no bars."""
    assert bars(open_png(await draw(BarChart("a", DAYS, [0] * 30, horizontal))), horizontal=horizontal) == []


async def test_a_single_column_is_narrow() -> None:
    """The bar of a single column is not much wider than one of eight."""
    picture = open_png(await draw(BarChart("a", ["b"], [7])))
    (width,) = bars(picture.transpose(Image.Transpose.TRANSPOSE), horizontal=False)
    assert 50 < width < 100


@given(st.integers(0, 10**15))
def test_a_scale_is_short_and_of_whole_numbers(most: int) -> None:
    """A scale starts at 0, ends at or above the largest value, and has two to five ticks."""
    ticks = charts._ticks(most)
    assert ticks[0] == 0
    assert most <= ticks[-1] <= max(1, 2 * most)
    assert 2 <= len(ticks) <= 5


@pytest.mark.parametrize("label", ["{:02}", "{:02}/11", "{:02}/novembro", "{:02}" + 30 * "W"])
async def test_dates_keep_apart(label: str) -> None:
    """At most eight days of a month are labelled, the newest one included, with room between the labels."""
    days = [label.format(day) for day in range(1, 31)]
    picture = open_png(await draw(BarChart("a", days, [0] * 30)))
    below = picture.crop((0, drawn_box(picture)[3] - 18, *picture.size))
    ground = rgb(canvas.GROUND)
    columns = [any(below.getpixel((x, y)) != ground for y in range(below.height)) for x in range(below.width)]
    closed = "".join(".#"[column] for column in columns).strip(".")
    for gap in range(1, 16):  # between the letters of one label
        closed = closed.replace(f"#{'.' * gap}#", f"#{'#' * gap}#")
    names = list(run_lengths([column == "#" for column in closed]))
    assert 1 <= len(names) <= 8
    assert max(names) < 210
    other = [*days[:-1], label.format(77)]
    assert await draw(BarChart("a", other, [0] * 30)) != await draw(BarChart("a", days, [0] * 30))


@pytest.mark.parametrize(
    ("given_text", "drawn_text"),
    [
        ("日本語", "漢字假"),
        ("Ada 😺\u200d\U000e0041", "Ada 😺"),
        ("one\ntwo\tthree", "one two three"),
        ("@\u200beveryone", "@everyone"),
        ("\u202eAda\u0007", "Ada"),
        ("i" * 30, "i" * (MAX_LABEL_LENGTH - 1) + "…"),
    ],
)
@pytest.mark.parametrize("horizontal", [True, False])
async def test_foreign_text_is_drawn_as_characters(
    given_text: str, drawn_text: str, horizontal: bool
) -> None:
    """A missing glyph becomes a box, an invisible character is left out, and a long text is cut."""
    one, other = [await draw(BarChart("a", [text], [1], horizontal)) for text in (given_text, drawn_text)]
    assert one == other


async def test_dollar_signs_are_no_mathematics() -> None:
    """A label between dollar signs keeps them."""
    with_signs, without = [
        bars(open_png(await draw(BarChart("a", [text], [1], horizontal=True))), horizontal=True)[0]
        for text in ("$x^2$", "x^2")
    ]
    assert without - with_signs > 20


async def test_surplus_bars_are_left_out() -> None:
    """The first rows and the last columns are drawn."""
    labels, values = [str(number) for number in range(40)], list(range(40))
    assert await draw(BarChart("a", labels, values, horizontal=True)) == await draw(
        BarChart("a", labels[:MAX_ROWS], values[:MAX_ROWS], horizontal=True)
    )
    assert await draw(BarChart("a", labels, values)) == await draw(
        BarChart("a", labels[-MAX_COLUMNS:], values[-MAX_COLUMNS:])
    )


def test_each_bar_has_its_label() -> None:
    """A chart with different numbers of labels and values raises at once."""
    with pytest.raises(ValueError, match="2 labels for 1 values"):
        BarChart("a", ["b", "c"], [1])


def test_colours_stand_out() -> None:
    """Contrast by WCAG 2 is at least 4.5 to 1 for texts, and at least 3 to 1 for bars."""
    assert contrast(canvas.TITLE_TEXT, canvas.GROUND) >= 4.5
    assert contrast(canvas.LABEL_TEXT, canvas.GROUND) >= 4.5
    assert contrast(charts.BAR_COLOUR, canvas.GROUND) >= 3


async def test_the_picture_has_these_colours() -> None:
    """Background, bars and texts have the colours of the module."""
    picture = open_png(
        await draw(BarChart("Title", DAYS, [9] * 30), BarChart("Title", ["Name"], [9], horizontal=True))
    )
    assert {picture.getpixel((x, y)) for x in (0, 999) for y in (0, picture.height - 1)} == {
        rgb(canvas.GROUND)
    }
    found = {colour: number for number, colour in picture.getcolors(1 << 16) or ()}
    (_, ground), (_, series) = sorted((number, colour) for colour, number in found.items())[:-3:-1]
    assert (ground, series) == (rgb(canvas.GROUND), rgb(charts.BAR_COLOUR))
    assert found[rgb(canvas.TITLE_TEXT)] > 100
    assert found[rgb(canvas.LABEL_TEXT)] > 100


async def test_drawings_do_not_disturb_each_other() -> None:
    """Pictures drawn at the same time have the same bytes as pictures drawn alone."""
    panels = [
        BarChart(f"Chart {number}", DAYS, range(number, number + 30), number % 2 == 0) for number in range(6)
    ]
    alone = [await draw(chart) for chart in panels]
    assert len(set(alone)) == len(panels)
    assert await asyncio.gather(*map(draw, panels)) == alone


def test_drawing_needs_no_writable_folder(tmp_path: Path) -> None:
    """Without a home folder, as in a container, a picture is drawn without warnings and without files.

    The library is loaded for the first picture.
    """
    environment = {"HOME": os.devnull, "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    answer = subprocess.run(
        [sys.executable, "-c", DRAWS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.split() == ["False", "True", "PNG"]
    assert answer.stderr == ""
    assert list(tmp_path.iterdir()) == []


async def test_figures_are_in_the_reader_s_notation() -> None:
    """Thousands are parted as the language does it, and a scale of a few is the same in each."""
    of_language = {
        sign: [await draw(BarChart("a", ["b"], [value], thousands=sign)) for value in (7, 7000)]
        for sign in ",."
    }
    (few, many), (few_too, many_too) = of_language.values()
    assert few == few_too
    assert many != many_too
