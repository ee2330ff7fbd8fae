"""Remembers of a guild whether it was greeted, and which channel mirrors its audit log."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.guilds")
_RECENT_SECONDS: Final = 86_400


class GuildService:
    """Works on one guild at a time."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._database = database
        self._clock = clock

    async def arrived(self, guild_id: int) -> bool:
        """Return whether to greet the guild now: True once after each time that the bot joins."""
        now = int(self._clock())
        return await self._database.write(QUERIES.greet_guild, guild_id=guild_id, greeted_at=now) == 1

    def is_recent(self, joined_at: datetime) -> bool:
        """Return whether a bot that joined at this time may still send its greeting."""
        return self._clock() - joined_at.timestamp() < _RECENT_SECONDS

    async def audit_channel(self, guild_id: int) -> int | None:
        """Return the channel that mirrors the guild's audit log, None if there is none."""
        row = await self._database.read(QUERIES.get_audit_channel, guild_id=guild_id)
        return None if row is None else row["audit_channel"]

    async def set_audit_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Mirror the audit log in this channel, or nowhere if it is None."""
        if channel_id is None:
            await self._database.write(QUERIES.drop_audit_channel, guild_id=guild_id)
        else:
            await self._database.write(QUERIES.put_audit_channel, guild_id=guild_id, audit_channel=channel_id)

    async def drop_audit_channel(self, guild_id: int, channel_id: int) -> bool:
        """End the mirror in this channel; return False if another channel was set meanwhile."""
        query = QUERIES.drop_failed_channel
        return await self._database.write(query, guild_id=guild_id, audit_channel=channel_id) == 1
