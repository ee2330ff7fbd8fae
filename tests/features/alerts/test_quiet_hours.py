"""Quiet hours hold at the times that the clock on the wall shows, also when it is set."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInputError
from bot.features.alerts.quiet_hours import QuietHours

CHANGES = {
    "America/Sao_Paulo": ("2018-02-18", "2018-11-04", "2026-06-01"),
    "Europe/Lisbon": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Asia/Kathmandu": ("2026-03-29",),
}
"""Days on which the clock is set in a zone, or any day where it no longer is."""
PLACES = [(zone, day) for zone, days in CHANGES.items() for day in days]
MINUTES = st.one_of(st.integers(0, 240), st.integers(0, 1439))
"""The clock is set at night."""


@cache
def shown(zone: str, day: str) -> list[tuple[int, datetime]]:
    """Return each minute from two days before a day until three days after it, and what the clock shows."""
    middle = datetime.fromisoformat(day).replace(tzinfo=UTC)
    first = int((middle - timedelta(days=2)).timestamp())
    moments = range(first, first + 5 * 86_400 + 1, 60)
    return [(at, datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for at in moments]


def periods(start: int, end: int, zone: str, day: str) -> list[tuple[int, int]]:
    """Walk through the minutes: a day's period begins with the first one at which the clock has reached the
    start, and ends with the first one at which it has reached the end.
    """
    minutes = shown(zone, day)
    midnight = datetime.fromisoformat(day)
    found = []
    for ahead in range(-1, 2):
        begins = midnight + timedelta(days=ahead, minutes=start)
        ends = midnight + timedelta(days=ahead + (end <= start), minutes=end)
        begun = next((at for at, clock in minutes if clock >= begins), None)
        ended = next((at for at, clock in minutes if clock >= ends), None)
        if begun is not None and ended is not None:
            found.append((begun, ended))
    return found


@settings(max_examples=300)
@given(st.sampled_from(PLACES), MINUTES, MINUTES, st.data())
def test_quiet_hours_hold_as_the_clock_shows(
    place: tuple[str, str], start: int, end: int, data: st.DataObject
) -> None:
    """In every minute around a change of the clock, they hold or not as walking through the minutes says."""
    zone, day = place
    if start == end:
        return
    hours = QuietHours(start, end, zone)
    # Of the days in between, every period is known.
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp())
    known = periods(start, end, zone, day)
    drawn = data.draw(st.lists(st.integers(0, 24 * 60 - 1), min_size=1, max_size=20))
    edges = [at + more for period in known for at in period for more in (-60, 0)]
    inner = [at for at in edges if midnight <= at < midnight + 86_400]
    for now in [*(midnight + minute * 60 for minute in drawn), *inner]:
        holding = next((each for each in known if each[0] <= now < each[1]), None)
        assert hours.since(now) == (holding[0] if holding else None)
        assert hours.until(now) == (holding[1] if holding else None)


def test_a_night_passes_midnight() -> None:
    """From ten in the evening to seven in the morning, the night is one period."""
    hours = QuietHours(22 * 60, 7 * 60, "America/Sao_Paulo")
    evening = int(datetime(2026, 6, 1, 22, tzinfo=ZoneInfo("America/Sao_Paulo")).timestamp())
    assert (hours.since(evening - 1), hours.until(evening - 1)) == (None, None)
    for now in (evening, evening + 3 * 3600, evening + 9 * 3600 - 1):
        assert (hours.since(now), hours.until(now)) == (evening, evening + 9 * 3600)
    assert hours.until(evening + 9 * 3600) is None


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(60, 60, "equal"), (-1, 60, "time"), (0, 1440, "time"), (1440, 60, "time"), (0, -5, "time")],
)
def test_hours_that_are_none_are_refused(start: int, end: int, field: str) -> None:
    """No quiet hours end when they begin, and both are times of a day."""
    with pytest.raises(InvalidInputError) as caught:
        QuietHours(start, end, "UTC")
    assert caught.value.field == f"quiet_hours_{field}"
