"""Maintenance windows cover the right seconds, for any windows."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.maintenance.windows import MaintenanceTime, MaintenanceWindow, covered, held_until
from tests.support.ids import GUILD, MEMBER

AGENT, OTHER, EVERYTHING = ("toolzz", "a"), ("toolzz", "b"), ("", "")
END = 60


def window(start: int, end: int, of: tuple[str, str] = EVERYTHING) -> MaintenanceWindow:
    """Return a window for something, by default for the whole server."""
    return MaintenanceWindow(GUILD, 1, *of, start, end, set_by=MEMBER, set_at=0)


WINDOWS = st.lists(
    st.tuples(st.integers(0, END), st.integers(1, 20), st.sampled_from([AGENT, OTHER, EVERYTHING])).map(
        lambda drawn: window(drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=6,
)
SUBJECT = st.sampled_from([AGENT, OTHER, EVERYTHING, ("sensay", "a")])


def is_held(windows: Sequence[MaintenanceWindow], of: tuple[str, str], at: int) -> bool:
    """Tell whether any window holds in that second."""
    return any(
        each.starts_at <= at < each.ends_at and (each.provider, each.id) in {EVERYTHING, of}
        for each in windows
    )


@given(WINDOWS, SUBJECT, st.integers(0, END + 20))
def test_maintenance_ends_with_the_first_second_that_no_window_holds(
    windows: list[MaintenanceWindow], of: tuple[str, str], now: int
) -> None:
    """Windows that overlap or touch are one maintenance."""
    end = now
    while is_held(windows, of, end):
        end += 1
    assert held_until(windows, *of, now) == (end if end > now else None)


@given(WINDOWS, SUBJECT, st.integers(0, END), st.integers(0, END))
def test_what_is_covered_is_every_second_that_a_window_holds(
    windows: list[MaintenanceWindow], of: tuple[str, str], since: int, length: int
) -> None:
    """The parts are in order, apart from each other, within the period, and add up."""
    until = since + length
    found = covered(windows, *of, since, until)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    held = {at for at in range(since, until) if is_held(windows, of, at)}
    assert {at for start, end in found for at in range(start, end)} == held
    assert all(start < end for start, end in found)


@given(WINDOWS, st.integers(0, END), st.integers(0, END))
def test_seconds_of_maintenance_are_counted(
    windows: list[MaintenanceWindow], since: int, length: int
) -> None:
    """The count for a part of the period is that of its seconds."""
    counted = MaintenanceTime(covered(windows, *AGENT, 0, 2 * END)).seconds(since, since + length)
    assert counted == sum(is_held(windows, AGENT, at) for at in range(since, since + length))


@pytest.mark.parametrize(
    ("window_of", "subject", "covers"),
    [
        (EVERYTHING, AGENT, True),
        (EVERYTHING, EVERYTHING, True),
        (AGENT, AGENT, True),
        (AGENT, OTHER, False),
        (AGENT, ("sensay", "a"), False),
        (AGENT, EVERYTHING, False),
    ],
)
def test_what_a_window_covers(window_of: tuple[str, str], subject: tuple[str, str], covers: bool) -> None:
    """A connection or a provider, which is asked for without provider and id, takes a window for all."""
    assert window(0, 1, window_of).covers(*subject) is covers
