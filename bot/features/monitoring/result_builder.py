"""Says what to read of a connection, and adds to the reports what the guild knows and what Discord says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.features.alerts.incident_store import Kind
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import Placed
from bot.features.monitoring.access import AccessReader, AccessSubject
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.store import MonitoringStore, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, Report, Reports, Wanted

ConnectionKey = tuple[int, str, str]
"""Guild id, provider and name of a connection."""


class ResultBuilder:
    """Makes the result of a check that a provider answered."""

    def __init__(
        self,
        integrations: IntegrationService,
        store: MonitoringStore,
        access: AccessReader,
        clock: Callable[[], float],
    ) -> None:
        """clock: seconds since 1970."""
        self._integrations = integrations
        self._store = store
        self._access = access
        self._clock = clock

    async def wanted(self, key: ConnectionKey) -> Wanted:
        """Return the integrations that are read by themselves if the provider's list lacks them."""
        return (await self._known(key)).wanted

    async def build(
        self, key: ConnectionKey, reports: Reports, *, must_read: bool, is_check: bool = True
    ) -> CheckResult:
        """Return the result. must_read: whether Discord is asked about every agent.

        is_check: see ``CheckResult``.
        """
        known = await self._known(key)
        access = await self._access.read(key[0], list(known.subjects(reports, must_read=must_read)))
        return CheckResult(
            *key,
            int(self._clock()),
            CheckOutcome.ANSWERED,
            reports,
            known.own,
            ignored=known.ignored,
            bots=known.bots,
            access=access,
            is_check=is_check,
        )

    async def _known(self, key: ConnectionKey) -> _Known:
        guild_id, provider, _ = key
        return _Known(
            key,
            await self._integrations.of_guild(guild_id, provider),
            frozenset(await self._integrations.ignored(guild_id, provider)),
            await self._store.subjects(guild_id, provider),
            await self._store.blocked_incidents(guild_id, provider),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of one connection.

    placed: what the guild has linked with the provider, by id. ignored: the
    ids of what it ignores. rows: everything that it watches with the provider. alerted: the ids of the
    integrations about which an incident is open because they are blocked.
    """

    key: ConnectionKey
    placed: Mapping[str, Placed]
    ignored: Collection[str]
    rows: Sequence[WatchedRow]
    alerted: Collection[str]

    @property
    def own(self) -> frozenset[str]:
        """The ids of what the guild has linked with this connection."""
        return frozenset(each.id for each in self.placed.values() if each.connection == self.key[2])

    @property
    def bots(self) -> dict[str, int]:
        """The Discord users that integrations speak as, by the integration's id, as far as they are known."""
        known = {row.id: row.bot_id for row in self.rows if row.bot_id is not None}
        return known | {each.id: each.bot_id for each in self.placed.values() if each.bot_id is not None}

    @property
    def wanted(self) -> Wanted:
        """The integrations that are read by themselves if the provider's list lacks them."""
        watched = {
            row.id for row in self.rows if row.kind is Kind.INTEGRATION and row.connection == self.key[2]
        }
        ids = (self.own | watched) - set(self.ignored)
        return Wanted(ids, ids - self.bots.keys(), self.key[0])

    def subjects(self, reports: Reports, *, must_read: bool) -> Iterator[AccessSubject]:
        """Yield the agents of which Discord is asked: those that may answer in the guild.

        must_read: whether Discord is asked about each of them, whatever it said before.
        """
        bots, known = self.bots, {row.id: row for row in self.rows if row.kind is Kind.INTEGRATION}
        for report in reports.items:
            bot_id = report.bot_id or bots.get(report.id)
            row = known.get(report.id)
            if bot_id is None or not self._may_be_here(report, row):
                continue
            # What only may run here is not called blocked, whatever its bot can do.
            is_unwatched = row is None and report.id not in self.placed and report.guild_id is None
            changed = row is not None and row.found not in {State.CONNECTED, State.BLOCKED}
            yield AccessSubject(
                report.id,
                bot_id,
                report.channels,
                report.opens_threads,
                must_read=must_read or changed,
                skip_confirmation=is_unwatched or report.id in self.alerted,
            )

    def _may_be_here(self, report: Report, row: WatchedRow | None) -> bool:
        if report.id in self.ignored or report.guild_id not in {None, str(self.key[0])}:
            return False
        # Of what is watched, it matters only while the provider runs it.
        return report.detail != GONE if row is None else report.state is State.CONNECTED
