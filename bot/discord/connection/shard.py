"""discord.py's shard, whose waits hold up no other shard.

discord.py connects all shards again in one task, and waits there before it does.
"""

from typing import Any

from discord.shard import EventItem, EventType, Shard

from bot.discord.background import BackgroundTasks
from bot.discord.connection.starts import Starts


class PatientShard(Shard):
    """Waits in a task of its own."""

    async def _handle_disconnect(self, e: Exception) -> None:
        self._background.start(super()._handle_disconnect(e))

    async def reconnect(self) -> None:
        """Connect again and identify, once that is permitted."""
        if self._starts.is_permitted(self.id):
            await super().reconnect()
        else:
            self._background.start(self._reconnect_once_permitted())

    async def _reconnect_once_permitted(self) -> None:
        await self._starts.permit(self._client.http, self.id)
        self._queue_put(EventItem(EventType.reconnect, self, None))

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
