"""Records which answers of agents members report, and returns the newest."""

from collections.abc import Callable, Sequence
from typing import Final

from bot.features.complaints.store import Complaint, ComplaintStore

SHOWN: Final = 5
"""How many of the newest complaints are shown."""


class ComplaintService:
    """Works on one guild at a time. What a message says is not passed to it, so it cannot be stored."""

    def __init__(self, store: ComplaintStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock

    async def report(
        self,
        guild_id: int,
        provider: str,
        integration_id: str,
        *,
        channel_id: int,
        message_id: int,
        sent_at: int,
        member_id: int,
    ) -> bool:
        """Record that a member reports an answer; return False if the member has reported it before.

        sent_at: when the agent wrote it, in seconds since 1970.
        """
        complaint = Complaint(
            message_id=message_id,
            channel_id=channel_id,
            provider=provider,
            id=integration_id,
            sent_at=sent_at,
            reported_by=member_id,
            reported_at=int(self._clock()),
        )
        return await self._store.put(guild_id, complaint)

    async def newest(self, guild_id: int, provider: str, integration_id: str) -> Sequence[Complaint]:
        """Return the newest complaints about an integration, the newest first."""
        return await self._store.newest(guild_id, provider, integration_id, SHOWN)
