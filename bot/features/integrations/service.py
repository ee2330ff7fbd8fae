"""Records which integrations a guild has put into Discord, linked or ignored."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.features.connections.service import Connection
from bot.features.integrations.store import Ignored, IntegrationStore, Linked, Placed


class IntegrationService:
    """Works on one guild at a time; records of other guilds are out of reach."""

    def __init__(self, store: IntegrationStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock
        self._listeners: dict[int, set[Callable[[], object]]] = {}
        """By guild; a guild without listeners has no entry."""
        self._subscribers: list[Callable[[int], object]] = []

    async def record(
        self,
        connection: Connection,
        integration_id: str,
        label: str,
        *,
        bot_id: int | None,
        member_id: int,
        application_id: int | None = None,
    ) -> None:
        """Record that a member put this agent into the connection's guild just now, or linked it.

        bot_id: the Discord user that the agent speaks as. application_id: that bot's application, None where
        Discord did not confirm it. An older record of the same agent is replaced; it is not ignored any more.
        """
        guild_id, provider, name = connection.guild_id, connection.provider, connection.name
        await self.link(
            guild_id,
            provider,
            name,
            integration_id,
            label,
            bot_id=bot_id,
            member_id=member_id,
            application_id=application_id,
        )

    async def link(
        self,
        guild_id: int,
        provider: str,
        connection: str,
        integration_id: str,
        label: str,
        *,
        bot_id: int | None,
        member_id: int,
        application_id: int | None = None,
    ) -> bool:
        """Do what ``record`` does, without the opened connection. connection: its name.

        Return False if the connection is gone, so that nothing is stored.
        """
        placed = Placed(
            id=integration_id,
            connection=connection,
            label=label,
            bot_id=bot_id,
            application_id=application_id,
            placed_by=member_id,
            placed_at=int(self._clock()),
        )
        stored = await self._store.put(guild_id, provider, placed)
        self._notify(guild_id)
        return stored

    async def forget(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Delete a record; return False if there was none."""
        deleted = await self._store.delete(guild_id, provider, integration_id)
        self._notify(guild_id)
        return deleted

    async def of_guild(self, guild_id: int, provider: str) -> Mapping[str, Placed]:
        """Return the guild's records with one provider, by the integration's id."""
        return {placed.id: placed for placed in await self._store.of_guild(guild_id, provider)}

    async def all_of_guild(self, guild_id: int) -> Sequence[Linked]:
        """Return the guild's records with all providers."""
        return await self._store.all_of_guild(guild_id)

    async def ignore(
        self,
        guild_id: int,
        provider: str,
        connection: str,
        integration_id: str,
        label: str,
        *,
        member_id: int,
    ) -> bool:
        """Record that a member does not want to see an integration, linked or not.

        connection: the name of the connection that shows it. Return False if it is ignored already.
        """
        ignored = Ignored(integration_id, connection, label, member_id, int(self._clock()))
        stored = await self._store.ignore(guild_id, provider, ignored)
        self._notify(guild_id)
        return stored

    async def stop_ignoring(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Record that an integration is to be seen again; return False if it was not ignored."""
        stopped = await self._store.stop_ignoring(guild_id, provider, integration_id)
        self._notify(guild_id)
        return stopped

    async def ignored(self, guild_id: int, provider: str) -> Mapping[str, Ignored]:
        """Return the integrations of one provider that the guild ignores, by id."""
        return {each.id: each for each in await self._store.ignored(guild_id, provider)}

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

    def subscribe(self, listener: Callable[[int], object]) -> None:
        """Call a listener with the guild's id after each change of any guild's records."""
        self._subscribers.append(listener)

    def _notify(self, guild_id: int) -> None:
        for subscriber in self._subscribers:
            subscriber(guild_id)
        for listener in tuple(self._listeners.get(guild_id, ())):
            listener()
