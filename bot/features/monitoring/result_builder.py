"""Says what to read of a connection, and adds to the reports what the guild knows and what Discord says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.access import AccessReader, AccessSubject
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.store import CheckedRows, MonitoringStore, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, NOT_LISTED, Report, Reports, Wanted

ConnectionKey = tuple[int, str, str]
"""Guild id, provider and name of a connection."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A check that changed nothing: one with the same answers changes nothing either, as long as what is
    stored stays the same.

    digest: of what was stored. wanted: what was read. subjects: of which Discord was asked. result: of the
    last check.
    """

    digest: bytes
    wanted: Wanted
    subjects: Sequence[AccessSubject]
    result: CheckResult


class ResultBuilder:
    """Makes the result of a check that a provider answered."""

    def __init__(self, store: MonitoringStore, access: AccessReader, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._access = access
        self._clock = clock

    async def basis(self, key: ConnectionKey, rest: Rest | None = None) -> Known | Rest:
        """Return what a check begins with; it says which integrations are wanted.

        rest: of the last check; it is returned if nothing that is stored has changed since.
        """
        rows = await self._store.checked_rows(*key[:2], unless=None if rest is None else rest.digest)
        if rows is not None:
            return Known(key, rows)
        assert rest is not None  # noqa: S101 - only its digest can still be the same
        return rest

    async def build(
        self, key: ConnectionKey, reports: Reports, *, must_read: bool, is_check: bool = True
    ) -> CheckResult:
        """Return the result. must_read: whether Discord is asked about every agent.

        is_check: see ``CheckResult``.
        """
        known = await self._latest(key)
        subjects = list(known.subjects(reports, must_read=must_read))
        return await self._result(known, reports, subjects, is_check=is_check)

    async def build_check(
        self, key: ConnectionKey, reports: Reports, basis: Known | Rest
    ) -> tuple[CheckResult, Rest | None]:
        """Return the result of a check, and what it rests on if it should turn out to change nothing.

        The latter is None where the same answers may mean something else after a while. basis: of the check.
        """
        known = await self._latest(key, basis if isinstance(basis, Known) else None)
        subjects = list(known.subjects(reports, must_read=False))
        result = await self._result(known, reports, subjects, is_check=True)
        if reports.missing or any(each.detail == NOT_LISTED for each in reports.items):
            return result, None
        return result, Rest(known.rows.digest, known.wanted, subjects, replace(result, rows=None))

    async def build_again(self, rest: Rest, reports: Reports) -> CheckResult | None:
        """Return the result of a check before which nothing that is stored has changed since the last one.

        It is None if the provider or Discord says something else than then.
        """
        before = rest.result
        if reports != before.reports:
            return None
        access = await self._access.read(before.guild_id, rest.subjects)
        if access != before.access:
            return None
        return replace(before, at=int(self._clock()), is_repeated=True)

    async def _result(
        self, known: Known, reports: Reports, subjects: Sequence[AccessSubject], *, is_check: bool
    ) -> CheckResult:
        access = await self._access.read(known.key[0], subjects)
        return CheckResult(
            *known.key,
            int(self._clock()),
            CheckOutcome.ANSWERED,
            reports,
            known.own,
            ignored=known.ignored,
            bots=known.bots,
            access=access,
            is_check=is_check,
            rows=known.rows,
        )

    async def _latest(self, key: ConnectionKey, before: Known | None = None) -> Known:
        """Return what is stored now. before: is returned if that is the same."""
        unless = None if before is None else before.rows.digest
        rows = await self._store.checked_rows(*key[:2], unless=unless)
        if rows is not None:
            return Known(key, rows)
        assert before is not None  # noqa: S101 - only its digest can still be the same
        return before


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of one connection."""

    key: ConnectionKey
    rows: CheckedRows

    @property
    def own(self) -> frozenset[str]:
        """The ids of what the guild has linked with this connection."""
        return frozenset(each.id for each in self.rows.linked if each.connection == self.key[2])

    @property
    def ignored(self) -> frozenset[str]:
        """The ids of what the guild ignores."""
        return frozenset(each.id for each in self.rows.ignored)

    @property
    def bots(self) -> dict[str, int]:
        """The Discord users that integrations speak as, by the integration's id, as far as they are known."""
        known = {row.id: row.bot_id for row in self.rows.watched if row.bot_id is not None}
        return known | {each.id: each.bot_id for each in self.rows.linked if each.bot_id is not None}

    @property
    def wanted(self) -> Wanted:
        """The integrations that are read by themselves if the provider's list lacks them."""
        watched = {
            row.id
            for row in self.rows.watched
            if row.kind is Kind.INTEGRATION and row.connection == self.key[2]
        }
        ids = (self.own | watched) - self.ignored
        return Wanted(ids, ids - self.bots.keys(), self.key[0])

    def subjects(self, reports: Reports, *, must_read: bool) -> Iterator[AccessSubject]:
        """Yield the agents of which Discord is asked: those that may answer in the guild.

        must_read: whether Discord is asked about each of them, whatever it said before.
        """
        bots, placed, ignored = self.bots, {each.id for each in self.rows.linked}, self.ignored
        known = {row.id: row for row in self.rows.watched if row.kind is Kind.INTEGRATION}
        alerted = {each.id for each in self.rows.incidents if each.state == State.BLOCKED}
        for report in reports.items:
            bot_id = report.bot_id or bots.get(report.id)
            row = known.get(report.id)
            if bot_id is None or report.id in ignored or not self._may_be_here(report, row):
                continue
            # What only may run here is not called blocked, whatever its bot can do.
            is_unwatched = row is None and report.id not in placed and report.guild_id is None
            changed = row is not None and row.found not in {State.CONNECTED, State.BLOCKED}
            yield AccessSubject(
                report.id,
                bot_id,
                report.channels,
                report.opens_threads,
                must_read=must_read or changed,
                skip_confirmation=is_unwatched or report.id in alerted,
            )

    def _may_be_here(self, report: Report, row: WatchedRow | None) -> bool:
        if report.guild_id not in {None, str(self.key[0])}:
            return False
        # Of what is watched, it matters only while the provider runs it.
        return report.detail != GONE if row is None else report.state is State.CONNECTED
