"""Local times are the moments that the clock on the wall shows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.maintenance.local_time import (
    first_moment,
    load_zone,
    local,
    minutes_of,
    start_of,
    zone_names,
)

ZONES = (
    "America/Sao_Paulo",
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)
LISBON = ZoneInfo("Europe/Lisbon")


def at(text: str) -> int:
    """Return a moment that is written in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2037, 1, 1)), st.integers(0, 1439))
def test_a_moment_is_the_first_that_shows_the_time(name: str, day: date, minutes: int) -> None:
    """The clock shows the time or a later one, and showed an earlier one in each second of the day before."""
    zone = ZoneInfo(name)
    wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    moment = first_moment(day, minutes, zone)
    assert local(moment, zone) >= wanted
    for before in (1, 60, 1800, 3600, 7200, 86_400):
        assert local(moment - before, zone) < wanted


@pytest.mark.parametrize(
    ("name", "day", "minutes", "moment"),
    [
        # Set forward from 01:00 to 02:00: the time that is skipped is the moment of the change.
        ("Europe/Lisbon", date(2026, 3, 29), 90, "2026-03-29T01:00"),
        # Set back from 02:00 to 01:00: the first of the two.
        ("Europe/Lisbon", date(2026, 10, 25), 90, "2026-10-25T00:30"),
        ("Australia/Lord_Howe", date(2026, 4, 5), 105, "2026-04-04T14:45"),
        ("America/Sao_Paulo", date(2018, 11, 4), 0, "2018-11-04T03:00"),
        # A day that was skipped as a whole.
        ("Pacific/Apia", date(2011, 12, 30), 720, "2011-12-30T10:00"),
        ("Asia/Kathmandu", date(2026, 12, 1), 1350, "2026-12-01T16:45"),
    ],
)
def test_times_that_are_skipped_or_come_twice(name: str, day: date, minutes: int, moment: str) -> None:
    """A skipped time moves forward to the change; a time that comes twice is the first one."""
    assert first_moment(day, minutes, ZoneInfo(name)) == at(moment)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("22:30", 1350),
        (" 7:05 ", 425),
        ("00:00", 0),
        ("23:59", 1439),
        ("22h", 1320),
        ("22H30", 1350),
        *((wrong, None) for wrong in ("", "22", "24:00", "12:60", "7:5", "-1:00", "22:30:00", "٢٢:٣٠", "h")),
    ],
)
def test_how_a_time_of_day_is_written(text: str, minutes: int | None) -> None:
    """Hours and minutes with a colon, or as Brazilians write them."""
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("22:30", "2026-10-24T21:30"),
        ("12:00", "2026-10-24T11:00"),
        ("11:00", "2026-10-25T11:00"),
        ("11:01", "2026-10-24T10:01"),
        ("01h30", "2026-10-25T00:30"),
        ("2026-12-01 22:30", "2026-12-01T22:30"),
        (" 2026-12-01   22h30 ", "2026-12-01T22:30"),
        ("2026-10-24 09:00", "2026-10-24T08:00"),
        *(
            (wrong, None)
            for wrong in (
                "",
                "tomorrow",
                "2026-12-01",
                "2026-13-01 22:30",
                "2026-02-29 22:30",
                "2026-12-01T22:30",
                "01/12/2026 22:30",
                "20261201 22:30",
                "9999-12-31 23:59",
                "0001-01-01 00:00",
                "2026-12-01 25:00",
            )
        ),
    ],
)
def test_how_a_start_is_written(text: str, moment: str | None) -> None:
    """A time of day is the next one that the clock shows; with a date it is that day's, past or not."""
    now = at("2026-10-24T10:00")  # 11:00 in Lisbon, the day before the clock is set back
    assert start_of(text, LISBON, now) == (None if moment is None else at(moment))


async def test_a_zone_is_read_outside_the_event_loop() -> None:
    """Reading one blocks nothing; a name that is none is an error, whatever it looks like."""
    assert (await load_zone("America/Recife")).key == "America/Recife"
    for wrong in ("Nowhere/Land", "America"):
        with pytest.raises((ZoneInfoNotFoundError, OSError)):
            await load_zone(wrong)


async def test_zones_are_named_for_places() -> None:
    """No offset such as Etc/GMT+3 is among them, and no name of a country's own; UTC is."""
    names = await zone_names()
    assert {"America/Sao_Paulo", "Europe/Lisbon", "Asia/Kathmandu", "UTC"} <= set(names)
    assert [name for name in names if name.startswith(("Etc/", "Brazil/", "US/", "posix"))] == []
    assert len(names) > 300
