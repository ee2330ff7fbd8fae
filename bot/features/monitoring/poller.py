"""Checks every connection again and again and hands the results to the recorder."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot import errors
from bot.backoff import Backoff
from bot.errors import UnavailableError
from bot.features.audit.service import AuditService
from bot.features.connections.refusals import note_refusal
from bot.features.connections.service import Connection, ConnectionService
from bot.features.connections.store import WatchableRow
from bot.features.monitoring.breaker import DOWN
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.host import Host
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ConnectionKey, ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.store import MonitoringStore
from bot.network_faults import NetworkFault, fault_of
from bot.providers.base.current_guild import working_for
from bot.providers.base.report import Reports, Wanted
from bot.providers.base.response_cache import ResponseCache

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MAX_WAIT_SECONDS: Final = 10.0
_MAX_PAUSE_SECONDS: Final = 60.0
"""How long a tick waits after several that failed for a reason that nobody foresaw."""
_REFUSED_INTERVALS: Final = 10
"""After so many intervals, refused credentials are tried again."""
_DAY: Final = 86_400


@dataclass(slots=True)
class _ConnectionState:
    """What the poller knows of a connection between two checks. Times are those of the schedule's clock.

    set_at: when the connection's credentials were stored. due: when the next check begins. held_until: the
    provider wants no request for this connection before this time. hold_error: the key of the error with
    which it said so, if it was down. refusal: the error's key if the credentials were refused; they are not
    tried again before ``retry_at``. error: why the last check failed, empty if it did not. reports: those of
    the last check, None unless the provider answered it. fault: why the provider could not be reached last.
    host: of the last check, empty before the first. lock: held while a result is made and stored.
    """

    set_at: int
    due: float
    running: asyncio.Task[None] | None = None
    cache: ResponseCache = field(default_factory=ResponseCache)
    held_until: float = 0.0
    hold_error: str = ""
    refusal: str = ""
    retry_at: float = 0.0
    error: str = ""
    reports: Reports | None = None
    fault: NetworkFault | None = None
    host: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def hold(self, error: errors.ProviderError, now: float) -> None:
        """Note why a provider is down, and obey the pause that it asks for, if it does.

        The checks go on without a request, so that the guild's own alert about it does not wait.
        """
        self.fault = fault_of(error) if isinstance(error, errors.UnreachableError) else None
        if error.retry_after is not None:
            self.held_until, self.hold_error = now + error.retry_after, error.key

    @property
    def is_running(self) -> bool:
        return self.running is not None and not self.running.done()


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
        self._audit = audit
        self._builder = builder
        self._recorder = recorder
        self._store = store
        self._schedule = schedule
        self._clock = clock
        self._history_seconds = history_days * _DAY
        self._states: dict[ConnectionKey, _ConnectionState] = {}
        self.hosts: dict[str, Host] = {}
        self._is_first_tick = True
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
            for state in self._states.values():
                if state.running is not None:
                    state.running.cancel()
            for task in self._judging:
                task.cancel()

    @property
    def overdue(self) -> float | None:
        """How many seconds ago the next tick was due, or the first one that failed; None before the first."""
        return None if self._due is None else max(0.0, self._schedule.clock() - self._due)

    async def tick(self, is_served: Callable[[int], bool]) -> None:
        """Start the checks that are due, and stop watching what belongs to connections that are gone.

        Nothing is checked while the database takes no writes: the results would be lost.
        """
        if not await self._store.takes_writes():
            return
        rows = [row for row in await self._connections.watchable() if is_served(row.guild_id)]
        for row in rows:
            state = self._state(row)
            if not state.is_running and state.due <= self._schedule.clock():
                self._start(row, state)
        self._is_first_tick = False
        for key in self._states.keys() - {_key(row) for row in rows}:
            if not self._states[key].is_running:
                del self._states[key]
                self._may_have_orphans = True
        used = {state.host for state in self._states.values()}
        self.hosts = {name: host for name, host in self.hosts.items() if name in used}
        if self._may_have_orphans:
            await self._recorder.remove_orphans(int(self._clock()))
            self._may_have_orphans = False

    async def check_guild(self, guild_id: int, max_wait: float = _MAX_WAIT_SECONDS) -> None:
        """Check all connections of a guild now; return once the results are stored, or after ``max_wait``
        seconds.

        A check that is under way already is awaited instead. A provider that asked for no requests gets none.
        Discord is asked about every agent.
        """
        running = set()
        for row in await self._connections.watchable(guild_id):
            state = self._state(row)
            state.retry_at = 0.0
            if not state.is_running and state.held_until <= self._schedule.clock():
                self._start(row, state, must_read=True)
            if state.running is not None:
                running.add(state.running)
        if running:
            await asyncio.wait(running, timeout=max_wait)

    def paused_until(self, guild_id: int) -> dict[tuple[str, str], float]:
        """Return until when a provider wants no request of a guild's connections, by provider and name.

        Times are seconds since 1970. Connections that may be asked now are left out.
        """
        now, ticks = self._clock(), self._schedule.clock()
        return {
            (provider, name): now + state.held_until - ticks
            for (guild, provider, name), state in self._states.items()
            if guild == guild_id and state.held_until > ticks
        }

    def check_soon(self, guild_id: int) -> None:
        """Have all connections of a guild checked at the next tick, or once their provider takes requests."""
        for (guild, _, _), state in self._states.items():
            if guild == guild_id:
                state.due = min(state.due, max(self._schedule.clock(), state.held_until))

    async def judge_again(self, guild_id: int) -> None:
        """Store what Discord lets a guild's agents do now, without a request to a provider.

        The reports of the last check count, where the provider answered it.
        """
        for key, state in list(self._states.items()):
            if key[0] != guild_id:
                continue
            async with state.lock:
                # Reports of credentials that were replaced meanwhile say nothing of the new ones.
                if state.reports is not None and self._states.get(key) is state:
                    result = await self._builder.build(key, state.reports, must_read=False, is_check=False)
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

    def _state(self, row: WatchableRow) -> _ConnectionState:
        """Return a connection's state, a new one if it has other credentials than before: these are due at
        once.
        """
        state = self._states.get(_key(row))
        if state is None or state.set_at != row.set_at:
            due = self._schedule.first() if self._is_first_tick else self._schedule.clock()
            new = _ConnectionState(row.set_at, due)
            if state is not None:  # a check of the old credentials ends before one of the new ones begins
                new.running, new.lock, new.host = state.running, state.lock, state.host
            state = self._states[_key(row)] = new
        return state

    def _start(self, row: WatchableRow, state: _ConnectionState, *, must_read: bool = False) -> None:
        state.due = self._schedule.next()
        with working_for(row.guild_id):
            state.running = asyncio.create_task(self._check(row, state, must_read=must_read))

    async def _check(self, row: WatchableRow, state: _ConnectionState, *, must_read: bool) -> None:
        """Check one connection and store the result, if there is one.

        must_read: whether Discord is asked about every agent.
        """
        cause: Exception | None = None
        try:
            async with state.lock:
                result, cause = await self._result(row, state, must_read=must_read)
                await self._recorder.record(result)
                state.reports = result.reports
            error = result.error
        except (errors.NoConnectionError, errors.ConnectionChangedError):
            return  # it was removed or changed after the tick listed it
        except UnavailableError:
            return  # the log says so already, once for all connections
        except errors.QueueFullError as full:  # our own limit, which the provider knows nothing of
            error = full.key
        except errors.RateLimitedError as limited:
            wait = limited.retry_after
            state.held_until = state.due if wait is None else self._schedule.clock() + wait
            state.due = max(state.due, state.held_until)
            error = limited.key
        except Exception as failed:  # noqa: BLE001 - a broken file
            error, cause = "not_recorded", failed
        self._log_change(row, state, error, cause)

    async def _result(
        self, row: WatchableRow, state: _ConnectionState, *, must_read: bool
    ) -> tuple[CheckResult, Exception | None]:
        """Return the result of a check, and the exception if it failed unexpectedly.

        Raises NoConnectionError, ConnectionChangedError, RateLimitedError and UnavailableError: these say
        nothing of the connection.
        """
        cause: Exception | None = None
        try:
            connection = await self._connections.open(*_key(row), set_at=row.set_at)
            wanted = await self._builder.wanted(_key(row))
            outcome, error, reports = await self._ask(state, connection, wanted)
            if reports is not None:
                return await self._builder.build(_key(row), reports, must_read=must_read), None
        except (
            errors.NoConnectionError,
            errors.ConnectionChangedError,
            errors.RateLimitedError,
            UnavailableError,
        ):
            raise
        except errors.PatchbayError as failed:
            outcome, error = CheckOutcome.FAILED, failed.key
        except Exception as failed:  # noqa: BLE001 - a defect costs this check and no other
            outcome, error, cause = CheckOutcome.FAILED, errors.PatchbayError.key, failed
        return CheckResult(*_key(row), int(self._clock()), outcome, error=error), cause

    async def _ask(
        self, state: _ConnectionState, connection: Connection, wanted: Wanted
    ) -> tuple[CheckOutcome, str, Reports | None]:
        """Ask the provider; return the outcome, the error's key and the reports. Raises the other errors."""
        if connection.refused_at is not None and self._schedule.clock() < state.retry_at:
            return CheckOutcome.STILL_REFUSED, state.refusal, None
        if self._schedule.clock() < state.held_until:
            return CheckOutcome.DOWN, state.hold_error, None
        name = state.host = self._connections.provider(connection.provider).host(connection.credentials)
        clock = self._schedule.clock
        host = self.hosts.setdefault(name, Host(name, clock, self._schedule.interval))
        async with host.slot(connection.guild_id):
            if not host.breaker.may_ask(connection.guild_id, clock()):
                return CheckOutcome.DOWN, host.error, None
            answers_before = state.cache.answers_read
            try:
                with (
                    host.report_to_breaker(connection.guild_id),
                    host.lone_refusals.noting(_key(connection), clock),
                ):
                    reports = await self._reports(connection, wanted, state.cache)
            except DOWN as error:
                state.hold(error, clock())
                if not await self._is_lone_refusal(host, connection, error):
                    return CheckOutcome.DOWN, error.key, None
                refusal = errors.UnauthorizedError.key
            except (errors.UnauthorizedError, errors.ForbiddenError) as error:
                if connection.refused_at is None and not await note_refusal(
                    self._connections, self._audit, connection, error.key
                ):
                    raise  # the provider refuses this one request, not the credentials
                refusal = error.key
            else:
                if state.cache.answers_read > answers_before:  # else no request was needed
                    host.lone_refusals.note(_key(connection), None, clock())
                return CheckOutcome.ANSWERED, "", reports
            state.refusal = refusal
            state.retry_at = clock() + _REFUSED_INTERVALS * self._schedule.interval
            return CheckOutcome.REFUSED, refusal, None

    async def _is_lone_refusal(self, host: Host, connection: Connection, error: Exception) -> bool:
        """Return whether a 401 from in between counts as a refusal of the credentials, known or new."""
        if not isinstance(error, errors.IntermediaryUnauthorizedError):
            return False
        key = errors.UnauthorizedError.key
        is_refused = connection.refused_at is not None or (
            host.lone_refusals.counts(_key(connection))
            and await note_refusal(self._connections, self._audit, connection, key, by_intermediary=True)
        )
        if is_refused:
            host.lone_refusals.forget(_key(connection))
        return is_refused

    async def _reports(self, connection: Connection, wanted: Wanted, cache: ResponseCache) -> Reports:
        seconds = self._schedule.max_check_seconds
        try:
            async with asyncio.timeout(seconds):
                if connection.refused_at is not None:
                    # Reports may come without a request; only a request shows that the credentials are
                    # accepted again.
                    await self._connections.test(connection.guild_id, connection.provider, connection.name)
                provider = self._connections.provider(connection.provider)
                return await provider.reports(connection.credentials, wanted, cache)
        except TimeoutError:
            raise errors.ProviderTimeoutError(connection.provider, seconds=round(seconds)) from None

    def _log_change(
        self, row: WatchableRow, state: _ConnectionState, error: str, cause: Exception | None
    ) -> None:
        """Log once that checks fail, once each unexpected error, and once that checks work again."""
        log = _log.bind(guild=row.guild_id, provider=row.provider, connection=row.name)
        if error and (not state.error or (cause is not None and error != state.error)):
            fault = state.fault if error == errors.UnreachableError.key else None
            log.warning("check_failed", error=error, fault=fault, exc_info=cause)
        elif state.error and not error:
            log.info("check_back")
        state.error = error


def _key(row: WatchableRow | Connection) -> ConnectionKey:
    return row.guild_id, row.provider, row.name
