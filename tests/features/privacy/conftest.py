"""The service that exports and erases."""

import pytest

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.service import ConnectionService
from bot.features.privacy.service import PrivacyService
from bot.features.privacy.store import PrivacyStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.clock import Clock
from tests.support.erasure import Build


@pytest.fixture
def audit(database: Database, vault: Vault, clock: Clock) -> AuditService:
    """The audit log."""
    return AuditService(AuditStore(database), vault, clock)


@pytest.fixture
def build(database: Database, service: ConnectionService, audit: AuditService, clock: Clock) -> Build:
    """A function that builds the service, given after how many days it erases."""
    return lambda days: PrivacyService(PrivacyStore(database), service, audit, clock, days)


@pytest.fixture
def privacy(build: Build) -> PrivacyService:
    """The service that erases after seven days."""
    return build(7)
