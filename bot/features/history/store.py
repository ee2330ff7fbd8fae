"""Reads the ``history`` table, whose rows say since when an integration was in which state."""

from dataclasses import dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.history")


@dataclass(frozen=True, slots=True)
class Transition:
    """The beginning of a state of an integration. at: seconds since 1970."""

    at: int
    state: str
    detail: str


class HistoryStore:
    """Reads transitions; the recorder writes them in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transitions(
        self, guild_id: int, provider: str, integration_id: str, since: int
    ) -> list[Transition]:
        """Return an integration's transitions, the oldest first, from the one whose state held at
        ``since``.
        """
        return await self._database.fetch(
            Transition,
            QUERIES.list_history,
            guild_id=guild_id,
            provider=provider,
            id=integration_id,
            since=since,
        )
