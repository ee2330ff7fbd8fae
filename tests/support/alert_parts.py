"""Builds the outbox over all its real parts."""

from __future__ import annotations

from collections.abc import Callable

from bot.features.alerts.alert_mover import AlertMover
from bot.features.alerts.group_store import GroupStore
from bot.features.alerts.holds import HoldReader
from bot.features.alerts.incident_store import IncidentStore
from bot.features.alerts.outbox import Outbox
from bot.features.alerts.quiet_hours_store import QuietHoursStore
from bot.features.alerts.store import AlertStore
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.maintenance.store import MaintenanceStore
from bot.store.database import Database
from bot.store.vault import Vault

INTERVAL = 60


def make_mover(
    database: Database,
    clock: Callable[[], float],
    store: AlertStore | None = None,
    audit: AuditService | None = None,
) -> AlertMover:
    """Return what decides about alerts and sends them."""
    return AlertMover(
        store or AlertStore(database),
        GroupStore(database),
        IncidentStore(database),
        HoldReader(database, MaintenanceStore(database)),
        QuietHoursStore(database),
        audit or AuditService(AuditStore(database), Vault({"k1": bytes(32)}), clock),
        clock,
        interval=INTERVAL,
    )


def make_outbox(
    database: Database, clock: Callable[[], float], store: AlertStore, audit: AuditService
) -> Outbox:
    """Return an outbox. store: the one that it reads."""
    return Outbox(store, make_mover(database, clock, store, audit), audit, clock)
