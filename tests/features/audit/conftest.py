"""Fixtures of the audit log, over a real database."""

import pytest

from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.store.database import Database
from bot.store.vault import Vault
from tests.support.clock import Clock


@pytest.fixture
def audit(database: Database, vault: Vault, clock: Clock) -> AuditService:
    """The service, with an empty log."""
    return AuditService(AuditStore(database), vault, clock)
