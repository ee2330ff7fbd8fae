"""The table of the benchmarks says what was measured, and the documents quote it."""

import re

import pytest

from benchmarks.document import PAGE, README, Machine, medians, quoted, recorded
from benchmarks.load import percentile
from benchmarks.table import HEAD, Row

HERE = Machine("2 cores", "2030-01-01", 0.25)


@pytest.mark.parametrize(
    ("ratios", "goal", "better", "is_met"),
    [
        ((1.2, 9, 1.3), 1.3, "less", True),
        ((1.2, 1.31, 1.4), 1.3, "less", False),
        ((0.1, 0.8, 0.75), 0.75, "more", True),
        ((0.74, 0.7, 0.8), 0.75, "more", False),
        ((), 1.3, "less", False),
        ((), 0.75, "more", False),
    ],
)
def test_a_goal_is_reached_by_the_median(
    ratios: tuple[float, ...], goal: float, better: str, is_met: bool
) -> None:
    """From above or from below, and by the goal itself too; what was not measured reaches none."""
    row = Row("a", ratios, goal, "less" if better == "less" else "more")
    assert row.is_met is is_met
    assert (row.cells[-1] == "yes") is is_met
    assert len(row.cells) == len(HEAD)


@pytest.mark.parametrize(
    ("ratios", "median", "spread"),
    [
        ((0.0954, 0.0946, 0.2), "0.095", "0.095 to 0.200"),
        ((1.234, 5.5, 10.01), "5.50", "1.23 to 10.0"),
        ((368.4, 99.94, 12_345), "368", "99.9 to 12,345"),
    ],
)
def test_a_figure_has_the_digits_that_tell_something(
    ratios: tuple[float, ...], median: str, spread: str
) -> None:
    """Three digits, or all before the point; the range is from the least to the most."""
    assert Row("a", ratios, 1).cells[1:3] == (median, spread)


def test_a_percentile_is_of_what_was_counted_in_between() -> None:
    """Linear within a step, as Prometheus has it; above the last step, it is that step."""
    before = {0.01: 100, 0.05: 100, 0.1: 100, float("inf"): 100}
    after = {0.01: 190, 0.05: 198, 0.1: 200, float("inf"): 200}
    assert percentile(before, after, 0.9) == pytest.approx(0.01)
    assert percentile(before, after, 0.94) == pytest.approx(0.03)
    assert percentile(before, after, 0.99) == pytest.approx(0.075)
    assert percentile(before, {**after, 0.1: 198}, 0.99) == 0.1
    with pytest.raises(ValueError, match="nothing"):
        percentile(after, after, 0.99)


def test_a_row_takes_the_place_of_its_figure_s_former_one() -> None:
    """Rows of other figures and the text around them stay; those of another machine go."""
    text = PAGE.read_text("utf-8")
    first = recorded(text, HERE, [Row("a", (1,), 1), Row("b", (2,), 1)])
    assert medians(first) == {"a": "1.00", "b": "2.00"}
    again = recorded(first, Machine("2 cores", "2030-02-02", 0.5), [Row("a", (3,), 1)])
    assert medians(again) == {"a": "3.00", "b": "2.00"}
    assert ("2030-02-02, load 0.5 |" in again, "2030-01-01, load 0.2 |" in again) == (True, True)
    elsewhere = recorded(again, Machine("4 cores", "2030-01-01", 0), [Row("c", (1,), 1)])
    assert medians(elsewhere) == {"c": "1.00"}
    assert text.partition("<!-- The")[0] == elsewhere.partition("<!-- The")[0]
    assert text.partition("<!-- End")[2] == elsewhere.partition("<!-- End")[2]


def test_the_readme_quotes_the_page() -> None:
    """Each figure that the README quotes is the one that was measured last."""
    text, figures = README.read_text("utf-8"), medians(PAGE.read_text("utf-8"))
    named = re.findall("<!-- bench: (.+?) -->", text)
    assert (len(named), set(named) - set(figures)) == (3, set())
    assert quoted(text, figures) == text
    assert quoted("x <!-- bench: a -->1<!-- end --> y", {"a": "2"}) == "x <!-- bench: a -->2<!-- end --> y"
