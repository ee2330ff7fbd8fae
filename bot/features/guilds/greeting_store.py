"""Reads and writes the ``greeting`` table: the guilds that are to be greeted."""

from collections.abc import Sequence
from typing import Final

from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries

QUERIES: Final = load_queries("bot.features.guilds")


class GreetingStore:
    """Works on one guild at a time, except ``due``. Times are seconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, guild_id: int, now: int, retry_at: int) -> bool:
        """Note that a guild is greeted now; return False if it was greeted since the bot joined.

        retry_at: when it is to be greeted again unless ``end`` is called.
        """

        async def work(connection: WritingConnection) -> bool:
            touched: int = await QUERIES.greet_guild(connection, guild_id=guild_id, greeted_at=now)
            if touched:
                await QUERIES.put_greeting(connection, guild_id=guild_id, due_at=retry_at)
            return touched == 1

        return await self._database.transact(work)

    async def due(self, now: int) -> list[int]:
        """Return the guilds that are to be greeted now."""
        return [row["guild_id"] for row in await self._database.read_all(QUERIES.list_greetings, now=now)]

    async def end(self, guild_id: int) -> None:
        """Greet the guild no more."""
        await self._database.write(QUERIES.delete_greeting, guild_id=guild_id)

    async def delay(self, guild_id: int, now: int, pauses: Sequence[int]) -> None:
        """Greet the guild after the pause that belongs to the number of tries; no more after the last one."""

        async def work(connection: WritingConnection) -> None:
            tries: int = await QUERIES.get_greeting_tries(connection, guild_id=guild_id) or 0
            if tries < len(pauses):
                due_at = now + pauses[tries]
                await QUERIES.delay_greeting(connection, guild_id=guild_id, due_at=due_at)
            else:
                await QUERIES.delete_greeting(connection, guild_id=guild_id)

        await self._database.transact(work)
