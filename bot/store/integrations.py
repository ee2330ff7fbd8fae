"""Rows of the ``integration`` table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """An integration that a guild put into Discord with this bot.

    id: the provider's. label: the agent's name at that time (hostile text). bot_id: the Discord user that the
    agent speaks as, None where that is not known. placed_at: whole seconds since 1970, UTC.
    """

    guild_id: int
    provider: str
    id: str
    connection: str
    label: str
    bot_id: int | None
    placed_by: int
    placed_at: int


class IntegrationStore:
    """Reads and writes integrations; every call names the guild that it is for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int, provider: str) -> list[IntegrationRow]:
        """Return a guild's integrations with one provider, ordered by id."""
        rows = await self._database.read_all(
            self._database.queries.list_integrations, guild_id=guild_id, provider=provider
        )
        return [IntegrationRow(**dict(row)) for row in rows]

    async def put(self, row: IntegrationRow) -> bool:
        """Store it, in the place of an older record; return False if its connection is gone."""
        return await self._database.write(self._database.queries.put_integration, **asdict(row)) == 1

    async def delete(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Delete a record; return False if there was none."""
        touched = await self._database.write(
            self._database.queries.delete_integration,
            guild_id=guild_id,
            provider=provider,
            id=integration_id,
        )
        return touched == 1
