"""Reads and writes the ``maintenance`` table."""

from dataclasses import asdict, replace
from typing import Final

from bot.features.maintenance.windows import MaintenanceWindow
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.rows import fetch, fetch_one

QUERIES: Final = load_queries("bot.features.maintenance")


class MaintenanceStore:
    """Works on one guild at a time. Times are seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def windows(self, guild_id: int, since: int) -> list[MaintenanceWindow]:
        """Return the guild's windows that end after that time, the first to begin first."""
        return await self._database.fetch(
            MaintenanceWindow, QUERIES.list_windows, guild_id=guild_id, since=since
        )

    async def add(self, window: MaintenanceWindow, *, most: int) -> MaintenanceWindow | None:
        """Store a new window with the guild's next number, and return it with that number.

        Return None if as many windows as ``most`` are current or scheduled when it is set.
        """
        guild_id, now = window.guild_id, window.set_at

        async def work(connection: WritingConnection) -> MaintenanceWindow | None:
            if await QUERIES.count_windows(connection, guild_id=guild_id, now=now) >= most:
                return None
            await QUERIES.take_number(connection, guild_id=guild_id)
            number = await QUERIES.taken_number(connection, guild_id=guild_id)
            numbered = replace(window, number=number)
            await QUERIES.add_window(connection, **asdict(numbered))
            await _look_again(connection, guild_id, now)
            return numbered

        return await self._database.transact(work)

    async def end(self, guild_id: int, number: int, now: int) -> MaintenanceWindow | None:
        """End a current window, or delete one that has not begun. Return the window as it was.

        Return None if there is no such window or it is over.
        """

        async def work(connection: WritingConnection) -> MaintenanceWindow | None:
            found = await fetch_one(
                connection, MaintenanceWindow, QUERIES.get_window, guild_id=guild_id, number=number
            )
            if found is None or found.ends_at <= now:
                return None
            await _end(connection, found, now)
            return found

        return await self._database.transact(work)

    async def end_current(
        self, guild_id: int, provider: str, integration_id: str, now: int
    ) -> list[MaintenanceWindow]:
        """End the current windows for an agent, or all that are current if provider and id are empty.

        Return them as they were.
        """

        async def work(connection: WritingConnection) -> list[MaintenanceWindow]:
            query = QUERIES.list_windows
            windows = await fetch(connection, MaintenanceWindow, query, guild_id=guild_id, since=now)
            wanted = provider, integration_id
            ended = [
                each
                for each in windows
                if each.starts_at <= now and (not any(wanted) or (each.provider, each.id) == wanted)
            ]
            for each in ended:
                await _end(connection, each, now)
            return ended

        return await self._database.transact(work)


async def _end(connection: WritingConnection, window: MaintenanceWindow, now: int) -> None:
    """Keep what has been of a window, for the history; of one that has not begun, keep nothing."""
    key = {"guild_id": window.guild_id, "number": window.number}
    if window.starts_at >= now:
        await QUERIES.delete_window(connection, **key)
    else:
        await QUERIES.end_window(connection, **key, now=now)
    await _look_again(connection, window.guild_id, now)


async def _look_again(connection: WritingConnection, guild_id: int, now: int) -> None:
    """Have the outbox decide anew about what a window keeps quiet."""
    await QUERIES.look_again(connection, guild_id=guild_id, now=now)
    await QUERIES.look_again_at_pending(connection, guild_id=guild_id, now=now)
