"""Records the agents that a guild itself put into Discord with this bot."""

import contextlib
from collections.abc import Callable, Iterator, Mapping

from bot.features.connections.service import Connection
from bot.features.integrations.store import IntegrationStore, Placed


class IntegrationService:
    """Works on one guild at a time; records of other guilds are out of reach."""

    def __init__(self, store: IntegrationStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock
        self._listeners: dict[int, set[Callable[[], object]]] = {}
        """By guild; a guild without listeners has no entry."""

    async def record(
        self, connection: Connection, integration_id: str, label: str, *, bot_id: int | None, member_id: int
    ) -> None:
        """Record that a member put this agent into the connection's guild just now.

        bot_id: the Discord user that the agent speaks as. An older record of the same agent is replaced.
        """
        placed = Placed(integration_id, connection.name, label, bot_id, member_id, int(self._clock()))
        await self._store.put(connection.guild_id, connection.provider, placed)
        self._notify(connection.guild_id)

    async def forget(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Delete a record; return False if there was none."""
        deleted = await self._store.delete(guild_id, provider, integration_id)
        self._notify(guild_id)
        return deleted

    async def of_guild(self, guild_id: int, provider: str) -> Mapping[str, Placed]:
        """Return the guild's records with one provider, by the integration's id."""
        return {placed.id: placed for placed in await self._store.of_guild(guild_id, provider)}

    @contextlib.contextmanager
    def on_change(self, guild_id: int, listener: Callable[[], object]) -> Iterator[None]:
        """Call a listener after each change of the guild's records until the block ends."""
        listeners = self._listeners.setdefault(guild_id, set())
        listeners.add(listener)
        try:
            yield
        finally:
            listeners.discard(listener)
            if not listeners:
                self._listeners.pop(guild_id, None)

    def _notify(self, guild_id: int) -> None:
        for listener in tuple(self._listeners.get(guild_id, ())):
            listener()
