"""A database of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database is, or will be."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """An open database with the newest schema and no rows."""
    async with Database.open(path) as database:
        yield database
