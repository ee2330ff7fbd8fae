"""Ids and names are compared as providers and people take them, and an entry counts once."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord.text import plain
from bot.providers.base.integration import State, each_once, id_key, name_key
from bot.providers.base.report import Report, Reports

UUID = "7b2a9d40-6c1f-4e83-b5d7-0f3ec4b0a1b2"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (UUID, UUID.upper(), True),
        ("agent-a", "agent-A", False),
        (UUID, UUID + " ", False),
        (UUID.replace("-", ""), UUID.replace("-", "").upper(), False),
    ],
)
def test_letter_case_matters_except_in_a_uuid(one: str, other: str, same: bool) -> None:
    """Two spellings of a UUID are one id."""
    assert (id_key(one) == id_key(other)) is same


def test_the_first_of_several_entries_counts() -> None:
    """Of entries with one id the first stays, in its place; entries without an id all stay."""
    entries = [("a", 1), (UUID, 2), ("b", 3), (UUID.upper(), 4), ("a", 5), (None, 6), (None, 7)]
    assert [number for _, number in each_once(entries, lambda entry: entry[0])] == [1, 2, 3, 6, 7]


def test_an_integration_is_reported_once() -> None:
    """Whatever a provider reports, no id comes twice, and the first report of it counts."""
    reports = Reports(
        (
            Report(UUID, "Nora", State.CONNECTED),
            Report("b", "Iris", State.ERROR),
            Report(UUID.upper(), "Nora", State.ERROR),
        )
    )
    assert [(report.id, report.state) for report in reports.items] == [
        (UUID, State.CONNECTED),
        ("b", State.ERROR),
    ]


@given(st.text(max_size=60))
@example("\U00011d8a")
@example(" \u0301a")
def test_what_is_shown_alike_counts_as_alike(name: str) -> None:
    """Cleaning a name for display never changes what it is compared by."""
    assert name_key(plain(name, 1000)) == name_key(name)
