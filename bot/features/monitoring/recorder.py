"""Stores the results of checks, and with them what begins, changes or ends because of them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.features.alerts.incident_store import RECOVERED, UNWATCHED, Incident, Kind
from bot.features.alerts.service import DEFAULT_CHECKS, DEFAULT_STATES, Route
from bot.features.guilds.changes import GuildChanges
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.incidents import Health, IncidentStep, count_check, health_of, next_step
from bot.features.monitoring.service import GONE, NOT_CHECKED, STALE_CHECKS
from bot.features.monitoring.store import CheckRow, MonitoringStore, UnitOfWork, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from bot.store.database import UnavailableError

_JITTER: Final = 0.25
"""A part of the interval: two checks are closer together by so much at most."""
MAX_REPORTS: Final = 2000
"""So many reports are stored in one transaction: commands wait until it ends. A result is never split."""
_SAYS_HOW_THE_PROVIDER_IS: Final = frozenset({CheckOutcome.ANSWERED, CheckOutcome.REFUSED, CheckOutcome.DOWN})
_CONNECTION_STATES: Final = {
    CheckOutcome.ANSWERED: State.CONNECTED,
    CheckOutcome.REFUSED: State.ERROR,
    CheckOutcome.STILL_REFUSED: State.ERROR,
    CheckOutcome.FAILED: State.UNKNOWN,
}
"""A provider that is down says nothing of the connection."""

_Waiting = tuple[CheckResult, asyncio.Future[None]]


class Recorder:
    """Stores results that arrive at the same time in one transaction.

    The results of one connection must arrive one after the other; connections are independent of each other.
    """

    def __init__(self, store: MonitoringStore, changes: GuildChanges, interval: int) -> None:
        """interval: seconds between two checks."""
        self._store = store
        self._changes = changes
        self._interval = interval
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, result: CheckResult) -> None:
        """Store a result; return once it is durable. Raises what storing it raises."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((result, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await stored

    async def remove_orphans(self, at: int) -> None:
        """Stop watching what belongs to connections that were removed. at: seconds since 1970."""

        async def work(unit: UnitOfWork) -> set[int]:
            orphans = await unit.orphans()
            for row in orphans:
                await _stop_watching(unit, row, at)
            await unit.forget_checks()
            return {row.guild_id for row in orphans}

        self._changes.announce(await self._store.transact(work))

    async def _write(self) -> None:
        while self._waiting:
            size = _batch_size([result for result, _ in self._waiting])
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            self._changes.announce(await self._write_batch(batch))

    async def _write_batch(self, batch: Sequence[_Waiting]) -> set[int]:
        """Store results and resolve their futures; return the guilds in which something changed."""
        error: Exception | None = None
        changed: set[int] = set()
        try:
            changed = await self._store_all([result for result, _ in batch])
        except Exception as failed:  # noqa: BLE001 - ``record`` raises it
            if len(batch) > 1 and not isinstance(failed, UnavailableError):
                # A result that cannot be stored must not keep back the others. A locked or full file stores
                # none.
                return set().union(*[await self._write_batch([each]) for each in batch])
            error = failed
        for _, stored in batch:
            if stored.done():  # its caller was cancelled
                continue
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)
        return changed

    async def _store_all(self, results: Sequence[CheckResult]) -> set[int]:
        """Store all results or none; return the guilds in which something changed."""

        async def work(unit: UnitOfWork) -> set[int]:
            return {
                result.guild_id
                for result in results
                if await _CheckWriter(unit, result, self._interval).write()
            }

        return await self._store.transact(work)


class _CheckWriter:
    """Stores one result inside a transaction."""

    def __init__(self, unit: UnitOfWork, result: CheckResult, interval: int) -> None:
        self._unit = unit
        self._result = result
        self._interval = interval
        self._changed = False
        self._alarming: Collection[State] = DEFAULT_STATES
        self._checks_to_open = DEFAULT_CHECKS
        self._has_route = False
        self._unchecked_since: int | None = None
        self._open: dict[tuple[str, str], Incident] = {}

    async def write(self) -> bool:
        """Store the result; return whether more than the time of the last check changed."""
        result, unit = self._result, self._unit
        last = await unit.checks(result.guild_id, result.provider)
        answered_at = result.at if result.outcome is CheckOutcome.ANSWERED else None
        if not await unit.check(
            CheckRow(
                result.guild_id, result.provider, result.connection, result.at, answered_at, result.error
            )
        ):
            return False  # the connection was removed, or the guild was erased, while the check ran
        route = await unit.route(result.guild_id)
        if route is not None:
            self._alarming, self._checks_to_open = Route.of(route).states, route.checks
            self._has_route = True
        rows = {(row.kind, row.id): row for row in await unit.subjects(result.guild_id, result.provider)}
        self._open = {
            (incident.kind, incident.id): incident
            for incident in await unit.open_incidents(result.guild_id, result.provider)
        }
        previous = last.get(result.connection)
        if previous is not None and result.at - previous.checked_at > STALE_CHECKS * self._interval:
            self._unchecked_since = previous.checked_at + self._interval
        await self._record_provider_and_connection(rows, self._outcome(last))
        known = {row.id: row for (kind, _), row in rows.items() if kind is Kind.INTEGRATION}
        if result.reports is None:
            await self._record_unknown(known)
        else:
            await self._record_reports(result.reports, known, _read_by_others(result, known, last))
        return self._changed

    def _outcome(self, last: Mapping[str, CheckRow]) -> CheckOutcome:
        """Return the outcome in the light of the provider's other connections.

        If another connection was answered after this one failed before, the provider is not down.
        """
        result = self._result
        previous = last.get(result.connection)
        if result.outcome is CheckOutcome.DOWN and previous is not None and previous.error:
            answers = [each.answered_at for each in last.values() if each.answered_at is not None]
            if answers and max(answers) > previous.checked_at:
                return CheckOutcome.FAILED
        return result.outcome

    async def _record_provider_and_connection(
        self, rows: Mapping[tuple[Kind, str], WatchedRow], outcome: CheckOutcome
    ) -> None:
        result = self._result
        provider = rows.get((Kind.PROVIDER, result.provider))
        down = outcome is CheckOutcome.DOWN
        # The other connections to a provider that is down are checked in the same interval: these checks
        # count once.
        if outcome in _SAYS_HOW_THE_PROVIDER_IS and (
            provider is None or not down or self._is_in_next_interval(provider)
        ):
            state = State.DISCONNECTED if down else State.CONNECTED
            await self._record_state(provider, self._row(Kind.PROVIDER, result.provider, state))
        if not down:
            await self._record_state(
                rows.get((Kind.CONNECTION, result.connection)),
                self._row(Kind.CONNECTION, result.connection, _CONNECTION_STATES[outcome]),
            )

    def _is_in_next_interval(self, provider: WatchedRow) -> bool:
        """Return whether an interval, less the jitter, has passed since the last bad check that counted."""
        counted_seconds = (provider.bad - _JITTER) * self._interval
        return provider.bad_at is None or self._result.at - provider.bad_at >= counted_seconds

    async def _record_unknown(self, known: Mapping[str, WatchedRow]) -> None:
        for row in known.values():
            if row.connection == self._result.connection:
                unknown = replace(row, state=State.UNKNOWN, detail=self._result.error)
                await self._record_state(row, unknown, found_out=False)

    async def _record_reports(
        self, reports: Reports, known: Mapping[str, WatchedRow], read_by_others: Collection[str]
    ) -> None:
        result = self._result
        listed = {report.id for report in reports.items}
        here = {
            report.id: report
            for report in reports.items
            if report.guild_id in {None, str(result.guild_id)} or report.id in result.own
        }
        for report in here.values():
            if report.id not in read_by_others:
                before = known.get(report.id)
                # A report without a label is about an integration that could not be read: its detail is the
                # error.
                await self._record_state(before, self._reported(report, before), found_out=bool(report.label))
        for row in known.values():
            if row.id in here or row.connection != result.connection:
                continue
            if not reports.complete and row.id not in listed:
                unknown = replace(row, state=State.UNKNOWN, detail="beyond")
                await self._record_state(row, unknown, found_out=False)
            elif row.id in result.own:
                await self._record_state(row, replace(row, state=State.INACTIVE, detail=GONE))
            else:
                await _stop_watching(self._unit, row, result.at)
                self._changed = True

    def _reported(self, report: Report, before: WatchedRow | None) -> WatchedRow:
        row = self._row(Kind.INTEGRATION, report.id, report.state)
        label = report.label or (report.id if before is None else before.label)
        return replace(row, label=label, detail=report.detail)

    def _row(self, kind: Kind, subject: str, state: State) -> WatchedRow:
        result = self._result
        return WatchedRow(
            guild_id=result.guild_id,
            kind=kind,
            provider=result.provider,
            id=subject,
            connection="" if kind is Kind.PROVIDER else result.connection,
            label=subject,
            state=state,
            detail="" if state is State.CONNECTED else result.error,
            changed_at=result.at,
        )

    async def _record_state(
        self, before: WatchedRow | None, now: WatchedRow, *, found_out: bool = True
    ) -> None:
        """Store a subject's state, its history and its incident.

        found_out: False if the provider could not be asked about this subject.
        """
        at = self._result.at
        health = health_of(now.kind, now.state, self._alarming, before) if found_out else Health.NEITHER
        moved = before is None or before.state != now.state
        is_open = (now.kind, now.id) in self._open
        if before is not None:
            now = replace(
                before,
                connection=now.connection,
                label=now.label,
                state=now.state,
                detail=now.detail,
                changed_at=at if moved else before.changed_at,
            )
            if self._unchecked_since is not None and not is_open and health is not Health.NEITHER:
                # Bad checks from before the gap do not count towards an incident of now.
                now = replace(now, bad=0, bad_at=None)
            if self._unchecked_since is not None and now.kind is Kind.INTEGRATION:
                await self._record_gap(before, self._unchecked_since)
        now = count_check(now, health, at, is_open=is_open)
        if now.state is not State.UNKNOWN:
            now = replace(now, found=now.state)
        if now != before:
            await self._unit.put(now)
            self._changed = True
        if now.kind is Kind.INTEGRATION and (
            moved or before is None or before.detail != now.detail or self._unchecked_since is not None
        ):
            await self._unit.transition(now, at)
        await self._update_incident(now, health)

    async def _record_gap(self, before: WatchedRow, since: int) -> None:
        """Add to the history that nobody checked from this time on."""
        if before.state != State.UNKNOWN:
            await self._unit.transition(replace(before, state=State.UNKNOWN, detail=NOT_CHECKED), since)

    async def _update_incident(self, row: WatchedRow, health: Health) -> None:
        """Open, change or close the subject's incident."""
        unit, at = self._unit, self._result.at
        latest = self._open.get((row.kind, row.id))
        if latest is None and row.bad >= self._checks_to_open:
            latest = await unit.latest_incident(row)
        match next_step(row, health, latest, self._checks_to_open):
            case IncidentStep.NOTHING:
                return
            case IncidentStep.OPEN:
                await unit.open(_new_incident(row), announce_at=at if self._has_route else None)
            case IncidentStep.CLOSE if latest is not None:
                await unit.change(replace(latest, closed_at=at, ended=RECOVERED), at)
            case IncidentStep.REOPEN if latest is not None:
                again = replace(_updated(latest, row), closed_at=None, ended="", reopened=latest.reopened + 1)
                if self._has_route:  # the guild may have had no route when the incident began
                    await unit.announce(again.guild_id, again.number, at)
                await unit.change(again, at)
            case IncidentStep.CHANGE if latest is not None:
                await unit.change(_updated(latest, row), at)
        self._changed = True


def _read_by_others(
    result: CheckResult, known: Mapping[str, WatchedRow], last: Mapping[str, CheckRow]
) -> Collection[str]:
    """Return the ids of the integrations that are read through another connection.

    Several connections may list the same integration. It stays with the first one as long as that one can be
    read and lists it.
    """
    others = {name for name, check in last.items() if not check.error} - {result.connection}
    return {
        row.id
        for row in known.values()
        if row.connection in others and (row.state, row.detail) != (State.INACTIVE, GONE)
    }


def _batch_size(results: Sequence[CheckResult]) -> int:
    """Return how many of the results fit into one transaction: one at least."""
    reports = 0
    for number, result in enumerate(results):
        # The rows of the connection and of the provider count as well.
        reports += 2 + (0 if result.reports is None else len(result.reports.items))
        if reports > MAX_REPORTS:
            return max(1, number)
    return len(results)


async def _stop_watching(unit: UnitOfWork, row: WatchedRow, at: int) -> None:
    """Delete a row, and close its incident: nobody can find out any more how that goes on."""
    latest = await unit.latest_incident(row)
    if latest is not None and latest.closed_at is None:
        await unit.change(replace(latest, closed_at=at, ended=UNWATCHED), at)
    await unit.drop(row)


def _new_incident(row: WatchedRow) -> Incident:
    assert row.bad_at is not None  # noqa: S101 - only bad checks open an incident
    return Incident(
        guild_id=row.guild_id,
        number=0,
        kind=row.kind,
        provider=row.provider,
        id=row.id,
        connection=row.connection,
        label=row.label,
        state=row.state,
        detail=row.detail,
        opened_at=row.bad_at,
    )


def _updated(incident: Incident, row: WatchedRow) -> Incident:
    return replace(incident, label=row.label, state=row.state, detail=row.detail, connection=row.connection)
