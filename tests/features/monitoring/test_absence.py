"""Proves when an integration that its provider does not list, or does not know, counts as what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.alerts.incident_store import OVERDUE, Kind
from bot.features.monitoring.absence import (
    ACCEPTED,
    GONE_CHECKS,
    GONE_SECONDS,
    MISSING,
    NOT_THERE,
    OVERDUE_SECONDS,
    count_missing,
    not_listed,
)
from bot.features.monitoring.store import WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED

START = 1_700_000_000
ROW = WatchedRow(
    guild_id=1,
    kind=Kind.INTEGRATION,
    provider="sensay",
    id="a",
    connection="default",
    label="Nora",
    state=State.UNKNOWN,
    detail=ACCEPTED,
    changed_at=START,
)
SEEN = [State.CONNECTED, State.BLOCKED, State.INACTIVE, State.UNKNOWN]

pauses = st.lists(st.integers(0, 900), min_size=1, max_size=12)
"""Seconds between checks."""


@given(st.sampled_from(SEEN), st.sampled_from(State), st.integers(0, 10**7))
def test_what_was_listed_once_is_not_listed(found: State, state: State, later: int) -> None:
    """However long ago that was, and whatever has been known since, it is never overdue."""
    before = replace(ROW, found=found, state=state)
    assert not_listed(before, START + later) == NOT_LISTED


@given(st.integers(0, 2 * OVERDUE_SECONDS))
def test_what_was_never_listed_is_accepted_and_then_overdue(later: int) -> None:
    """It is accepted for half an hour from the first check on, then overdue."""
    expected = OVERDUE if later >= OVERDUE_SECONDS else ACCEPTED
    assert not_listed(ROW, START + later) == expected
    assert not_listed(replace(ROW, detail="server_fault"), START + later) == expected


def test_the_first_check_accepts() -> None:
    """Without a row from before, the half hour begins."""
    assert not_listed(None, START) == ACCEPTED
    assert (OVERDUE_SECONDS, GONE_SECONDS, GONE_CHECKS) == (1800, 600, 3)


@given(pauses)
def test_gone_takes_three_checks_and_ten_minutes(waits: list[int]) -> None:
    """Before, it is unknown and missing. Once gone, it stays gone however often it is missing."""
    row, at, times = replace(ROW, state=State.CONNECTED, detail="", found=State.CONNECTED), START, list[int]()
    for wait in waits:
        at += wait
        times.append(at)
        row = count_missing(row, at)
        is_gone = len(times) >= 3 and at - times[0] >= 600
        expected = (State.INACTIVE, GONE) if is_gone else (State.UNKNOWN, MISSING)
        assert (row.state, row.detail) == expected
        assert (row.missing, row.missing_at) == (min(len(times), 3), times[0])


@given(pauses, pauses)
def test_what_was_found_in_between_counts_anew(first: list[int], second: list[int]) -> None:
    """Only checks in a row count, and the ten minutes begin with the first of them."""
    row, at = replace(ROW, state=State.CONNECTED, detail=""), START
    for wait in first:
        at += wait
        row = count_missing(row, at)
    found_again = replace(row, state=State.CONNECTED, detail="", missing=0, missing_at=None)
    began = at + second[0]
    row = found_again
    for number, wait in enumerate(second, 1):
        at += wait
        row = count_missing(row, at)
        assert (row.detail == GONE) is (number >= 3 and at - began >= 600)


@given(st.integers(0, 10**6))
def test_what_is_marked_as_deleted_stays_gone(later: int) -> None:
    """If the provider no longer knows it either, it does not become missing first."""
    gone = replace(ROW, state=State.INACTIVE, detail=GONE, found=State.INACTIVE)
    row = count_missing(gone, START + later)
    assert (row.state, row.detail) == (State.INACTIVE, GONE)


@given(st.integers(0, 20), st.integers(0, 10**4))
def test_a_count_changes_nothing_else(bad: int, later: int) -> None:
    """Name, bot, mute and counted checks are as they were."""
    before = replace(ROW, bad=bad, bot_id=7, muted_until=9, access="absent", found="connected")
    after = count_missing(before, START + later)
    kept = {"state": before.state, "detail": before.detail, "missing": 0, "missing_at": None}
    assert replace(after, **kept) == before  # type: ignore[arg-type] # each field of its own type


@pytest.mark.parametrize("detail", [GONE, MISSING, NOT_LISTED, ACCEPTED, OVERDUE])
def test_these_are_details_of_what_a_connection_does_not_show(detail: str) -> None:
    """Another connection that shows it may take it over."""
    assert detail in NOT_THERE
