"""Reads and writes the ``integration`` table."""

from dataclasses import asdict, dataclass
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.integrations")


@dataclass(frozen=True, slots=True)
class Placed:
    """An agent that a guild put into Discord with this bot.

    id: the provider's id of the integration. label: the agent's name at that time (untrusted text). bot_id:
    the Discord user that it speaks as, None if that is unknown. placed_by: a member's id. placed_at: seconds
    since 1970.
    """

    id: str
    connection: str
    label: str
    bot_id: int | None
    placed_by: int
    placed_at: int


class IntegrationStore:
    """Reads and writes the integrations of one guild at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int, provider: str) -> list[Placed]:
        """Return a guild's integrations with one provider, ordered by id."""
        return await self._database.fetch(
            Placed, QUERIES.list_integrations, guild_id=guild_id, provider=provider
        )

    async def put(self, guild_id: int, provider: str, placed: Placed) -> bool:
        """Store an integration in place of an older row of it; return False if its connection is gone."""
        values = {"guild_id": guild_id, "provider": provider, **asdict(placed)}
        return await self._database.write(QUERIES.put_integration, **values) == 1

    async def delete(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Delete an integration; return False if there was none."""
        query = QUERIES.delete_integration
        return await self._database.write(query, guild_id=guild_id, provider=provider, id=integration_id) == 1
