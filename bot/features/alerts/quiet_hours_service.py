"""Sets a server's quiet hours, and says in which time zone it lives."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.errors import InvalidInputError
from bot.features.alerts.quiet_hours import QuietHours
from bot.features.alerts.quiet_hours_store import QuietHoursRow, QuietHoursStore
from bot.features.guilds.changes import GuildChanges
from bot.features.maintenance.local_time import UTC_NAME, load_zone, zone_names


class QuietHoursService:
    """Works on one guild at a time; data of other guilds is out of reach."""

    def __init__(self, store: QuietHoursStore, changes: GuildChanges, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._changes = changes
        self._clock = clock

    async def get(self, guild_id: int) -> QuietHours | None:
        """Return the guild's quiet hours, None if it has none."""
        row = await self._store.get(guild_id)
        return None if row is None else await row.hours()

    async def zone(self, guild_id: int) -> ZoneInfo:
        """Return the time zone of the guild's quiet hours, UTC if it has none."""
        hours = await self.get(guild_id)
        return await load_zone(UTC_NAME if hours is None else hours.zone)

    async def set(self, guild_id: int, start: int, end: int, zone: str, *, member_id: int) -> QuietHours:
        """Keep these quiet hours from now on, in place of others.

        start, end: minutes after midnight. Raises InvalidInputError("time_zone", "quiet_hours_equal",
        "quiet_hours_time").
        """
        if zone not in await zone_names():
            raise InvalidInputError("time_zone")
        await load_zone(zone)
        hours = QuietHours(start, end, zone)
        await self._store.put(QuietHoursRow(guild_id, start, end, zone, member_id, int(self._clock())))
        self._changes.announce([guild_id])
        return hours

    async def remove(self, guild_id: int) -> bool:
        """Keep no quiet hours any more; return False if there were none."""
        removed = await self._store.delete(guild_id, int(self._clock()))
        if removed:
            self._changes.announce([guild_id])
        return removed
