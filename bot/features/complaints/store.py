"""Reads and writes the ``complaint`` table."""

from dataclasses import asdict, dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.complaints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An agent's answer that a member has reported. Times are seconds since 1970.

    message_id, channel_id: where the answer is; the channel may be a thread. provider, id: of the integration
    whose bot wrote it. sent_at: when it wrote it.
    """

    message_id: int
    channel_id: int
    provider: str
    id: str
    sent_at: int
    reported_by: int
    reported_at: int


class ComplaintStore:
    """Works on one guild at a time. The checks delete what is older than the history that is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, guild_id: int, complaint: Complaint) -> bool:
        """Store a complaint; return False if the member has reported the message before."""
        values = asdict(complaint)
        return await self._database.write(QUERIES.put_complaint, guild_id=guild_id, **values) == 1

    async def newest(self, guild_id: int, provider: str, integration_id: str, most: int) -> list[Complaint]:
        """Return the newest complaints about an integration, so many at most, the newest first."""
        return await self._database.fetch(
            Complaint,
            QUERIES.newest_complaints,
            guild_id=guild_id,
            provider=provider,
            id=integration_id,
            most=most,
        )
