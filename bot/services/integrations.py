"""What a guild itself put into Discord with this bot: which agent, as which Discord bot, by whom and when."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.store.integrations import IntegrationRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.services.connections import Connection
    from bot.store.integrations import IntegrationStore


@dataclass(frozen=True, slots=True)
class Placed:
    """An agent that the guild put into Discord with this bot.

    id: the provider's. label: its name at that time (hostile text). bot_id: the Discord user that it speaks
    as, None where that is not known. placed_by: a member's id. placed_at: seconds since 1970.
    """

    id: str
    connection: str
    label: str
    bot_id: int | None
    placed_by: int
    placed_at: int


class IntegrationService:
    """Every call names the guild; no record of another guild is ever reachable."""

    def __init__(self, store: IntegrationStore, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._clock = clock
        self._listeners: dict[int, set[Callable[[], object]]] = {}
        """By guild, for those where somebody waits for a change."""

    async def record(
        self, connection: Connection, integration_id: str, label: str, *, bot_id: int | None, member_id: int
    ) -> None:
        """Remember that a member put this agent into the connection's guild just now.

        bot_id: the Discord user that it speaks as. An older record of the same agent is replaced.
        """
        await self._store.put(
            IntegrationRow(
                guild_id=connection.guild_id,
                provider=connection.provider,
                id=integration_id,
                connection=connection.name,
                label=label,
                bot_id=bot_id,
                placed_by=member_id,
                placed_at=int(self._clock()),
            )
        )
        self._tell(connection.guild_id)

    async def forget(self, guild_id: int, provider: str, integration_id: str) -> bool:
        """Forget a record; return False if there was none."""
        forgotten = await self._store.delete(guild_id, provider, integration_id)
        self._tell(guild_id)
        return forgotten

    async def of_guild(self, guild_id: int, provider: str) -> Mapping[str, Placed]:
        """Return the guild's records with one provider, by the provider's id."""
        return {
            row.id: Placed(row.id, row.connection, row.label, row.bot_id, row.placed_by, row.placed_at)
            for row in await self._store.of_guild(guild_id, provider)
        }

    @contextlib.contextmanager
    def on_change(self, guild_id: int, tell: Callable[[], object]) -> Iterator[None]:
        """Have this called whenever something is recorded or forgotten in the guild, until the block ends."""
        listeners = self._listeners.setdefault(guild_id, set())
        listeners.add(tell)
        try:
            yield
        finally:
            listeners.discard(tell)
            if not listeners:
                self._listeners.pop(guild_id, None)

    def _tell(self, guild_id: int) -> None:
        for tell in tuple(self._listeners.get(guild_id, ())):
            tell()
