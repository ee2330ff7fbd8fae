"""Checks one connection: asks its provider, has the result stored, and logs what has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from bot import errors
from bot.errors import UnavailableError
from bot.features.audit.service import AuditService
from bot.features.connections.refusals import note_refusal
from bot.features.connections.service import Connection, ConnectionService
from bot.features.monitoring.breaker import DOWN
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.connection_states import ConnectionState, ConnectionStates
from bot.features.monitoring.host import Host
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.result_builder import ConnectionKey, Known, Rest, ResultBuilder
from bot.features.monitoring.schedule import ConnectionSchedule
from bot.features.monitoring.service import STALE_CHECKS
from bot.providers.base.report import Reports, Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.unsent import UnsentError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_REFUSED_INTERVALS: Final = 10
"""After so many intervals, refused credentials are tried again."""


class Checker:
    """Checks connections. hosts: what the checks of all connections to one host share, by its name."""

    def __init__(
        self,
        connections: ConnectionService,
        audit: AuditService,
        builder: ResultBuilder,
        recorder: Recorder,
        states: ConnectionStates,
        schedule: ConnectionSchedule,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._connections = connections
        self._audit = audit
        self._builder = builder
        self._recorder = recorder
        self._states = states
        self._schedule = schedule
        self._clock = clock
        self.hosts: dict[str, Host] = {}

    def forget_unused_hosts(self) -> None:
        """Forget the hosts that no connection uses any more."""
        used = {state.host for state in self._states}
        for name in self.hosts.keys() - used:
            del self.hosts[name]

    async def check(self, state: ConnectionState, *, must_read: bool) -> None:
        """Check one connection and store the result, if there is one.

        must_read: whether Discord is asked about every agent.
        """
        cause: Exception | None = None
        try:
            async with state.lock:
                result, cause, rest = await self._result(state, must_read=must_read)
                changed = await self._recorder.record(result)
                state.reports, state.rest = result.reports, None if changed else rest
            error = result.error
        except (errors.NoConnectionError, errors.ConnectionChangedError):
            return  # it was removed or changed after the tick listed it
        except UnsentError:
            return  # another process checks it by now
        except UnavailableError:
            return  # the log says so already, once for all connections
        except errors.QueueFullError as full:  # our own limit, which the provider knows nothing of
            error = full.key
        except errors.RateLimitedError as limited:
            wait = limited.retry_after
            state.held_until = state.due if wait is None else self._schedule.clock() + wait
            self._states.postpone(state, state.held_until)
            error = limited.key
        except Exception as failed:  # noqa: BLE001 - a broken file
            error, cause = "not_recorded", failed
        self._log_change(state, error, cause)

    async def _result(
        self, state: ConnectionState, *, must_read: bool
    ) -> tuple[CheckResult, Exception | None, Rest | None]:
        """Return the result of a check, the exception if it failed unexpectedly, and what it rests on.

        Raises NoConnectionError, ConnectionChangedError, UnsentError, RateLimitedError and UnavailableError:
        these say nothing of the connection.
        """
        cause: Exception | None = None
        try:
            connection = await self._connections.open(*state.key, set_at=state.row.set_at)
            basis = await self._builder.basis(state.key, state.rest)
            outcome, error, reports = await self._ask(state, connection, basis.wanted)
            if reports is not None:
                result, rest = await self._answered(state, basis, reports, must_read=must_read)
                return result, None, rest
        except (
            errors.NoConnectionError,
            errors.ConnectionChangedError,
            errors.RateLimitedError,
            UnsentError,
            UnavailableError,
        ):
            raise
        except errors.PatchbayError as failed:
            outcome, error = CheckOutcome.FAILED, failed.key
        except Exception as failed:  # noqa: BLE001 - a defect costs this check and no other
            outcome, error, cause = CheckOutcome.FAILED, errors.PatchbayError.key, failed
        return CheckResult(*state.key, int(self._clock()), outcome, error=error), cause, None

    async def _answered(
        self, state: ConnectionState, basis: Known | Rest, reports: Reports, *, must_read: bool
    ) -> tuple[CheckResult, Rest | None]:
        """Return the result of a check that the provider answered, and what it rests on.

        basis: what the check has begun with.
        """
        if must_read:
            return await self._builder.build(state.key, reports, must_read=True), None
        if isinstance(basis, Rest):
            repeated = await self._builder.build_again(basis, reports)
            # After a while without checks, the next one tells the history of it.
            longest = STALE_CHECKS * self._schedule.interval
            if repeated is not None and repeated.at - basis.result.at <= longest:
                return repeated, replace(basis, result=repeated)
        return await self._builder.build_check(state.key, reports, basis)

    async def _ask(
        self, state: ConnectionState, connection: Connection, wanted: Wanted
    ) -> tuple[CheckOutcome, str, Reports | None]:
        """Ask the provider; return the outcome, the error's key and the reports. Raises the other errors."""
        if (known := self._known(state, connection)) is not None:
            return *known, None
        key, clock, host = state.key, self._schedule.clock, self._host(state, connection)
        async with host.slot(connection.guild_id):
            if not host.breaker.may_ask(connection.guild_id, clock()):
                return CheckOutcome.DOWN, host.error, None
            answers_before = state.cache.answers_read
            try:
                with (
                    host.report_to_breaker(connection.guild_id),
                    host.lone_refusals.noting(key, clock),
                ):
                    reports = await self._reports(connection, wanted, state.cache)
            except UnsentError:
                raise
            except DOWN as error:
                state.hold(error, clock())
                if not await self._is_lone_refusal(host, key, connection, error):
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
                    host.lone_refusals.note(key, None, clock())
                return CheckOutcome.ANSWERED, "", reports
            state.refusal = refusal
            state.retry_at = clock() + _REFUSED_INTERVALS * self._schedule.interval
            return CheckOutcome.REFUSED, refusal, None

    def _known(self, state: ConnectionState, connection: Connection) -> tuple[CheckOutcome, str] | None:
        """Return the outcome and the error's key if the provider is not to be asked now."""
        if connection.refused_at is not None and self._schedule.clock() < state.retry_at:
            return CheckOutcome.STILL_REFUSED, state.refusal
        if self._schedule.clock() < state.held_until:
            return CheckOutcome.DOWN, state.hold_error
        return None

    def _host(self, state: ConnectionState, connection: Connection) -> Host:
        name = self._connections.provider(connection.provider).host(connection.credentials)
        before, state.host = state.host, name
        if before not in {"", name}:
            self.forget_unused_hosts()
        if name not in self.hosts:
            self.hosts[name] = Host(name, self._schedule.clock, self._schedule.interval)
        return self.hosts[name]

    async def _is_lone_refusal(
        self, host: Host, key: ConnectionKey, connection: Connection, error: Exception
    ) -> bool:
        """Return whether a 401 from in between counts as a refusal of the credentials, known or new."""
        if not isinstance(error, errors.IntermediaryUnauthorizedError):
            return False
        refusal = errors.UnauthorizedError.key
        is_refused = connection.refused_at is not None or (
            host.lone_refusals.counts(key)
            and await note_refusal(self._connections, self._audit, connection, refusal, by_intermediary=True)
        )
        if is_refused:
            host.lone_refusals.forget(key)
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

    def _log_change(self, state: ConnectionState, error: str, cause: Exception | None) -> None:
        """Log once that checks fail, once each unexpected error, and once that checks work again."""
        row = state.row
        log = _log.bind(guild=row.guild_id, provider=row.provider, connection=row.name)
        if error and (not state.error or (cause is not None and error != state.error)):
            fault = state.fault if error == errors.UnreachableError.key else None
            log.warning("check_failed", error=error, fault=fault, exc_info=cause)
        elif state.error and not error:
            log.info("check_back")
        state.error = error
