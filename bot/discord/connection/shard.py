"""discord.py's shard, whose waits hold up no other shard and take a minute at most.

discord.py connects all shards again in one task, and waits there before it does: after some attempts that
failed, for up to 17 minutes.
"""

from collections.abc import Callable
from typing import Any

from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.shard import AutoShardedClient, EventItem, EventType, Shard

from bot.discord.background import BackgroundTasks
from bot.discord.connection.starts import Starts


def waiting_name(shard_id: int) -> str:
    """Return the name of the task in which a shard waits for its connection. There is one at a time."""
    return f"shard-{shard_id}"


class PatientShard(Shard):
    """Waits in a task of its own."""

    def __init__(
        self, ws: DiscordWebSocket, client: AutoShardedClient, queue_put: Callable[[EventItem], None]
    ) -> None:
        super().__init__(ws, client, queue_put)
        self._backoff: Any = self

    def delay(self) -> float:
        """Return how many seconds to wait after an attempt that failed, in place of discord.py's backoff."""
        return self._starts.reconnect_pause(self.id)

    def launch(self) -> None:
        """Handle what comes through the connection; close it if the shard was given back meanwhile."""
        if self._is_held:
            super().launch()
        else:
            self._background.start(self.ws.close(code=1000))

    async def reidentify(self, exc: ReconnectWebSocket) -> None:
        """Go on with a session, or begin another one, unless the shard was given back."""
        if self._is_held:
            await super().reidentify(exc)

    async def _handle_disconnect(self, e: Exception) -> None:
        if self._is_held:
            self._background.start(super()._handle_disconnect(e), waiting_name(self.id))

    async def reconnect(self) -> None:
        """Connect again and identify, once that is permitted, unless the shard was given back."""
        if not self._is_held:
            return
        if self._starts.is_permitted(self.id):
            await super().reconnect()
        else:
            self._background.start(self._reconnect_once_permitted(), waiting_name(self.id))

    async def _reconnect_once_permitted(self) -> None:
        await self._starts.permit(self._client.http, self.id)
        self._queue_put(EventItem(EventType.reconnect, self, None))

    @property
    def _is_held(self) -> bool:
        # A shard that has come back since it was given back has another object.
        shards = self._bot._AutoShardedClient__shards  # noqa: SLF001 - discord.py shows it nowhere else
        return self.id in self._bot.held.ids and shards.get(self.id) is self

    @property
    def _bot(self) -> Any:  # noqa: ANN401 - PatchbayBot would be a circular import
        return self._client

    @property
    def _background(self) -> BackgroundTasks:
        background: BackgroundTasks = self._bot.services.background
        return background

    @property
    def _starts(self) -> Starts:
        starts: Starts = self._bot.starts
        return starts
