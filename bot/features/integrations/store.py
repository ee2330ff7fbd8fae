"""Reads and writes the ``integration`` and ``ignored`` tables."""

from dataclasses import asdict, dataclass
from typing import Final

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.integrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An agent that a guild put into Discord with this bot, or linked.

    id: the provider's id of the integration. label: the agent's name at that time (untrusted text). bot_id:
    the Discord user that it speaks as, None if that is unknown. application_id: the bot's application, None
    where Discord did not confirm it. placed_by: a member's id. placed_at: seconds since 1970.
    """

    id: str
    connection: str
    label: str
    bot_id: int | None
    application_id: int | None = None
    placed_by: int
    placed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(Placed):
    """The same with the provider's slug."""

    provider: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """An integration that a manager does not want to see. The fields are like those of ``Placed``."""

    id: str
    connection: str
    label: str
    ignored_by: int
    ignored_at: int


class IntegrationStore:
    """Reads and writes the integrations of one guild at a time. One that is linked is not ignored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int, provider: str) -> list[Placed]:
        """Return a guild's integrations with one provider, ordered by id."""
        return await self._database.fetch(
            Placed, QUERIES.list_integrations, guild_id=guild_id, provider=provider
        )

    async def all_of_guild(self, guild_id: int) -> list[Linked]:
        """Return a guild's integrations with all providers, ordered by provider and id."""
        return await self._database.fetch(Linked, QUERIES.list_all_integrations, guild_id=guild_id)

    async def ignored(self, guild_id: int, provider: str) -> list[Ignored]:
        """Return the integrations of one provider that a guild ignores, ordered by id."""
        return await self._database.fetch(Ignored, QUERIES.list_ignored, guild_id=guild_id, provider=provider)

    async def put(self, guild_id: int, provider: str, placed: Placed) -> bool:
        """Store an integration in place of an older row of it; return False if its connection is gone."""
        values = {"guild_id": guild_id, "provider": provider, **asdict(placed)}

        async def work(connection: WritingConnection) -> bool:
            stored: int = await QUERIES.put_integration(connection, **values)
            if stored == 1:
                await QUERIES.delete_ignored(connection, guild_id=guild_id, provider=provider, id=placed.id)
            return stored == 1

        return await self._database.transact(work)

    async def ignore(self, guild_id: int, provider: str, ignored: Ignored) -> bool:
        """Ignore an integration instead of linking it; return False if it is, or its connection is gone."""
        values = {"guild_id": guild_id, "provider": provider, **asdict(ignored)}

        async def work(connection: WritingConnection) -> bool:
            stored: int = await QUERIES.put_ignored(connection, **values)
            if stored == 1:
                key = {"guild_id": guild_id, "provider": provider, "id": ignored.id}
                await QUERIES.delete_integration(connection, **key)
            return stored == 1

        return await self._database.transact(work)

    async def delete(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Delete an integration; return False if there was none."""
        query = QUERIES.delete_integration
        return await self._database.write(query, guild_id=guild_id, provider=provider, id=integration_id) == 1

    async def stop_ignoring(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Ignore an integration no longer; return False if it was not ignored."""
        query = QUERIES.delete_ignored
        return await self._database.write(query, guild_id=guild_id, provider=provider, id=integration_id) == 1
