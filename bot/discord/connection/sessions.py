"""Tells which of this process's shards are not connected to Discord at this moment, and why."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import discord

from bot.discord.connection.held_shards import HeldShards
from bot.discord.connection.starts import Starts

ACK_GRACE: Final = 15.0
"""Seconds for which the acknowledgement of a heartbeat may be late. Discord wants a heartbeat every 41.25
seconds, so that a silent connection shows within a minute."""


class Sessions:
    """The connection of each shard in which a session has begun, or has been resumed."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        starts: Starts,
        held: HeldShards,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """clock: seconds, as discord.py takes them when a heartbeat is acknowledged."""
        self._client = client
        self._starts = starts
        self._held = held
        self._clock = clock
        self._connections: dict[int, object] = {}

    def begun(self, shard_id: int) -> None:
        """Note that READY or RESUMED has come for a shard, on the connection that it has now."""
        self._connections[shard_id] = self._client._get_websocket(shard_id=shard_id)  # noqa: SLF001 - discord.py shows it nowhere else

    def ended(self, shard_id: int) -> None:
        """Forget the connection of a shard that was given back."""
        self._connections.pop(shard_id, None)

    def faults(self) -> Iterator[str]:
        """Yield one sentence for each shard that is not connected, for whoever hosts the bot."""
        if self._held.count is None:
            yield "The bot has not logged in to Discord yet."
            return
        for shard_id in sorted(self._held.ids):
            if fault := self._fault(shard_id):
                yield fault

    def _fault(self, shard_id: int) -> str | None:
        if waits := self._starts.waiting(shard_id):
            return waits
        shard = self._client.get_shard(shard_id)
        if shard is None:
            return f"Shard {shard_id} has not been connected to Discord since the start."
        if shard.is_closed():
            return f"Shard {shard_id} has lost its connection to Discord."
        socket: Any = self._client._get_websocket(shard_id=shard_id)  # noqa: SLF001 - as above
        if self._connections.get(shard_id) is not socket:
            return f"Shard {shard_id} is connected to Discord, but its session has not begun."
        # None while the connection ends; a simulated Discord without sockets has no heartbeats.
        keep_alive = getattr(socket, "_keep_alive", None)
        if keep_alive is not None:
            silent = self._clock() - keep_alive._last_ack  # noqa: SLF001 - discord.py shows it nowhere else
            if silent > keep_alive.interval + ACK_GRACE:
                return f"Discord has acknowledged no heartbeat of shard {shard_id} for {silent:.0f} seconds."
        return None
