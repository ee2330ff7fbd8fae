"""What is known of each connection between two checks, and which checks are due."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from bot import errors
from bot.features.connections.store import WatchableRow
from bot.features.monitoring.result_builder import ConnectionKey, Rest
from bot.network_faults import NetworkFault, fault_of
from bot.providers.base.report import Reports
from bot.providers.base.response_cache import ResponseCache


@dataclass(slots=True, eq=False)
class ConnectionState:
    """A connection, and what its last check has left. Times are those of the schedule's clock.

    due: when the next check begins; ``ConnectionStates.set_due`` changes it. held_until: the provider wants
    no request for this connection before this time. hold_error: the key of the error with which it said so,
    if it was down. refusal: the error's key if the credentials were refused; they are not tried again before
    ``retry_at``. error: why the last check failed, empty if it did not. reports: those of the last check,
    None unless the provider answered it. rest: what the last check found, if it changed nothing. fault: why
    the provider could not be reached last. host: of the last check, empty before the first.
    """

    row: WatchableRow
    due: float
    turn: int = 0
    """Which of its entries in the queue counts, 0 for none: it is not to be checked at any time."""
    running: asyncio.Task[None] | None = None
    held_until: float = 0.0
    hold_error: str = ""
    refusal: str = ""
    retry_at: float = 0.0
    error: str = ""
    reports: Reports | None = None
    rest: Rest | None = None
    fault: NetworkFault | None = None
    host: str = ""
    _cache: ResponseCache | None = None
    _lock: asyncio.Lock | None = None

    @property
    def key(self) -> ConnectionKey:
        """Guild id, provider and name."""
        return self.row.key

    # Most connections of a large bot are those of guilds that another process serves, and are never checked.
    @property
    def cache(self) -> ResponseCache:
        """The answers to the connection's credentials."""
        if self._cache is None:
            self._cache = ResponseCache()
        return self._cache

    @property
    def lock(self) -> asyncio.Lock:
        """Held while a result is made and stored."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock

    def hold(self, error: errors.ProviderError, now: float) -> None:
        """Note why a provider is down, and obey the pause that it asks for, if it does.

        The checks go on without a request, so that the guild's own alert about it does not wait.
        """
        self.fault = fault_of(error) if isinstance(error, errors.UnreachableError) else None
        if error.retry_after is not None:
            self.held_until, self.hold_error = now + error.retry_after, error.key

    @property
    def is_running(self) -> bool:
        """Whether a check is under way."""
        return self.running is not None and not self.running.done()

    def replaced(self, row: WatchableRow, due: float) -> ConnectionState:
        """Return the state of the same connection with other credentials.

        A check of the old ones ends before one of the new ones begins.
        """
        new = ConnectionState(row, due, running=self.running, host=self.host)
        new._lock = self.lock
        return new


class ConnectionStates:
    """The states of all connections, by guild and in the order of their next checks."""

    def __init__(self) -> None:
        self._guilds: dict[int, dict[ConnectionKey, ConnectionState]] = {}
        self._queue: list[tuple[float, int, ConnectionState]] = []
        self._turns = itertools.count(1)

    def __iter__(self) -> Iterator[ConnectionState]:
        """Yield the states of all guilds."""
        for states in self._guilds.values():
            yield from states.values()

    def of_guild(self, guild_id: int) -> list[ConnectionState]:
        """Return the states of a guild's connections."""
        return list(self._guilds.get(guild_id, {}).values())

    def holds(self, state: ConnectionState) -> bool:
        """Tell whether the connection still exists, with the same credentials."""
        return self._guilds.get(state.row.guild_id, {}).get(state.key) is state

    def add(self, row: WatchableRow, first_due: Callable[[], float]) -> ConnectionState:
        """Return a connection's state, a new one if it has other credentials than before."""
        states = self._guilds.setdefault(row.guild_id, {})
        before = states.get(row.key)
        if before is not None and before.row.set_at == row.set_at:
            return before
        due = first_due()
        states[row.key] = state = ConnectionState(row, due) if before is None else before.replaced(row, due)
        if before is not None:
            before.turn = 0
        self.set_due(state, due)
        return state

    def guilds(self) -> list[int]:
        """Return the guilds that have connections."""
        return list(self._guilds)

    def keep(self, kept: Collection[ConnectionKey], guild_id: int) -> bool:
        """Remove a guild's connections that are not among those to keep; return whether there were any."""
        states = self._guilds.get(guild_id, {})
        removed = [key for key in states if key not in kept]
        for key in removed:
            states.pop(key).turn = 0
        if not states:
            self._guilds.pop(guild_id, None)
        return bool(removed)

    def set_due(self, state: ConnectionState, due: float) -> None:
        """Have the connection's next check begin at this time."""
        state.due, state.turn = due, next(self._turns)
        heapq.heappush(self._queue, (due, state.turn, state))

    def postpone(self, state: ConnectionState, due: float) -> None:
        """Have the connection's next check begin at this time at the earliest."""
        if due > state.due and self.holds(state):
            self.set_due(state, due)

    def set_aside(self, state: ConnectionState) -> None:
        """Have the connection checked at no time until ``set_due`` is called."""
        state.turn = 0

    def due(self, now: float) -> Iterator[ConnectionState]:
        """Yield the connections whose checks are due. They stay due until ``set_due`` or ``set_aside``."""
        found = []
        try:
            while self._queue and self._queue[0][0] <= now:
                _, turn, state = heapq.heappop(self._queue)
                if state.turn == turn:  # else it was removed, or is due at another time
                    found.append((turn, state))
                    yield state
        finally:
            for turn, state in found:
                if state.turn == turn:
                    self.set_due(state, state.due)
