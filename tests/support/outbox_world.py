"""A guild with an outbox over all real parts, and a Discord that fails as a test says."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import Incident, IncidentStore
from bot.features.alerts.quiet_hours_service import QuietHoursService
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.routes import Route
from bot.features.alerts.service import AlertService
from bot.features.alerts.store import AlertStore, BoardRow, OutboxRow
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.features.guilds.changes import GuildChanges
from bot.features.history.store import HistoryStore
from bot.features.maintenance.service import MaintenanceService
from bot.features.maintenance.store import MaintenanceStore
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.service import MonitoringService
from bot.features.monitoring.store import MonitoringStore
from bot.providers.base.report import Reports
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.alert_parts import INTERVAL, make_outbox
from tests.support.channels import FakeMessenger
from tests.support.clock import Clock

GUILD: Final = 1
MEMBER: Final = 7
CONNECTION: Final = ConnectionRow(GUILD, "toolzz", "default", b"", MEMBER, 0, 0)


class _All:
    sql = "SELECT * FROM outbox"


class OutboxWorld:
    """All that works on the guild ``GUILD``; a test decides what happens."""

    empty: Path
    """A database without rows."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = Clock()
        self._messenger = FakeMessenger(self._clock)
        self._deleted: set[int] = set()
        """Incidents of which a member has deleted a message."""
        self._board_version = 0

    def open(self) -> None:
        """Open a database that is like new, and start."""
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        shutil.copy(self.empty, folder / "patchbay.db")

        async def work() -> None:
            self._database = await self._stack.enter_async_context(Database.open(folder / "patchbay.db"))
            # No test cuts the power.
            await self._database._engine.connection.execute("PRAGMA synchronous = OFF")
            await ConnectionStore(self._database).insert(CONNECTION)

        self._runner.run(work())
        self.restart()

    def close(self) -> None:
        """End everything."""
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def restart(self) -> None:
        """Start with nothing but what the database knows."""
        database = self._database
        self._alerts, self._incident_store = AlertStore(database), IncidentStore(database)
        monitoring, changes = MonitoringStore(database), GuildChanges()
        self._groups, maintenance = GroupStore(database), MaintenanceStore(database)
        self._holds = HoldReader(database, maintenance)
        self._service = AlertService(
            self._alerts, self._groups, self._incident_store, self._holds, changes, self._clock
        )
        self._maintenance = MaintenanceService(maintenance, changes, self._clock)
        self._quiet_hours = QuietHoursService(QuietHoursStore(database), changes, self._clock)
        self._monitoring = MonitoringService(
            monitoring,
            HistoryStore(database),
            changes,
            self._clock,
            interval=INTERVAL,
            history_days=90,
        )
        self._recorder = Recorder(monitoring, changes, INTERVAL)
        audit = AuditService(AuditStore(database), Vault({"k1": bytes(32)}), self._clock)
        self._outbox = make_outbox(database, self._clock, self._alerts, audit)
        changes.subscribe(self._outbox.wake)

    def _record(self, outcome: CheckOutcome, reports: Reports | None, times: int) -> None:
        for _ in range(times):
            self._clock.now += INTERVAL
            error = "" if outcome is CheckOutcome.ANSWERED else "timeout"
            result = CheckResult(
                GUILD, "toolzz", "default", int(self._clock.now), outcome, reports, error=error
            )
            self._run(self._recorder.record(result))

    def _follow_routes(self) -> None:
        """A new route mentions anew."""
        self._messenger.routed = {route.number: route.channel_id for route in self._routes()}
        self._messenger.mentions.clear()

    async def _finish_writes(self) -> None:
        """Let a transaction that has begun end, as SQLite would at the next start."""
        await asyncio.gather(*self._database._writes, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return self._runner.run(work)

    def _incidents(self) -> list[Incident]:
        return self._runner.run(self._incident_store.since(GUILD, 0))

    def _routes(self) -> list[Route]:
        return self._runner.run(self._service.routes(GUILD))

    def _board(self) -> BoardRow | None:
        return self._runner.run(self._alerts.board(GUILD))

    def _rows(self) -> Collection[OutboxRow]:
        rows = self._run(self._database.read_all(_All))
        return [OutboxRow(**dict(row)) for row in rows]
