"""Fixtures of the outbox."""

import pytest

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.guilds.changes import GuildChanges
from bot.features.maintenance.service import MaintenanceService
from bot.features.maintenance.store import MaintenanceStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.alert_parts import make_outbox
from tests.support.check_recorder import RecordedChecks
from tests.support.clock import Clock
from tests.support.ids import GUILD, OTHER_GUILD
from tests.support.outbox import OutboxSetup, SlowMessenger


@pytest.fixture
async def setup(
    database: Database, clock: Clock, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> OutboxSetup:
    """A guild whose alerts go to a channel, and another such guild."""
    monkeypatch.setattr("bot.features.alerts.outbox.MAX_A_SECOND", 10**9)
    checks = RecordedChecks(database)
    for guild in (GUILD, OTHER_GUILD):
        await checks.connect("default", guild=guild)
        await checks.route(guild=guild)
    audit = AuditService(AuditStore(database), vault, clock)
    return OutboxSetup(
        checks, make_outbox(database, clock, checks.alerts, audit), SlowMessenger(clock), clock, audit
    )


@pytest.fixture
def maintenance(setup: OutboxSetup) -> MaintenanceService:
    """The service that sets windows."""
    return MaintenanceService(MaintenanceStore(setup.checks.database), GuildChanges(), setup.clock)
