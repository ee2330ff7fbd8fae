"""Counts over all guilds, for whoever hosts the bot: agents by state, open incidents, messages that wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bot.features.alerts.incident_store import IncidentStore, OpenIncidents
from bot.features.alerts.store import AlertStore, WaitingMessages
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.store import AgentCount, MonitoringStore

_KEPT_SECONDS: Final = 3600.0
"""How long counts are kept of guilds that announce no change: an erasure announces none."""
_AT_ONCE: Final = 500
"""Guilds that are read in one step."""


class Totals:
    """Counts that name no guild. Nothing is read or kept before somebody asks.

    Agents have no index by state: each is read once an hour, and otherwise those of guilds that have changed.
    """

    def __init__(
        self,
        monitoring: MonitoringStore,
        incidents: IncidentStore,
        alerts: AlertStore,
        changes: GuildChanges,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._monitoring = monitoring
        self._incidents = incidents
        self._alerts = alerts
        self._changes = changes
        self._clock = clock
        self._lock = asyncio.Lock()
        self._is_listening = False
        self._changed: set[int] = set()
        self._read_at: float | None = None
        self._by_guild: dict[int, Sequence[AgentCount]] = {}
        self._agents: Counter[tuple[str, str]] = Counter()

    async def agents(self) -> Counter[tuple[str, str]]:
        """Return how many linked agents there are, by provider and state."""
        async with self._lock:
            if not self._is_listening:
                self._is_listening = True
                self._changes.subscribe(self._changed.add)
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= _KEPT_SECONDS:
                self._changed.clear()  # before the rows are read: what changes meanwhile is read again
                await self._read_all()
                self._read_at = now
            elif self._changed:
                changed = set(self._changed)
                self._changed.clear()  # as above
                try:
                    counts = await self._monitoring.count_agents_of(changed)
                except BaseException:
                    self._changed |= changed
                    raise
                self._replace(changed, counts)
            return Counter(self._agents)

    async def open_incidents(self) -> list[OpenIncidents]:
        """Return how many incidents are open."""
        return await self._incidents.count_open()

    async def waiting_messages(self) -> list[WaitingMessages]:
        """Return how many messages are due, and how many could not be sent."""
        return await self._alerts.count_waiting(int(self._clock()))

    async def _read_all(self) -> None:
        gone, after = set(self._by_guild), -1
        while guilds := await self._monitoring.guilds(after, _AT_ONCE):
            self._replace(guilds, await self._monitoring.count_agents_of(guilds))
            gone.difference_update(guilds)
            after = guilds[-1]
        self._replace(gone, ())

    def _replace(self, guilds: Iterable[int], counts: Iterable[AgentCount]) -> None:
        for guild_id in list(guilds):
            for former in self._by_guild.pop(guild_id, ()):
                self._agents[former.provider, former.state] -= former.count
        for each in counts:
            self._by_guild[each.guild_id] = (*self._by_guild.get(each.guild_id, ()), each)
            self._agents[each.provider, each.state] += each.count
