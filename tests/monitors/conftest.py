"""A database of its own for each test, and readings to write into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.store.database import Database
from tests.monitors.watch import Watch
from tests.services.conftest import clients, clock, service, store, vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["clients", "clock", "database", "path", "service", "store", "vault", "watch"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database is."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """An open database with the newest schema and no rows."""
    async with Database.open(path) as database:
        yield database


@pytest.fixture
async def watch(database: Database) -> Watch:
    """A guild with one connection, not read yet; nobody is told."""
    watch = Watch(database)
    await watch.connect("default")
    return watch
