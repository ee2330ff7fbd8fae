"""Reads and writes the ``provider_clock`` table."""

from dataclasses import dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.provider_clocks")


@dataclass(frozen=True, slots=True)
class ClockRow:
    """How many minutes east of UTC a provider's host writes times without a zone."""

    provider: str
    host: str
    offset_minutes: int


class ProviderClockStore:
    """Stores what was learned of each host."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ClockRow]:
        """Return what is known of every host."""
        return await self._database.fetch(ClockRow, QUERIES.list_clocks)

    async def put(self, row: ClockRow, learned_at: int) -> None:
        """Store what is known of a host in place of what was known. learned_at: seconds since 1970."""
        await self._database.write(
            QUERIES.put_clock,
            provider=row.provider,
            host=row.host,
            offset_minutes=row.offset_minutes,
            learned_at=learned_at,
        )
