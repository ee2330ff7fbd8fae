"""The picture of a period shows every state in its place, however short, and not by colour alone."""

from collections import Counter
from itertools import combinations, groupby

import pytest

from bot.discord.theme import Tone
from bot.i18n.catalog import LOCALES, load_catalog
from bot.pictures import canvas
from bot.pictures.canvas import EDGE, WIDTH, draw
from bot.pictures.timeline import _PAINTS, DailyColumns, Legend, Timeline, TimelinePart
from bot.providers.base.integration import State
from tests.support.hostile import ATTACKS
from tests.support.pictures import contrast, drawn_box, open_png, rgb, run_lengths

CATALOG = load_catalog()
UP, BLOCKED, DOWN, BROKEN, OFF, LOST = State
ROOM = WIDTH - 2 * EDGE
MONTH = [f"{day:02}/11" for day in range(1, 31)]


def whole(state: State) -> Timeline:
    """Return a timeline with one state all the time."""
    return Timeline("", [TimelinePart(0, 1, state)], [], "")


def month(**figures: str) -> DailyColumns:
    """Return 30 days, all ``CONNECTED`` but for the named ones, whose figures say how much was."""
    shown = [figures.get(f"d{day}", "100%") for day in range(1, 31)]
    parts = [float(figure.rstrip("%")) / 100 for figure in shown]
    return DailyColumns("", MONTH, [{UP: part, DOWN: 1 - part} for part in parts], shown)


async def drawn_widths(*parts: tuple[float, float, State]) -> dict[State, int]:
    """Return the width in pixels of each state in a timeline with these parts."""
    picture = open_png(await draw(Timeline("", [TimelinePart(*each) for each in parts], [], "")))
    colours = {rgb(paint.colour): state for state, paint in _PAINTS.items()}
    widths = dict.fromkeys(State, 0)
    top = EDGE // 2 + canvas.TITLE_HEIGHT
    for x in range(picture.width):
        column = Counter(picture.getpixel((x, y)) for y in range(top, top + 64))
        (colour, _), *_ = column.most_common()  # a pattern may have the colour of another state
        if colour in colours:
            widths[colours[colour]] += 1
    return widths


@pytest.mark.parametrize(
    "texts",
    [["W" * 60] * 30, [*ATTACKS, "$x^2$"], []],
    ids=["wide", "hostile", "none"],
)
async def test_everything_is_drawn_inside_the_picture(texts: list[str]) -> None:
    """Any number of any texts gives a picture in which nothing touches the edge."""
    title = texts[0] if texts else ""
    parts = [TimelinePart(number / 90, (number + 1) / 90, list(State)[number % 6]) for number in range(90)]
    marks = [(number / 90, text) for number, text in enumerate(texts)]
    columns = [{list(State)[number % 6]: 1.0} for number in range(len(texts))]
    picture = open_png(
        await draw(
            Timeline(title, parts, marks, title), DailyColumns(title, texts, columns, texts), whole(UP)
        )
    )
    left, top, right, bottom = drawn_box(picture)
    assert min(left, top, picture.width - right, picture.height - bottom) >= 8


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_legend_has_room_for_every_state(locale: str) -> None:
    """The names of all states fit into rows that are as wide as the picture, in each language."""
    texts = CATALOG[locale]
    picture = open_png(await draw(Legend({state: texts(f"state.{state}") for state in State})))
    assert drawn_box(picture)[2] <= WIDTH - EDGE


async def test_widths_are_in_proportion() -> None:
    """Each state has its part of the timeline, and the timeline is filled."""
    assert await drawn_widths((0, 0.5, UP), (0.5, 0.75, DOWN), (0.75, 0.875, OFF), (0.875, 1, LOST)) == {
        UP: ROOM / 2,
        DOWN: ROOM / 4,
        OFF: ROOM / 8,
        LOST: ROOM / 8,
        BROKEN: 0,
        BLOCKED: 0,
    }


@pytest.mark.parametrize(("state", "at"), [(DOWN, 0), (BROKEN, 0.5), (OFF, 0.9), (LOST, 1 - 1e-6)])
async def test_a_moment_is_visible(state: State, at: float) -> None:
    """A failure of a millionth of the time is drawn four pixels wide, wherever it is."""
    widths = await drawn_widths((0, at, UP), (at, at + 1e-6, state), (at + 1e-6, 1, UP))
    assert widths[state] == 4
    assert widths[UP] == ROOM - 4


async def test_the_worst_state_is_visible() -> None:
    """If there is no room for all states, the worse one is drawn, and an error before all others."""
    flapping = [(n / 9000, (n + 1) / 9000, (UP, OFF, LOST, DOWN)[n % 4]) for n in range(9000)]
    assert (await drawn_widths(*flapping))[DOWN] == ROOM
    assert (await drawn_widths(*flapping, (0.4, 0.400001, BROKEN)))[BROKEN] == 4


async def test_no_state_is_shown_by_colour_alone() -> None:
    """Any two states differ by their pattern."""
    seen = {}
    for state in State:
        picture = open_png(await draw(whole(state)))
        filled = picture.crop((EDGE, 80, EDGE + 200, 130))
        colour = max(filled.getcolors(1 << 16) or (), key=lambda found: found[0])[1]
        seen[state] = [
            filled.getpixel((x, y)) != colour for x in range(filled.width) for y in range(filled.height)
        ]
    for one, other in combinations(State, 2):
        differing = sum(a != b for a, b in zip(seen[one], seen[other], strict=True))
        assert differing > 0.05 * len(seen[one]), (one, other)


def test_states_stand_out() -> None:
    """Each state's colour or pattern has a contrast of at least 3 to 1 by WCAG 2."""
    for paint in _PAINTS.values():
        assert max(contrast(part, canvas.GROUND) for part in (paint.colour, paint.pattern_colour)) >= 3


async def test_a_day_is_divided_in_proportion() -> None:
    """The heights of a column's parts are in proportion, and a tiny part is still visible."""
    days = DailyColumns(
        "", ["a", "b", "c"], [{UP: 0.5, DOWN: 0.5}, {UP: 0.99999, DOWN: 0.00001}, {UP: 1}], [""] * 3
    )
    picture = open_png(await draw(days))
    pixels = [
        [picture.getpixel((x, y)) for y in range(picture.height)] for x in range(200, picture.width - EDGE)
    ]
    heights = [
        max(sum(pixel == rgb(Tone.GOOD.colour) for pixel in column) for column in run)
        for there, run in groupby(pixels, key=lambda column: rgb(Tone.GOOD.colour) in column)
        if there
    ]
    assert heights == [pytest.approx(170 / 2, abs=2), pytest.approx(170 - 4, abs=2), 170]


async def test_the_worst_days_keep_their_figures() -> None:
    """If there is no room for all figures, the worst days keep theirs, and perfect days have none."""
    plain, one, other = [
        await draw(days) for days in (month(), month(d9="50%", d10="90%"), month(d9="50%", d10="91%"))
    ]
    above = (120, 70, WIDTH, 102)
    assert drawn_pixels(plain, above) == 0
    assert drawn_pixels(one, above) > 100
    assert open_png(one).crop(above).tobytes() == open_png(other).crop(above).tobytes(), (
        "the worse neighbour's"
    )


def drawn_pixels(png: bytes, box: tuple[int, int, int, int]) -> int:
    """Return how many pixels in a box are not background."""
    ground = rgb(canvas.GROUND)
    part = open_png(png).crop(box)
    return sum(part.getpixel((x, y)) != ground for x in range(part.width) for y in range(part.height))


async def test_marks_keep_apart() -> None:
    """At most eight of 90 days are labelled, evenly spaced, with room between the labels."""
    marks = [(number / 90, MONTH[number % 30]) for number in range(90)]
    picture = open_png(await draw(Timeline("", [TimelinePart(0, 1, UP)], marks, "now")))
    below = picture.crop((0, EDGE // 2 + canvas.TITLE_HEIGHT + 64 + 9, *picture.size))
    ground = rgb(canvas.GROUND)
    columns = [any(below.getpixel((x, y)) != ground for y in range(below.height)) for x in range(WIDTH)]
    gaps = [gap for gap in run_lengths([not column for column in columns]) if gap >= canvas.GAP]
    assert 4 <= len(gaps) <= 10


def test_each_column_has_its_label_and_figure() -> None:
    """Different numbers of columns, labels and figures raise at once."""
    with pytest.raises(ValueError, match="2 labels and 1 figures for 1 columns"):
        DailyColumns("a", ["b", "c"], [{UP: 1}], [""])


async def test_equal_periods_give_equal_bytes() -> None:
    """A picture that is drawn again has the same bytes."""
    panels = (whole(BROKEN), Legend({LOST: "Unknown"}), month(d3="20%"))
    assert await draw(*panels) == await draw(*panels)
