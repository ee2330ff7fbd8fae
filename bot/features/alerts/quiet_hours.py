"""Says when a server's quiet hours hold; asks nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import InvalidInputError
from bot.features.maintenance.local_time import DAY_MINUTES, first_moment, local, zone_named


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The time of each day in which alerts mention nobody.

    start, end: minutes after midnight, as the local clock shows them; with an end before the start, they pass
    midnight. zone: the name of the time zone, which ``load_zone`` has read: otherwise the first call of
    ``until`` or ``since`` blocks. About times that the clock skips or shows twice, see ``first_moment``.
    Raises InvalidInputError("quiet_hours_equal", "quiet_hours_time").
    """

    start: int
    end: int
    zone: str

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY_MINUTES and 0 <= self.end < DAY_MINUTES):
            raise InvalidInputError("quiet_hours_time")
        if self.start == self.end:
            raise InvalidInputError("quiet_hours_equal")

    def until(self, now: int) -> int | None:
        """Return when the quiet period that holds now ends, in seconds since 1970; None if none holds."""
        return next((end for start, end in self._periods(now) if start <= now < end), None)

    def since(self, now: int) -> int | None:
        """Return when the quiet period that holds now began, in seconds since 1970; None if none holds."""
        return next((start for start, end in self._periods(now) if start <= now < end), None)

    def _periods(self, now: int) -> Iterator[tuple[int, int]]:
        """Yield the periods that can hold now: those that begin the day before, today and the day after."""
        zone = zone_named(self.zone)
        today = local(now, zone).date()
        # The day after can have begun already: some zones set the clock back shortly after midnight.
        for ahead in (-1, 0, 1):
            day = today + timedelta(days=ahead)
            last = day if self.start < self.end else day + timedelta(days=1)
            yield first_moment(day, self.start, zone), first_moment(last, self.end, zone)
