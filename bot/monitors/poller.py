"""Reads every connection again and again, and hands over what it finds; survives whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import (
    ConnectionChangedError,
    ForbiddenError,
    NoConnectionError,
    PatchbayError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    UnauthorizedError,
)
from bot.kit.memo import Memo
from bot.monitors.breaker import DOWN, Breaker
from bot.monitors.reading import Outcome, Reading
from bot.services.refusals import note_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.kit.report import Reports
    from bot.monitors.pace import Pace
    from bot.monitors.recorder import Recorder
    from bot.services.audit import AuditService
    from bot.services.connections import Connection, ConnectionService
    from bot.services.integrations import IntegrationService
    from bot.store.connections import WatchableRow
    from bot.store.watching import WatchStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PER_HOST: Final = 4
"""Checks under way at once: half of the places that there are, as members wait for the others."""
_LONGEST_CHECK: Final = 60.0
"""Seconds. A reading may take many requests, each with a deadline of its own."""
_PATIENCE: Final = 10.0
"""Seconds for which somebody waits to have a guild read."""
_REFUSED_INTERVALS: Final = 10
"""How long a provider that refuses credentials is not asked again whether it still does."""
_COMPACT_SECONDS: Final = 3600
_DAY: Final = 86_400

_Key = tuple[int, str, str]
"""Guild, provider, name: what a connection is opened by."""


@dataclass(slots=True)
class _Seat:
    """What is kept of one connection's credentials between two checks. Times are the pace's.

    set_at: of the credentials. due: when to check next. held_until: no request before, the provider has said.
    refusal: for what the credentials were refused; until ``rest_until`` nobody asks whether they still are.
    error: why the last check failed, empty if it did not.
    """

    set_at: int
    due: float
    running: asyncio.Task[None] | None = None
    memo: Memo = field(default_factory=Memo)
    held_until: float = 0.0
    refusal: str = ""
    rest_until: float = 0.0
    error: str = ""

    @property
    def is_running(self) -> bool:
        return self.running is not None and not self.running.done()


class _Host:
    """What all connections that are read at one host have in common. error: of the last one that failed."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.breaker = Breaker(name, clock)
        self.places = asyncio.Semaphore(_PER_HOST)
        self.error = ""

    def failed(self, error: ProviderError) -> None:
        self.breaker.failed()
        if error.retry_after is not None:
            self.breaker.hold(error.retry_after)
        self.error = error.key


class Poller:
    """One check after the other of each connection; a connection is never checked twice at once."""

    def __init__(
        self,
        connections: ConnectionService,
        integrations: IntegrationService,
        audit: AuditService,
        recorder: Recorder,
        store: WatchStore,
        pace: Pace,
        clock: Callable[[], float],
        history_days: int,
    ) -> None:
        """clock: seconds since 1970. history_days: for which what is over is kept."""
        self._connections = connections
        self._integrations = integrations
        self._audit = audit
        self._recorder = recorder
        self._store = store
        self._pace = pace
        self._clock = clock
        self._history_seconds = history_days * _DAY
        self._seats: dict[_Key, _Seat] = {}
        self._hosts: dict[str, _Host] = {}
        self._is_new = True
        self._is_untidy = True
        self._compacted_at: float | None = None

    async def run(self, here: Callable[[int], bool]) -> None:
        """Check until cancelled. here: whether a guild is one that the bot is in, and serves."""
        try:
            while True:
                try:
                    await self._tick(here)
                except Exception:  # noqa: BLE001 - nobody else would begin again
                    _log.exception("tick_failed")
                await asyncio.sleep(self._pace.tick)
        finally:
            for seat in self._seats.values():
                if seat.running is not None:
                    seat.running.cancel()

    async def check_guild(self, guild_id: int) -> None:
        """Have all connections of a guild read now; return once it is written, or after ten seconds.

        A check that is under way is joined. A provider that wants to be left alone is.
        """
        running = set()
        for row in await self._connections.watchable(guild_id):
            seat = self._seat(row)
            seat.rest_until = 0.0
            if not seat.is_running and seat.held_until <= self._pace.clock():
                self._start(row, seat)
            if seat.running is not None:
                running.add(seat.running)
        if running:
            await asyncio.wait(running, timeout=_PATIENCE)

    async def _tick(self, here: Callable[[int], bool]) -> None:
        rows = [row for row in await self._connections.watchable() if here(row.guild_id)]
        for row in rows:
            seat = self._seat(row)
            if not seat.is_running and seat.due <= self._pace.clock():
                self._start(row, seat)
        self._is_new = False
        for key in self._seats.keys() - {_key(row) for row in rows}:
            if not self._seats[key].is_running:
                del self._seats[key]
                self._is_untidy = True
        await self._keep_house()

    async def _keep_house(self) -> None:
        now = int(self._clock())
        if self._is_untidy:
            await self._recorder.tidy(now)
            self._is_untidy = False
        if self._compacted_at is None or self._pace.clock() - self._compacted_at >= _COMPACT_SECONDS:
            await self._store.compact(now - self._history_seconds)
            self._compacted_at = self._pace.clock()

    def _seat(self, row: WatchableRow) -> _Seat:
        """Return a connection's seat, a new one for other credentials than before: they are due at once."""
        seat = self._seats.get(_key(row))
        if seat is None or seat.set_at != row.set_at:
            due = self._pace.spread() if self._is_new else self._pace.clock()
            # Readings of one connection come one after the other, of whichever credentials.
            running = None if seat is None else seat.running
            seat = self._seats[_key(row)] = _Seat(row.set_at, due, running)
        return seat

    def _start(self, row: WatchableRow, seat: _Seat) -> None:
        seat.due = self._pace.next()
        seat.running = asyncio.create_task(self._check(_key(row), seat))

    async def _check(self, key: _Key, seat: _Seat) -> None:
        """Read one connection and have it written down, unless there is nothing to say."""
        cause: Exception | None = None
        try:
            reading, cause = await self._read(key, seat)
            await self._recorder.take(reading)
            error = reading.error
        except (NoConnectionError, ConnectionChangedError):
            return  # since it was listed
        except RateLimitedError as limited:
            wait = limited.retry_after
            seat.held_until = seat.due if wait is None else self._pace.clock() + wait
            seat.due = max(seat.due, seat.held_until)
            error = limited.key
        except Exception as failed:  # noqa: BLE001 - a full disk, a broken file
            error, cause = "not_recorded", failed
        self._note(key, seat, error, cause)

    async def _read(self, key: _Key, seat: _Seat) -> tuple[Reading, Exception | None]:
        """Return what was found, and with it what nobody foresaw.

        Raises NoConnectionError, ConnectionChangedError and RateLimitedError: these are no findings.
        """
        own: Collection[str] = ()
        reports: Reports | None = None
        cause: Exception | None = None
        guild_id, provider, name = key
        try:
            connection = await self._connections.open(guild_id, provider, name, set_at=seat.set_at)
            placed = await self._integrations.of_guild(guild_id, provider)
            own = frozenset(each.id for each in placed.values() if each.connection == name)
            outcome, error, reports = await self._ask(seat, connection, own)
        except (NoConnectionError, ConnectionChangedError, RateLimitedError):
            raise
        except PatchbayError as failed:
            outcome, error = Outcome.FAILED, failed.key
        except Exception as failed:  # noqa: BLE001 - the check of this one is all that it may cost
            outcome, error, cause = Outcome.FAILED, PatchbayError.key, failed
        at = int(self._clock())
        return Reading(guild_id, provider, name, at, outcome, reports, own, error), cause

    async def _ask(
        self, seat: _Seat, connection: Connection, own: Collection[str]
    ) -> tuple[Outcome, str, Reports | None]:
        """Return what came of asking, with the error's key. Raises what is no news of the provider."""
        if connection.refused_at is not None and self._pace.clock() < seat.rest_until:
            return Outcome.RESTING, seat.refusal, None
        name = self._connections.provider(connection.provider).host(connection.credentials)
        host = self._hosts.setdefault(name, _Host(name, self._pace.clock))
        async with host.places:
            if not host.breaker.may_ask():
                return Outcome.DOWN, host.error, None
            try:
                reports = await self._reports(connection, own, seat.memo)
            except DOWN as error:
                host.failed(error)
                return Outcome.DOWN, error.key, None
            except (UnauthorizedError, ForbiddenError) as error:
                host.breaker.succeeded()
                if connection.refused_at is None and not await note_refusal(
                    self._connections, self._audit, connection, error.key
                ):
                    raise  # one thing alone is
                seat.refusal = error.key
                seat.rest_until = self._pace.clock() + _REFUSED_INTERVALS * self._pace.interval
                return Outcome.REFUSED, error.key, None
            except Exception:
                host.breaker.succeeded()  # whatever is wrong, it answers
                raise
            host.breaker.succeeded()
            return Outcome.ANSWERED, "", reports

    async def _reports(self, connection: Connection, own: Collection[str], memo: Memo) -> Reports:
        try:
            async with asyncio.timeout(_LONGEST_CHECK):
                if connection.refused_at is not None:
                    # To read may need no request at all; what lifts the refusal is that they are accepted.
                    await self._connections.test(connection.guild_id, connection.provider, connection.name)
                provider = self._connections.provider(connection.provider)
                return await provider.reports(connection.credentials, own, memo)
        except TimeoutError:
            raise ProviderTimeoutError(connection.provider, seconds=round(_LONGEST_CHECK)) from None

    def _note(self, key: _Key, seat: _Seat, error: str, cause: Exception | None = None) -> None:
        """Log once that a connection's checks fail, once what nobody foresaw, and once that it is over."""
        guild_id, provider, name = key
        log = _log.bind(guild=guild_id, provider=provider, connection=name)
        if error and (not seat.error or (cause is not None and error != seat.error)):
            log.warning("check_failed", error=error, exc_info=cause)
        elif seat.error and not error:
            log.info("check_back")
        seat.error = error


def _key(row: WatchableRow) -> _Key:
    return row.guild_id, row.provider, row.name
