"""Stores one result of a check inside a transaction."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from bot.features.alerts.incident_store import OVERDUE, Kind
from bot.features.alerts.routes import Route
from bot.features.monitoring.absence import ACCEPTED, NOT_THERE, count_missing, not_listed
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind, effective_state
from bot.features.monitoring.belonging import Belonging
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.incident_writer import IncidentWriter
from bot.features.monitoring.incidents import Health, count_check, health_of
from bot.features.monitoring.service import NOT_CHECKED, STALE_CHECKS
from bot.features.monitoring.store import CheckRow, UnitOfWork, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED, Report, Reports

_JITTER: Final = 0.25
"""A part of the interval: two checks are closer together by so much at most."""
MAX_CANDIDATES: Final = 200
"""So many integrations of one connection that may run in the guild are stored."""
_SAYS_HOW_THE_PROVIDER_IS: Final = frozenset({CheckOutcome.ANSWERED, CheckOutcome.REFUSED, CheckOutcome.DOWN})
_CONNECTION_STATES: Final = {
    CheckOutcome.ANSWERED: State.CONNECTED,
    CheckOutcome.REFUSED: State.ERROR,
    CheckOutcome.STILL_REFUSED: State.ERROR,
    CheckOutcome.FAILED: State.UNKNOWN,
}
"""A provider that is down says nothing of the connection."""


class CheckWriter:
    """Stores one result inside a transaction."""

    def __init__(self, unit: UnitOfWork, result: CheckResult, interval: int) -> None:
        self._unit = unit
        self._result = result
        self._interval = interval
        self._changed = False
        self._incidents = IncidentWriter(unit, (), (), result.at)
        self._unchecked_since: int | None = None
        self._guild = str(result.guild_id)
        self._puts: list[WatchedRow] = []
        self._transitions: list[tuple[WatchedRow, int]] = []

    async def write(self) -> bool:
        """Store the result; return whether more than the time of the last check changed."""
        result, unit = self._result, self._unit
        last = await unit.checks(result.guild_id, result.provider)
        unless = None if result.rows is None else result.rows.digest
        stored = await unit.checked_rows(result.guild_id, result.provider, unless) or result.rows
        assert stored is not None  # noqa: S101 - only the result's digest can still be the same
        if result.is_check and not await unit.check(check_row(result)):
            return False  # the connection was removed, or the guild was erased, while the check ran
        rows = {(row.kind, row.id): row for row in stored.watched}
        routes = [Route.of(row) for row in stored.routes]
        self._incidents = IncidentWriter(unit, routes, stored.incidents, result.at)
        if result.is_check:
            previous = last.get(result.connection)
            if previous is not None and result.at - previous.checked_at > STALE_CHECKS * self._interval:
                self._unchecked_since = previous.checked_at + self._interval
                self._changed = True  # what the check counts differs from what the next one would count
            await self._record_provider_and_connection(rows, self._outcome(last))
        elif result.connection not in last:
            return False
        # What was ignored while the check ran counts as well.
        ignored = frozenset(each.id for each in stored.ignored)
        result = self._result = replace(result, ignored=ignored.union(result.ignored))
        known = {row.id: row for (kind, _), row in rows.items() if kind is Kind.INTEGRATION}
        candidates = {row.id: row for (kind, _), row in rows.items() if kind is Kind.CANDIDATE}
        if new := set(result.own) - known.keys():
            # What was unlinked while the check ran is not watched again.
            new &= {placed.id for placed in stored.linked}
            result = self._result = replace(result, own=new | (known.keys() & set(result.own)))
        if result.reports is None:
            await self._record_unknown(known)
        else:
            belonging = Belonging(result, known, _read_by_others(result, known, last))
            await self._record_reports(result.reports, known, belonging)
            await self._record_candidates(result.reports, candidates, belonging)
        await unit.put(*self._puts)
        await unit.transitions(self._transitions)
        await self._drop_ignored(known)
        return self._changed

    def _put(self, row: WatchedRow) -> None:
        self._puts.append(row)
        self._changed = True

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
        self, reports: Reports, known: Mapping[str, WatchedRow], belonging: Belonging
    ) -> None:
        result = self._result
        for report in reports.items:
            before = known.get(report.id)
            if belonging.is_watched(report) and not (before is not None and self._is_at_rest(report, before)):
                # A report without a label is about an integration that could not be read: its detail is the
                # error.
                await self._record_state(before, self._reported(report, before), found_out=bool(report.label))
        if not result.is_check:
            return
        for missing in reports.missing - set(result.ignored):
            before = known.get(missing)
            if before is None and missing in result.own:
                before = self._row(Kind.INTEGRATION, missing, State.UNKNOWN)
            if before is not None and before.connection == result.connection:
                now = count_missing(before, result.at)
                await self._record_state(known.get(missing), now, found_out=now.detail == GONE)

    async def _record_candidates(
        self, reports: Reports, candidates: Mapping[str, WatchedRow], belonging: Belonging
    ) -> None:
        """Store what may run in the guild, so that a manager can decide."""
        possible: dict[str, WatchedRow] = {}
        for report in reports.items:
            if belonging.is_candidate(report):
                if len(possible) == MAX_CANDIDATES:
                    break
                row = self._row(Kind.CANDIDATE, report.id, report.state)
                possible[report.id] = replace(row, label=report.label, bot_id=report.bot_id)
        others = {row.id for row in candidates.values() if row.connection != self._result.connection}
        for each in possible.keys() - others:
            before = candidates.get(each)
            now = possible[each] if before is None else replace(possible[each], changed_at=before.changed_at)
            if now != before:
                self._put(now)
        gone = []
        for row in candidates.values():
            is_ours = row.connection == self._result.connection
            if belonging.is_known(row.id) or (is_ours and row.id not in possible):
                gone.append(row)
                self._changed = True
        await self._unit.drop(*gone)

    async def _drop_ignored(self, known: Mapping[str, WatchedRow]) -> None:
        for ignored in self._result.ignored:
            if (row := known.get(ignored)) is not None:
                await self._unit.stop_watching(row, self._result.at)
                self._changed = True

    def _reported(self, report: Report, before: WatchedRow | None) -> WatchedRow:
        """Return the row of an integration as its provider reports it, and as Discord lets it be."""
        bot_id = report.bot_id or self._result.bots.get(report.id)
        access = self._access(report, before)
        if report.detail == NOT_LISTED:
            state, detail = report.state, not_listed(before, self._result.at)
        else:
            state, detail = effective_state(report.state, report.detail, Access.of(access))
        return replace(
            self._row(Kind.INTEGRATION, report.id, state),
            label=report.label or (report.id if before is None else before.label),
            detail=detail,
            bot_id=bot_id or (None if before is None else before.bot_id),
            access=access,
        )

    def _is_at_rest(self, report: Report, before: WatchedRow) -> bool:
        """Tell whether an integration is connected as it was before, so that nothing is to be stored.

        Of most integrations this is soon said, and ``_record_state`` would say the same.
        """
        return (
            report.state is State.CONNECTED is before.state
            and (report.label, report.detail) == (before.label, "")
            and (before.detail, before.access, before.found) == ("", "", State.CONNECTED)
            and (before.bad, before.bad_at, before.missing, before.missing_at) == (0, None, 0, None)
            and before.connection == self._result.connection
            and (report.bot_id or self._result.bots.get(report.id) or before.bot_id) == before.bot_id
            and not self._access(report, before)
            and not self._incidents.is_open(Kind.INTEGRATION, report.id)
            and self._unchecked_since is None
        )

    def _access(self, report: Report, before: WatchedRow | None) -> str:
        """Return the last that is known of what Discord lets an agent do here, as it is stored."""
        if report.guild_id is not None and report.guild_id != self._guild:
            return Access(AccessKind.ELSEWHERE).detail
        access = self._result.access.get(report.id, UNKNOWN)
        if access.kind is not AccessKind.UNKNOWN:
            return access.detail
        if before is None or before.access == AccessKind.ELSEWHERE:
            return ""
        return before.access

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
        counts = found_out and self._result.is_check and now.detail != ACCEPTED
        health = health_of(now, self._incidents.alarming(now), before) if counts else Health.NEITHER
        moved = before is None or before.state != now.state
        is_open = self._incidents.is_open(now.kind, now.id)
        if before is not None:
            now = replace(
                before,
                connection=now.connection,
                label=now.label,
                state=now.state,
                detail=now.detail,
                changed_at=at if moved else before.changed_at,
                bot_id=now.bot_id,
                access=now.access,
                missing=now.missing,
                missing_at=now.missing_at,
            )
            if self._unchecked_since is not None and not is_open and health is not Health.NEITHER:
                # Bad checks from before the gap do not count towards an incident of now.
                now = replace(now, bad=0, bad_at=None)
            if self._unchecked_since is not None and now.kind is Kind.INTEGRATION:
                self._record_gap(before, self._unchecked_since)
        now = count_check(now, health, at, is_open=is_open)
        is_listed = found_out and now.detail not in {ACCEPTED, OVERDUE, GONE}
        if now.state is not State.UNKNOWN if now.found else is_listed:
            now = replace(now, found=now.state)
        if now != before:
            self._put(now)
        if now.kind is Kind.INTEGRATION and (
            moved or before is None or before.detail != now.detail or self._unchecked_since is not None
        ):
            self._transitions.append((now, at))
        if await self._incidents.update(now, before, health):
            self._changed = True

    def _record_gap(self, before: WatchedRow, since: int) -> None:
        """Add to the history that nobody checked from this time on."""
        if before.state != State.UNKNOWN:
            unknown = replace(before, state=State.UNKNOWN, detail=NOT_CHECKED)
            self._transitions.append((unknown, since))


def _read_by_others(
    result: CheckResult, known: Mapping[str, WatchedRow], last: Mapping[str, CheckRow]
) -> Collection[str]:
    """Return the ids of the integrations that are read through another connection.

    Several connections may list the same integration. It stays with the first one as long as that one can be
    read and shows it, unless a member has linked it with the connection that is read now.
    """
    others = {name for name, check in last.items() if not check.error} - {result.connection}
    elsewhere = {row.id for row in known.values() if row.connection in others and row.detail not in NOT_THERE}
    # Only what is really there: two connections of which one lacks it would take it from each other.
    items = () if result.reports is None else result.reports.items
    shown = {report.id for report in items if report.label and report.detail not in NOT_THERE}
    return elsewhere - (shown & set(result.own))


def check_row(result: CheckResult) -> CheckRow:
    """Return what is stored of a check, whatever it found."""
    answered_at = result.at if result.outcome is CheckOutcome.ANSWERED else None
    return CheckRow(result.guild_id, result.provider, result.connection, result.at, answered_at, result.error)
