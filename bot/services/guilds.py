"""What is known of a guild itself: whether it was greeted, and where its audit log is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.guilds import GuildStore

_RECENT_SECONDS: Final = 86_400


class GuildService:
    """Every call names the guild."""

    def __init__(self, store: GuildStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock

    async def arrived(self, guild_id: int) -> bool:
        """Return whether to greet now: True once for each time that the bot joins."""
        return await self._store.greet(guild_id, int(self._clock()))

    def is_recent(self, joined_at: datetime) -> bool:
        """Tell whether a bot that joined at this time may still be greeting without seeming odd."""
        return self._clock() - joined_at.timestamp() < _RECENT_SECONDS

    async def audit_channel(self, guild_id: int) -> int | None:
        """Return the channel that the guild's audit log is repeated in, None if there is none."""
        return await self._store.audit_channel(guild_id)

    async def drop_audit_channel(self, guild_id: int, channel_id: int) -> bool:
        """Give up the channel; return False if another one was set meanwhile."""
        return await self._store.drop_audit_channel(guild_id, channel_id)

    async def set_audit_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Have the audit log repeated in this channel, or nowhere."""
        await self._store.set_audit_channel(guild_id, channel_id)
