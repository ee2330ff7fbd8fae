"""Checks every connection again and again and hands the results to the recorder."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from bot.backoff import Backoff
from bot.errors import UnavailableError
from bot.features.audit.service import AuditService
from bot.features.connections.service import ConnectionService
from bot.features.monitoring.checker import Checker
from bot.features.monitoring.connection_states import ConnectionState, ConnectionStates
from bot.features.monitoring.host import Host
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ConnectionKey, ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.current_guild import working_for
from bot.rests import with_turns

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MAX_WAIT_SECONDS: Final = 10.0
_MAX_PAUSE_SECONDS: Final = 60.0
"""How long a tick waits after several that failed for a reason that nobody foresaw."""
_MAX_LOOKS: Final = 1000
"""So many connections of guilds that were not served are looked at in one tick, in turn."""
_DAY: Final = 86_400


class Poller:
    """Checks connections; two checks of one connection never run at once."""

    def __init__(
        self,
        connections: ConnectionService,
        audit: AuditService,
        builder: ResultBuilder,
        recorder: Recorder,
        store: MonitoringStore,
        schedule: ConnectionSchedule,
        clock: Callable[[], float],
        history_days: int,
    ) -> None:
        """clock: seconds since 1970. history_days: older history and closed incidents are deleted."""
        self._connections = connections
        self._builder = builder
        self._recorder = recorder
        self._store = store
        self._schedule = schedule
        self._clock = clock
        self._history_seconds = history_days * _DAY
        self._states = ConnectionStates()
        self._checker = Checker(connections, audit, builder, recorder, self._states, schedule, clock)
        self._away: deque[ConnectionState] = deque()  # due, in guilds that are not served
        self._has_list = False
        self._updating = asyncio.Lock()
        self._updates: set[asyncio.Task[None]] = set()
        self._next_update: asyncio.Task[None] | None = None  # the one that has not begun to read the list
        self._due: float | None = None
        self._may_have_orphans = True
        self._judging: set[asyncio.Task[None]] = set()
        self._judging_guilds: set[int] = set()
        self._to_judge: set[int] = set()  # what changed since judging them began

    async def run(self, is_served: Callable[[int], bool]) -> None:
        """Check until cancelled. is_served: returns whether the bot is in a guild and serves it."""
        backoff = Backoff(self._schedule.tick, _MAX_PAUSE_SECONDS)
        self._due = self._schedule.clock()
        try:
            while True:
                pause = self._schedule.tick
                try:
                    await self.tick(is_served)
                    backoff.succeed()
                    self._due = self._schedule.clock() + pause
                except UnavailableError:
                    pass  # the log says so already, and the next tick finds out whether it is over
                except Exception as error:  # noqa: BLE001 - the next tick comes whatever happens
                    pause = max(pause, backoff.fail_with(_log, "tick_failed", error))
                await asyncio.sleep(pause)
        finally:
            for state in self._states:
                if state.running is not None:
                    state.running.cancel()
            for task in self._judging:
                task.cancel()
            for update in self._updates:
                update.cancel()

    @property
    def overdue(self) -> float | None:
        """How many seconds ago the next tick was due, or the first one that failed; None before the first."""
        return None if self._due is None else max(0.0, self._schedule.clock() - self._due)

    @property
    def hosts(self) -> dict[str, Host]:
        """What the checks of all connections to one host share, by its name."""
        return self._checker.hosts

    async def tick(self, is_served: Callable[[int], bool]) -> None:
        """Start the checks that are due, and stop watching what belongs to connections that are gone.

        Nothing is checked while the database takes no writes: the results would be lost.
        """
        if not await self._store.takes_writes():
            return
        await self._update_list()
        self._look_for_those_away(is_served)
        async for state in with_turns(self._states.due(self._schedule.clock())):
            if not is_served(state.row.guild_id):
                self._states.set_aside(state)
                self._away.append(state)
            elif not state.is_running:
                self._start(state)
        if self._may_have_orphans:
            await self._recorder.remove_orphans(int(self._clock()))
            self._may_have_orphans = False

    async def check_guild(self, guild_id: int, max_wait: float = _MAX_WAIT_SECONDS) -> None:
        """Check all connections of a guild now; return once the results are stored, or after ``max_wait``
        seconds.

        A check that is under way already is awaited instead. A provider that asked for no requests gets none.
        Discord is asked about every agent.
        """
        await self._update_list()
        running = set()
        for state in self._states.of_guild(guild_id):
            state.retry_at = 0.0
            if not state.is_running and state.held_until <= self._schedule.clock():
                self._start(state, must_read=True)
            if state.running is not None:
                running.add(state.running)
        if running:
            await asyncio.wait(running, timeout=max_wait)

    def is_checking(self, guild_id: int) -> bool:
        """Tell whether a check of the guild's connections is under way."""
        return any(state.is_running for state in self._states.of_guild(guild_id))

    def forget(self, guild_id: int) -> None:
        """Drop what the last checks of a guild have found: other processes check it from now on."""
        for state in self._states.of_guild(guild_id):
            state.reports = state.rest = None

    def paused_until(self, guild_id: int) -> dict[tuple[str, str], float]:
        """Return until when a provider wants no request of a guild's connections, by provider and name.

        Times are seconds since 1970. Connections that may be asked now are left out.
        """
        now, ticks = self._clock(), self._schedule.clock()
        return {
            (state.row.provider, state.row.name): now + state.held_until - ticks
            for state in self._states.of_guild(guild_id)
            if state.held_until > ticks
        }

    def check_soon(self, guild_id: int) -> None:
        """Have all connections of a guild checked at the next tick, or once their provider takes requests."""
        for state in self._states.of_guild(guild_id):
            self._states.set_due(state, min(state.due, max(self._schedule.clock(), state.held_until)))

    async def judge_again(self, guild_id: int) -> None:
        """Store what Discord lets a guild's agents do now, without a request to a provider.

        The reports of the last check count, where the provider answered it.
        """
        for state in self._states.of_guild(guild_id):
            async with state.lock:
                # Reports of credentials that were replaced meanwhile say nothing of the new ones.
                if state.reports is not None and self._states.holds(state):
                    result = await self._builder.build(
                        state.key, state.reports, must_read=False, is_check=False
                    )
                    await self._recorder.record(result)

    def judge_soon(self, guild_id: int) -> None:
        """Have ``judge_again`` done in the background, once for all calls that come while it waits."""
        if guild_id in self._to_judge:
            return
        self._to_judge.add(guild_id)
        if guild_id in self._judging_guilds:
            return
        self._judging_guilds.add(guild_id)
        with working_for(guild_id):
            task = asyncio.create_task(self._try_judging(guild_id))
        self._judging.add(task)
        task.add_done_callback(self._judging.discard)

    async def _try_judging(self, guild_id: int) -> None:
        try:
            while guild_id in self._to_judge:
                self._to_judge.discard(guild_id)
                await self.judge_again(guild_id)
        except UnavailableError:
            pass
        except Exception:  # noqa: BLE001 - the next check judges again
            _log.exception("judging_failed", guild=guild_id)
        finally:
            self._to_judge.discard(guild_id)
            self._judging_guilds.discard(guild_id)

    async def compact(self) -> None:
        """Delete history and closed incidents that are too old."""
        await self._store.compact(int(self._clock()) - self._history_seconds)

    async def _update_list(self) -> None:
        """Learn which connections there are now, once for all who ask before that begins."""
        if self._next_update is None or self._next_update.done():
            with working_for(None):
                self._next_update = asyncio.create_task(self._read_list())
            self._updates.add(self._next_update)
            self._next_update.add_done_callback(self._updates.discard)
        # Whoever waits may be cancelled; what a change names is named once.
        await asyncio.shield(self._next_update)

    async def _read_list(self) -> None:
        """Take over what has changed.

        Connections that are new, or have other credentials than before, are due at once, but for those that
        are there when the bot starts.
        """
        async with self._updating:
            self._next_update = None
            change = await self._connections.watch_list_change()
            first_due = self._schedule.clock if self._has_list else self._schedule.first
            kept = set[ConnectionKey]()
            async for row in with_turns(change.rows):
                kept.add(self._states.add(row, first_due).key)
            removed = False
            guilds = self._states.guilds() if change.guilds is None else change.guilds
            async for guild_id in with_turns(guilds):
                removed |= self._states.keep(kept, guild_id)
            if removed:
                self._may_have_orphans = True
                self._checker.forget_unused_hosts()
            self._has_list = True

    def _look_for_those_away(self, is_served: Callable[[int], bool]) -> None:
        """Have the connections checked whose guilds are served by now."""
        for _ in range(min(len(self._away), _MAX_LOOKS)):
            state = self._away.popleft()
            if state.turn or not self._states.holds(state):
                continue  # it is due at some time anyway, or was removed
            if is_served(state.row.guild_id):
                self._states.set_due(state, state.due)
            else:
                self._away.append(state)

    def _start(self, state: ConnectionState, *, must_read: bool = False) -> None:
        self._states.set_due(state, self._schedule.next())
        with working_for(state.row.guild_id):
            state.running = asyncio.create_task(self._checker.check(state, must_read=must_read))
