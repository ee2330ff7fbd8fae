"""Reads and writes the ``quiet_hours`` table."""

from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfoNotFoundError

import structlog

from bot.features.alerts.quiet_hours import QuietHours
from bot.features.alerts.store import QUERIES, arm_all
from bot.features.maintenance.local_time import load_zone
from bot.store.connection import WritingConnection
from bot.store.database import Database

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QuietHoursRow:
    """The quiet hours of a guild. start, end_: minutes after midnight. set_at: seconds since 1970."""

    guild_id: int
    start: int
    end_: int
    zone: str
    set_by: int
    set_at: int

    async def hours(self) -> QuietHours | None:
        """Return the quiet hours, ready to be asked; None if this machine does not know their time zone."""
        try:
            await load_zone(self.zone)
        except ZoneInfoNotFoundError:
            # An alert that mentions somebody at night is better than one that nobody hears of.
            _log.warning("time_zone_unknown", guild=self.guild_id, zone=self.zone)
            return None
        return QuietHours(self.start, self.end_, self.zone)


class QuietHoursStore:
    """Works on one guild at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, guild_id: int) -> QuietHoursRow | None:
        """Return the guild's quiet hours, None if it has none."""
        return await self._database.fetch_one(QuietHoursRow, QUERIES.quiet_hours_of, guild_id=guild_id)

    async def put(self, row: QuietHoursRow) -> None:
        """Store quiet hours in place of others; alerts that wait are looked at again."""

        async def work(connection: WritingConnection) -> None:
            await QUERIES.quiet_hours_put(connection, **asdict(row))
            await arm_all(connection, row.guild_id, row.set_at)

        await self._database.transact(work)

    async def delete(self, guild_id: int, now: int) -> bool:
        """Delete the guild's quiet hours, and have the alerts looked at that wait; return False if there were
        none. now: seconds since 1970.
        """

        async def work(connection: WritingConnection) -> bool:
            deleted: int = await QUERIES.quiet_hours_delete(connection, guild_id=guild_id)
            if deleted:
                await arm_all(connection, guild_id, now)
            return deleted == 1

        return await self._database.transact(work)
