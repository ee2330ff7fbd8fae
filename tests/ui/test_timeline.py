"""A period's picture: everything in its place, nothing too short to be seen, and no colour on its own."""

from itertools import combinations, groupby

import pytest

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.ui import sheet
from bot.ui.sheet import EDGE, WIDTH, draw
from bot.ui.theme import Tone
from bot.ui.timeline import _LOOKS, Days, Legend, Stretch, Strip
from tests.ui.hostile import ATTACKS
from tests.ui.test_charts import contrast, inked, opened, rgb, runs

CATALOG = load_catalog()
UP, DOWN, BROKEN, OFF, LOST = State
ROOM = WIDTH - 2 * EDGE
MONTH = [f"{day:02}/11" for day in range(1, 31)]


def whole(state: State) -> Strip:
    """Return a strip that was in one state all the time."""
    return Strip("", [Stretch(0, 1, state)], [], "")


def month(**figures: str) -> Days:
    """Return 30 days, of which the named ones have figures: that much of them was connected."""
    shown = [figures.get(f"d{day}", "100%") for day in range(1, 31)]
    parts = [float(figure.rstrip("%")) / 100 for figure in shown]
    return Days("", MONTH, [{UP: part, DOWN: 1 - part} for part in parts], shown)


async def painted(*stretches: tuple[float, float, State]) -> dict[State, int]:
    """Return how many pixels wide each state is in a strip of these."""
    picture = opened(await draw(Strip("", [Stretch(*each) for each in stretches], [], "")))
    colours = {rgb(look.colour): state for state, look in _LOOKS.items()}
    widths = dict.fromkeys(State, 0)
    top = EDGE // 2 + sheet.TITLE_HEIGHT
    for x in range(picture.width):
        column = [picture.getpixel((x, y)) for y in range(top, top + 64)]
        for state in {colours[pixel] for pixel in column if pixel in colours}:
            widths[state] += 1
    return widths


@pytest.mark.parametrize(
    "texts",
    [["W" * 60] * 30, [*ATTACKS, "$x^2$"], []],
    ids=["wide", "hostile", "none"],
)
async def test_everything_is_drawn_inside_the_picture(texts: list[str]) -> None:
    """Whatever the texts, and however many: no warning, and nothing is cut at the picture's edge."""
    title = texts[0] if texts else ""
    stretches = [Stretch(number / 90, (number + 1) / 90, list(State)[number % 5]) for number in range(90)]
    marks = [(number / 90, text) for number, text in enumerate(texts)]
    columns = [{list(State)[number % 5]: 1.0} for number in range(len(texts))]
    picture = opened(
        await draw(Strip(title, stretches, marks, title), Days(title, texts, columns, texts), whole(UP))
    )
    left, top, right, bottom = inked(picture)
    assert min(left, top, picture.width - right, picture.height - bottom) >= 8


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_legend_has_room_for_every_state(locale: str) -> None:
    """In each language all five words stand in one row."""
    texts = CATALOG[locale]
    picture = opened(await draw(Legend({state: texts(f"state.{state}") for state in State})))
    assert inked(picture)[2] <= WIDTH - EDGE


async def test_what_lasted_longer_is_wider() -> None:
    """Each state has its part of the strip, and the strip is filled."""
    assert await painted((0, 0.5, UP), (0.5, 0.75, DOWN), (0.75, 0.875, OFF), (0.875, 1, LOST)) == {
        UP: ROOM / 2,
        DOWN: ROOM / 4,
        OFF: ROOM / 8,
        LOST: ROOM / 8,
        BROKEN: 0,
    }


@pytest.mark.parametrize(("state", "at"), [(DOWN, 0), (BROKEN, 0.5), (OFF, 0.9), (LOST, 1 - 1e-6)])
async def test_a_moment_is_seen(state: State, at: float) -> None:
    """What was not well for a millionth of the time is drawn four pixels wide, wherever it was."""
    widths = await painted((0, at, UP), (at, at + 1e-6, state), (at + 1e-6, 1, UP))
    assert widths[state] == 4
    assert widths[UP] == ROOM - 4


async def test_the_worst_is_seen() -> None:
    """Where there is no room for all, what was bad hides what was good, and an error everything."""
    flapping = [(n / 9000, (n + 1) / 9000, (UP, OFF, LOST, DOWN)[n % 4]) for n in range(9000)]
    assert (await painted(*flapping))[DOWN] == ROOM
    assert (await painted(*flapping, (0.4, 0.400001, BROKEN)))[BROKEN] == 4


async def test_no_state_is_told_by_its_colour_alone() -> None:
    """Without colours any two states differ by their pattern."""
    seen = {}
    for state in State:
        picture = opened(await draw(whole(state)))
        filled = picture.crop((EDGE, 80, EDGE + 200, 130))
        colour = max(filled.getcolors(1 << 16) or (), key=lambda found: found[0])[1]
        seen[state] = [
            filled.getpixel((x, y)) != colour for x in range(filled.width) for y in range(filled.height)
        ]
    for one, other in combinations(State, 2):
        differing = sum(a != b for a, b in zip(seen[one], seen[other], strict=True))
        assert differing > 0.05 * len(seen[one]), (one, other)


def test_states_stand_out() -> None:
    """By WCAG 2 each is drawn at least 3 to 1 against the ground, by its colour or by its pattern's."""
    for look in _LOOKS.values():
        assert max(contrast(part, sheet.GROUND) for part in (look.colour, look.pattern_colour)) >= 3


async def test_a_day_is_divided_as_it_was() -> None:
    """A column's parts are as high as they were long, and a part that is too small is seen all the same."""
    days = Days("", ["a", "b", "c"], [{UP: 0.5, DOWN: 0.5}, {UP: 0.99999, DOWN: 0.00001}, {UP: 1}], [""] * 3)
    picture = opened(await draw(days))
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
    """Where there is no room for all, the figures of the worst days are written, and none of whole days."""
    plain, one, other = [
        await draw(days) for days in (month(), month(d9="50%", d10="90%"), month(d9="50%", d10="91%"))
    ]
    above = (120, 70, WIDTH, 102)
    assert inked_in(plain, above) == 0
    assert inked_in(one, above) > 100
    assert opened(one).crop(above).tobytes() == opened(other).crop(above).tobytes(), "the worse neighbour's"


def inked_in(png: bytes, box: tuple[int, int, int, int]) -> int:
    """Return how many pixels in a box are not ground."""
    ground = rgb(sheet.GROUND)
    part = opened(png).crop(box)
    return sum(part.getpixel((x, y)) != ground for x in range(part.width) for y in range(part.height))


async def test_marks_keep_apart() -> None:
    """Of 90 days at most eight are named below a strip, evenly spaced, with room between any two."""
    marks = [(number / 90, MONTH[number % 30]) for number in range(90)]
    picture = opened(await draw(Strip("", [Stretch(0, 1, UP)], marks, "now")))
    below = picture.crop((0, EDGE // 2 + sheet.TITLE_HEIGHT + 64 + 9, *picture.size))
    ground = rgb(sheet.GROUND)
    columns = [any(below.getpixel((x, y)) != ground for y in range(below.height)) for x in range(WIDTH)]
    gaps = [gap for gap in runs([not column for column in columns]) if gap >= sheet.GAP]
    assert 4 <= len(gaps) <= 10


def test_each_column_has_its_label_and_figure() -> None:
    """Columns whose labels or figures do not pair up are the program's mistake, and told at once."""
    with pytest.raises(ValueError, match="2 labels and 1 figures for 1 columns"):
        Days("a", ["b", "c"], [{UP: 1}], [""])


async def test_equal_periods_give_equal_bytes() -> None:
    """Drawn again, a picture is the same to the byte."""
    panels = (whole(BROKEN), Legend({LOST: "Unknown"}), month(d3="20%"))
    assert await draw(*panels) == await draw(*panels)
