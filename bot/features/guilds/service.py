"""Remembers of a guild whether it was greeted or is to be, and which channel mirrors its audit log."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.features.guilds.greeting_store import QUERIES, GreetingStore
from bot.store.database import Database

_RECENT_SECONDS: Final = 86_400
_GREETING_PAUSES: Final = (300, 900, 3600, 3 * 3600, 8 * 3600)
"""Seconds between two attempts to greet; after the last one, nobody is greeted."""


class GuildService:
    """Works on one guild at a time."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._database = database
        self._greetings = GreetingStore(database)
        self._clock = clock

    async def arrived(self, guild_id: int) -> bool:
        """Return whether to greet the guild now: True once after each time that the bot joins.

        The greeting is owed from then on, until ``greeted`` is called or ``greeting_failed`` gives it up.
        """
        now = int(self._clock())
        # The caller tries at once; the first pause is for when the process does not survive that.
        return await self._greetings.begin(guild_id, now, now + _GREETING_PAUSES[0])

    async def to_greet(self) -> list[int]:
        """Return the guilds whose greeting is owed and due."""
        return await self._greetings.due(int(self._clock()))

    async def greeted(self, guild_id: int) -> None:
        """Owe the guild no greeting any more."""
        await self._greetings.end(guild_id)

    async def greeting_failed(self, guild_id: int) -> None:
        """Try again later, each time after a longer pause; give it up after the last one."""
        await self._greetings.delay(guild_id, int(self._clock()), _GREETING_PAUSES)

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
