"""Sets and ends maintenance windows."""

from collections.abc import Callable, Sequence
from typing import Final

from bot.errors import InvalidInputError
from bot.features.guilds.changes import GuildChanges
from bot.features.maintenance.store import MaintenanceStore
from bot.features.maintenance.windows import MaintenanceWindow

DAY: Final = 86_400
MAX_WINDOWS: Final = 25
"""Windows of a guild that are current or scheduled; a menu holds so many entries."""
MAX_DAYS_LONG: Final = 30
MAX_DAYS_AHEAD: Final = 90


class MaintenanceService:
    """Works on one guild at a time; windows of other guilds are out of reach."""

    def __init__(self, store: MaintenanceStore, changes: GuildChanges, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._changes = changes
        self._clock = clock

    async def windows(self, guild_id: int, since: int) -> Sequence[MaintenanceWindow]:
        """Return the guild's windows that end after that time, the first to begin first."""
        return await self._store.windows(guild_id, since)

    async def current(self, guild_id: int) -> Sequence[MaintenanceWindow]:
        """Return the guild's windows that are not over, the first to begin first."""
        return await self._store.windows(guild_id, int(self._clock()))

    async def add(
        self,
        guild_id: int,
        provider: str,
        integration_id: str,
        seconds: int,
        *,
        member_id: int,
        starts_at: int | None = None,
    ) -> MaintenanceWindow:
        """Set a window for an agent, or for the whole server if provider and id are empty.

        seconds: how long it lasts. starts_at: seconds since 1970, None for now. Raises
        InvalidInputError("maintenance_past", "maintenance_ahead", "maintenance_long", "maintenance_many").
        """
        now = int(self._clock())
        begins = now if starts_at is None else starts_at
        if begins < now:
            raise InvalidInputError("maintenance_past")
        if begins > now + MAX_DAYS_AHEAD * DAY:
            raise InvalidInputError("maintenance_ahead", limit=MAX_DAYS_AHEAD)
        if not 0 < seconds <= MAX_DAYS_LONG * DAY:
            raise InvalidInputError("maintenance_long", limit=MAX_DAYS_LONG)
        window = MaintenanceWindow(
            guild_id, 0, provider, integration_id, begins, begins + seconds, set_by=member_id, set_at=now
        )
        added = await self._store.add(window, most=MAX_WINDOWS)
        if added is None:
            raise InvalidInputError("maintenance_many", limit=MAX_WINDOWS)
        self._changes.announce([guild_id])
        return added

    async def end(self, guild_id: int, number: int) -> MaintenanceWindow:
        """End a current window now, or cancel one that has not begun. Return the window as it was.

        Raises InvalidInputError("maintenance_over").
        """
        ended = await self._store.end(guild_id, number, int(self._clock()))
        if ended is None:
            raise InvalidInputError("maintenance_over")
        self._changes.announce([guild_id])
        return ended

    async def end_current(
        self, guild_id: int, provider: str, integration_id: str
    ) -> Sequence[MaintenanceWindow]:
        """End the current windows for an agent now, or all that are current if provider and id are empty.

        Return them as they were.
        """
        ended = await self._store.end_current(guild_id, provider, integration_id, int(self._clock()))
        if ended:
            self._changes.announce([guild_id])
        return ended
